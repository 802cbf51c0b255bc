//! A command to run in a container: program, arguments, environment.

use std::fmt;

use bytes::Bytes;

use crate::{
    DockerClient, Error, Result,
    models::ExecConfig,
    redacted::Secret,
    request::{Settings, settings},
    terminal::TerminalSize,
};

/// A command to run in a running container, modeled on [`std::process::Command`]. Returned by
/// [`Container::command`](crate::containers::Container::command).
///
/// [`output`](Self::output), [`status`](Self::status), [`spawn`](Self::spawn) and [`detach`](Self::detach) run it;
/// [`create`](Self::create) creates it only. `Debug` redacts the values of environment variables, and the input.
#[derive(Clone, Debug)]
#[must_use = "a command does nothing unless it is run"]
pub struct Command {
    pub(super) docker: DockerClient,
    /// Name or id of the container.
    pub(super) container: String,
    pub(super) config: ExecConfig,
    pub(super) input: Secret<Option<Bytes>>,
    pub(super) settings: Settings,
    invalid: Option<Error>,
}

impl Command {
    pub(crate) fn new<S: Into<String>>(
        docker: DockerClient,
        container: String,
        command: impl IntoIterator<Item = S>,
    ) -> Self {
        let cmd = command.into_iter().map(Into::into).collect();
        let config = ExecConfig { cmd, attach_stdout: true, attach_stderr: true, ..Default::default() };
        Self { docker, container, config, input: Secret(None), settings: Settings::default(), invalid: None }
    }

    /// Adds one argument.
    pub fn arg(mut self, argument: impl AsRef<str>) -> Self {
        self.config.cmd.push(argument.as_ref().to_owned());
        self
    }

    /// Adds arguments.
    pub fn args<S: AsRef<str>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.config.cmd.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Sets an environment variable, in addition to the container's. The name must not be empty or contain `=`.
    /// Requires API 1.25.
    pub fn env(mut self, name: impl Into<String>, value: impl fmt::Display) -> Self {
        let name = name.into();
        if name.is_empty() || name.contains(['=', '\0']) {
            let message = format!("invalid name of an environment variable: \"{}\"", name.escape_debug());
            self.invalid.get_or_insert_with(|| Error::invalid_input(message));
            return self;
        }
        self.config.env.retain(|variable| variable.split('=').next() != Some(&*name));
        self.config.env.push(format!("{name}={value}"));
        self
    }

    /// Sets environment variables, in addition to the container's. Requires API 1.25.
    pub fn envs<K: Into<String>, V: fmt::Display>(self, variables: impl IntoIterator<Item = (K, V)>) -> Self {
        variables.into_iter().fold(self, |this, (name, value)| this.env(name, value))
    }

    /// Sets the directory that the command starts in. Defaults to the container's. Requires API 1.35.
    #[doc(alias = "working_dir")]
    #[doc(alias = "workdir")]
    pub fn current_dir(mut self, path: impl Into<String>) -> Self {
        self.config.working_dir = path.into();
        self
    }

    /// Sets the user, and optionally the group, by name or number: `user`, `1000:1000`. Defaults to the container's.
    /// Requires API 1.19.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.config.user = user.into();
        self
    }

    /// Sets whether the command has all capabilities. Defaults to `false`. Requires API 1.21.
    pub fn privileged(mut self, privileged: bool) -> Self {
        self.config.privileged = privileged;
        self
    }

    /// Sets whether the command has a TTY. Its output is then a single stream, with CRLF line endings. Defaults to
    /// `false`.
    pub fn tty(mut self, tty: bool) -> Self {
        self.config.tty = tty;
        self
    }

    /// Sets the initial size of the TTY. Requires API 1.42.
    pub fn console_size(mut self, size: impl Into<TerminalSize>) -> Self {
        let size = size.into();
        self.config.console_size = vec![size.rows, size.columns];
        self
    }

    /// Sets whether the command's stdin is open, for [`spawn`](Self::spawn) and [`create`](Self::create).
    /// Defaults to `false`: its input is empty. Engine 1.3 drops the output that follows the end of the input.
    #[doc(alias = "interactive")]
    #[doc(alias = "attach_stdin")]
    pub fn stdin(mut self, stdin: bool) -> Self {
        self.config.attach_stdin = stdin;
        self
    }

    /// Sets the content of the command's stdin, followed by EOF, for [`output`](Self::output) and
    /// [`status`](Self::status). Defaults to no input. Engine 1.3 drops the output that follows the end of the input.
    pub fn input(mut self, bytes: impl Into<Bytes>) -> Self {
        self.input = Secret(Some(bytes.into()));
        self
    }

    /// Sets the keys that detach from the command when they are typed, for commands with a TTY. Defaults to
    /// `ctrl-p,ctrl-q`. Requires API 1.22.
    pub fn detach_keys(mut self, keys: impl Into<String>) -> Self {
        self.config.detach_keys = keys.into();
        self
    }

    settings!();

    /// Fails if a setting is not valid.
    pub(super) fn check(&self) -> Result<()> {
        self.invalid.clone().map_or(Ok(()), |error| Err(error.during("container_exec")))
    }

    /// Fails if `input` is set, which only `output` and `status` write.
    pub(super) fn no_input(&self, verb: &str) -> Result<()> {
        match &*self.input {
            None => Ok(()),
            Some(_) => {
                let message =
                    format!("input() is for output() and status(); with {verb}, write to the input of the command");
                Err(Error::invalid_input(message).during("container_exec"))
            }
        }
    }
}
