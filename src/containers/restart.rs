//! Restarting a container.

use std::time::Duration;

use super::{Container, Signal, stop_timeout};
use crate::{
    Result,
    models::StopTimeout,
    request::{Settings, request},
};

impl Container {
    /// Stops the container as [`stop`](Self::stop) does, and starts it again, as `docker restart` does.
    ///
    /// Calls `POST /containers/{id}/restart`, and waits until the container is running again, without a time limit.
    /// Below API 1.19 without a [`timeout`](RestartContainer::timeout), first calls `GET /containers/{id}/json`.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404), or as [`start`](Self::start) does.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.container("web").restart().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerRestart")]
    #[doc(alias = "RestartContainer")]
    pub fn restart(&self) -> RestartContainer {
        RestartContainer { container: self.clone(), timeout: None, signal: None, settings: Settings::default() }
    }
}

/// A request to restart a container. Returned by [`Container::restart`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct RestartContainer {
    container: Container,
    timeout: Option<StopTimeout>,
    signal: Option<Signal>,
    settings: Settings,
}

request!(RestartContainer => (), "container_restart", container.id);

impl RestartContainer {
    /// Sets the time after which the container is killed if it has not exited, rounded up to whole seconds.
    ///
    /// Defaults to the container's own stop timeout (`docker run --stop-timeout`), or the engine's default of 10
    /// seconds. Podman kills the container immediately by default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(StopTimeout::After(timeout));
        self
    }

    /// Waits for the container to exit, however long that takes, and never kills it.
    ///
    /// Podman rejects it (400). With `timeout(Duration::MAX)`, it waits for 292 years.
    pub fn no_timeout(mut self) -> Self {
        self.timeout = Some(StopTimeout::Never);
        self
    }

    /// Sets the signal that is sent to stop the container. Defaults to the container's own stop signal, or `SIGTERM`.
    /// Requires API 1.42.
    pub fn signal(mut self, signal: impl Into<Signal>) -> Self {
        self.signal = Some(signal.into());
        self
    }

    async fn call(self) -> Result<()> {
        let (api, id) = self.container.api("container_restart", &self.settings).await?;
        let signal = self.signal.as_ref().map(Signal::as_str);
        let seconds =
            stop_timeout::parameter(self.timeout, &self.container, &api, "container_restart", &self.settings).await?;
        api.done(api.container_restart(id, signal, seconds).await)
    }
}
