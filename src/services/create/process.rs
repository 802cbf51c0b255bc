//! The process of the containers of a service: its command, environment, user and logs.

use std::{fmt, time::Duration};

use super::CreateService;
use crate::{
    Error,
    containers::Signal,
    models::{ContainerSpec, Driver, Healthcheck},
};

impl CreateService {
    /// Sets the command, which replaces the image's and earlier arguments: the arguments after the image in
    /// `docker service create`. It is passed to the [entrypoint](Self::entrypoint), if the image has one.
    #[doc(alias = "command")]
    pub fn cmd<S: AsRef<str>>(mut self, command: impl IntoIterator<Item = S>) -> Self {
        self.container().args = command.into_iter().map(|argument| argument.as_ref().to_owned()).collect();
        self
    }

    /// Adds arguments to the [command](Self::cmd). The first replaces that of the image.
    pub fn args<S: AsRef<str>>(mut self, arguments: impl IntoIterator<Item = S>) -> Self {
        self.container().args.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// Adds one argument to the [command](Self::cmd). The first replaces that of the image.
    pub fn arg(mut self, argument: impl AsRef<str>) -> Self {
        self.container().args.push(argument.as_ref().to_owned());
        self
    }

    /// Replaces the entrypoint of the image: a program and its first arguments. The API names it `Command`.
    #[doc(alias = "command")]
    pub fn entrypoint<S: AsRef<str>>(mut self, entrypoint: impl IntoIterator<Item = S>) -> Self {
        self.container().command = entrypoint.into_iter().map(|argument| argument.as_ref().to_owned()).collect();
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
            let env = &mut this.container().env;
            env.retain(|variable| variable.split('=').next() != Some(&*name));
            env.push(format!("{name}={value}"));
        })
    }

    /// Sets environment variables, in addition to the image's.
    pub fn envs<K: Into<String>, T: fmt::Display>(self, variables: impl IntoIterator<Item = (K, T)>) -> Self {
        variables.into_iter().fold(self, |this, (name, value)| this.env(name, value))
    }

    /// Adds a label to the containers of the service. Labels of the service itself are [separate](Self::label).
    pub fn container_label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.container().labels.insert(key.into(), value.into());
        self
    }

    /// Sets the user, and optionally the group, by name or number: `user`, `1000:1000`. Defaults to the image's.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.container().user = user.into();
        self
    }

    /// Adds a group that the user is a member of, by name or number. Requires API 1.25.
    #[doc(alias = "group")]
    pub fn group_add(mut self, group: impl Into<String>) -> Self {
        self.container().groups.push(group.into());
        self
    }

    /// Sets the directory that the command starts in. Defaults to the image's.
    #[doc(alias = "workdir")]
    pub fn working_dir(mut self, path: impl Into<String>) -> Self {
        self.container().dir = path.into();
        self
    }

    /// Sets whether the containers have a TTY. Defaults to `false`. Requires API 1.25.
    pub fn tty(mut self, tty: bool) -> Self {
        self.container().tty = tty;
        self
    }

    /// Sets whether an init process runs first in the containers, which forwards signals and reaps processes. Defaults to a
    /// setting of the engines. Requires API 1.38.
    pub fn init(mut self, init: bool) -> Self {
        self.container().init = Some(init);
        self
    }

    /// Sets the signal that is sent to stop a container. Defaults to the image's, or `SIGTERM`. Requires API 1.28.
    pub fn stop_signal(mut self, signal: impl Into<Signal>) -> Self {
        signal.into().as_str().clone_into(&mut self.container().stop_signal);
        self
    }

    /// Sets the time after which a container that is being stopped is killed. Defaults to 10 seconds.
    #[doc(alias = "stop_timeout")]
    pub fn stop_grace_period(mut self, period: Duration) -> Self {
        self.container().stop_grace_period = Some(period);
        self
    }

    /// Sets the health check, which replaces the image's; a string is a shell command. The swarm replaces unhealthy
    /// tasks. Requires API 1.25.
    ///
    /// ```
    /// # fn example(docker: dockerclient::DockerClient) {
    /// use std::time::Duration;
    /// use dockerclient::models::Healthcheck;
    ///
    /// let check = Healthcheck::command(["pg_isready", "-U", "postgres"]).with_interval(Duration::from_secs(5));
    /// let service = docker.services().create("postgres:17").healthcheck(check);
    /// # drop(service);
    /// # }
    /// ```
    #[doc(alias = "health_cmd")]
    pub fn healthcheck(mut self, healthcheck: impl Into<Healthcheck>) -> Self {
        self.container().healthcheck = Some(healthcheck.into());
        self
    }

    /// Disables the health check of the image. Requires API 1.25.
    pub fn no_healthcheck(self) -> Self {
        self.healthcheck(Healthcheck { test: vec!["NONE".into()], ..Default::default() })
    }

    /// Sets the log driver. Defaults to the swarm's, or to the default of each node's engine.
    pub fn log_driver(mut self, driver: impl Into<String>) -> Self {
        self.logging().name = driver.into();
        self
    }

    /// Adds an option of the log driver.
    pub fn log_opt(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.logging().options.insert(key.into(), value.into());
        self
    }

    /// The configuration of the containers, to be changed.
    pub(super) fn container(&mut self) -> &mut ContainerSpec {
        self.spec.container_mut()
    }

    fn logging(&mut self) -> &mut Driver {
        self.spec.task_template.log_driver.get_or_insert_default()
    }
}
