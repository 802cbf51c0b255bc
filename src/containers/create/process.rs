//! The process of a container: its command, environment, user and terminal.

use std::fmt;

use super::ContainerBuilder;
use crate::{
    Error,
    containers::{RestartPolicy, Signal},
    models::StopTimeout,
    terminal::TerminalSize,
};

impl<V> ContainerBuilder<V> {
    /// Sets the command, which replaces the image's and earlier arguments: the arguments after the image in
    /// `docker run`. It is passed to the [entrypoint](Self::entrypoint), if the image has one.
    #[doc(alias = "command")]
    pub fn cmd<S: AsRef<str>>(mut self, command: impl IntoIterator<Item = S>) -> Self {
        self.body.config.cmd = command.into_iter().map(|argument| argument.as_ref().to_owned()).collect();
        self
    }

    /// Adds arguments to the [command](Self::cmd). The first replaces that of the image.
    pub fn args<S: AsRef<str>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.body.config.cmd.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Adds one argument to the [command](Self::cmd). The first replaces that of the image.
    pub fn arg(mut self, argument: impl AsRef<str>) -> Self {
        self.body.config.cmd.push(argument.as_ref().to_owned());
        self
    }

    /// Replaces the entrypoint of the image: a program and its first arguments. An empty one removes it.
    pub fn entrypoint<S: AsRef<str>>(mut self, entrypoint: impl IntoIterator<Item = S>) -> Self {
        self.body.config.entrypoint =
            Some(entrypoint.into_iter().map(|argument| argument.as_ref().to_owned()).collect());
        self
    }

    /// Sets an environment variable, in addition to the image's. The name must not be empty or contain `=`.
    pub fn env(self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        let name = name.into();
        let is_valid = !name.is_empty() && !name.contains(['=', '\0']);
        let valid = is_valid.then_some(()).ok_or_else(|| {
            Error::invalid_input(format!("invalid name of an environment variable: \"{}\"", name.escape_debug()))
        });
        self.try_set(valid, |this, ()| {
            let env = &mut this.body.config.env;
            env.retain(|variable| variable.split('=').next() != Some(&*name));
            env.push(format!("{name}={value}"));
        })
    }

    /// Sets environment variables, in addition to the image's.
    pub fn envs<K: Into<String>, T: fmt::Display>(self, variables: impl IntoIterator<Item = (K, T)>) -> Self {
        variables.into_iter().fold(self, |this, (name, value)| this.env(name, value))
    }

    /// Adds a label. Requires API 1.18.
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.body.config.labels.insert(key.into(), value.into());
        self
    }

    /// Adds labels. Requires API 1.18.
    pub fn labels<K: Into<String>, T: Into<String>>(mut self, labels: impl IntoIterator<Item = (K, T)>) -> Self {
        self.body.config.labels.extend(labels.into_iter().map(|(key, value)| (key.into(), value.into())));
        self
    }

    /// Adds an annotation, which is passed to the OCI runtime. Requires API 1.43.
    pub fn annotation(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.host().annotations.insert(key.into(), value.into());
        self
    }

    /// Sets the user, and optionally the group, by name or number: `user`, `1000:1000`. Defaults to the image's.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.body.config.user = user.into();
        self
    }

    /// Adds a group that the user is a member of. Requires API 1.20.
    pub fn group_add(mut self, group: impl Into<String>) -> Self {
        self.host().group_add.push(group.into());
        self
    }

    /// Sets the directory that the command starts in. Defaults to the image's.
    #[doc(alias = "workdir")]
    #[doc(alias = "current_dir")]
    pub fn working_dir(mut self, path: impl Into<String>) -> Self {
        self.body.config.working_dir = path.into();
        self
    }

    /// Sets whether the container has a TTY. Its output is then a single stream, with CRLF line endings. Defaults to
    /// `false`.
    pub fn tty(mut self, tty: bool) -> Self {
        self.body.config.tty = tty;
        self
    }

    /// Sets whether the container's stdin is open, until the first session that is attached to it ends.
    /// Defaults to `false`: its input is empty.
    #[doc(alias = "interactive")]
    #[doc(alias = "open_stdin")]
    pub fn stdin(mut self, stdin: bool) -> Self {
        let config = &mut self.body.config;
        (config.open_stdin, config.stdin_once, config.attach_stdin) = (stdin, stdin, stdin);
        self
    }

    /// Sets the initial size of the TTY. Requires API 1.22; engines on Linux read it since API 1.42.
    pub fn console_size(mut self, size: impl Into<TerminalSize>) -> Self {
        let size = size.into();
        self.host().console_size = vec![size.rows, size.columns];
        self
    }

    /// Sets whether an init process runs first in the container, which forwards signals and reaps processes. Defaults to a
    /// setting of the engine. Requires API 1.25.
    pub fn init(mut self, init: bool) -> Self {
        self.host().init = Some(init);
        self
    }

    /// Sets the restart policy. Strings have the format of `docker run --restart`. Defaults to
    /// [`RestartPolicy::No`]. [`UnlessStopped`](RestartPolicy::UnlessStopped) requires an engine of 1.9.
    pub fn restart(self, policy: impl Into<RestartPolicy>) -> Self {
        let policy = policy.into().to_model();
        self.try_set(policy, |this, policy| this.host().restart_policy = policy)
    }

    /// Sets the signal that is sent to stop the container. Defaults to the image's, or `SIGTERM`. Requires API
    /// 1.21.
    pub fn stop_signal(mut self, signal: impl Into<Signal>) -> Self {
        signal.into().as_str().clone_into(&mut self.body.config.stop_signal);
        self
    }

    /// Sets the stop timeout, after which a container that is being stopped is killed; rounded up to whole seconds.
    /// Defaults to 10 seconds. Requires API 1.25.
    pub fn stop_timeout(mut self, timeout: impl Into<StopTimeout>) -> Self {
        self.body.config.stop_timeout = Some(timeout.into());
        self
    }

    /// Sets the log driver. Defaults to the engine's. Requires API 1.18.
    pub fn log_driver(mut self, driver: impl Into<String>) -> Self {
        self.host().log_config.type_ = driver.into();
        self
    }

    /// Adds an option of the log driver. Requires API 1.18.
    pub fn log_opt(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.host().log_config.config.insert(key.into(), value.into());
        self
    }

    /// Sets the OCI runtime. Defaults to the engine's. Requires API 1.24.
    pub fn runtime(mut self, runtime: impl Into<String>) -> Self {
        self.host().runtime = runtime.into();
        self
    }
}
