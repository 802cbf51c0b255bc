//! Health checks of a container.

use std::time::Duration;

use super::ContainerBuilder;
use crate::models::Healthcheck;

impl<V> ContainerBuilder<V> {
    /// Sets the health check, which replaces the image's; a string is a shell command. Requires API 1.24.
    ///
    /// ```
    /// # fn example(docker: dockerclient::DockerClient) {
    /// use std::time::Duration;
    /// use dockerclient::models::Healthcheck;
    ///
    /// let check = Healthcheck::command(["pg_isready", "-U", "postgres"]).with_interval(Duration::from_secs(5));
    /// let container = docker.containers().create("postgres:17").healthcheck(check);
    /// # drop(container);
    /// # }
    /// ```
    #[doc(alias = "health_cmd")]
    pub fn healthcheck(mut self, healthcheck: impl Into<Healthcheck>) -> Self {
        self.body.config.healthcheck = Some(healthcheck.into());
        self
    }

    /// Disables the health check of the image. Requires API 1.24.
    pub fn no_healthcheck(self) -> Self {
        self.healthcheck(Healthcheck { test: vec!["NONE".into()], ..Default::default() })
    }
}

/// Health checks to pass to [`healthcheck`](crate::containers::ContainerBuilder::healthcheck). Unset settings default
/// to the settings of the image's health check, or of the engine.
impl Healthcheck {
    /// Runs a program with arguments; the container is healthy if it exits with 0.
    #[must_use]
    pub fn command<S: Into<String>>(command: impl IntoIterator<Item = S>) -> Self {
        let words = command.into_iter().map(Into::into);
        Self { test: std::iter::once("CMD".to_owned()).chain(words).collect(), ..Default::default() }
    }

    /// Runs a command with the shell of the container; the container is healthy if it exits with 0.
    #[must_use]
    pub fn shell(command: impl Into<String>) -> Self {
        Self { test: vec!["CMD-SHELL".into(), command.into()], ..Default::default() }
    }

    /// Sets the time between two checks. Defaults to 30 seconds.
    #[must_use]
    pub fn with_interval(mut self, interval: Duration) -> Self {
        self.interval = Some(interval);
        self
    }

    /// Sets the timeout of a check, after which it has failed. Defaults to 30 seconds.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Sets the number of consecutive failures after which the container is unhealthy. Defaults to 3.
    #[must_use]
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.retries = retries.into();
        self
    }

    /// Sets the time after the start in which failed checks do not count. Defaults to 0. Requires API 1.29.
    #[must_use]
    pub fn with_start_period(mut self, period: Duration) -> Self {
        self.start_period = Some(period);
        self
    }

    /// Sets the time between two checks within the [start period](Self::with_start_period). Defaults to 5 seconds. Requires
    /// API 1.44.
    #[must_use]
    pub fn with_start_interval(mut self, interval: Duration) -> Self {
        self.start_interval = Some(interval);
        self
    }
}

/// A command for the shell.
impl From<&str> for Healthcheck {
    fn from(command: &str) -> Self {
        Self::shell(command)
    }
}
