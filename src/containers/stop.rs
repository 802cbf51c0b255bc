//! Stopping a container.

use std::time::Duration;

use super::{Container, Signal, stop_timeout};
use crate::{
    Result,
    models::StopTimeout,
    request::{Settings, request},
};

impl Container {
    /// Stops the container, as `docker stop` does: sends its stop signal, and kills it if it has not exited after its
    /// stop timeout. A container that is not running is not an error.
    ///
    /// Calls `POST /containers/{id}/stop`, and waits until the container has stopped, without a time limit. Below API
    /// 1.19 without a [`timeout`](StopContainer::timeout), first calls `GET /containers/{id}/json`.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404), or if there is no such signal (400).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use std::time::Duration;
    ///
    /// docker.container("web").stop().timeout(Duration::from_secs(60)).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerStop")]
    #[doc(alias = "StopContainer")]
    pub fn stop(&self) -> StopContainer {
        StopContainer { container: self.clone(), timeout: None, signal: None, settings: Settings::default() }
    }
}

/// A request to stop a container. Returned by [`Container::stop`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct StopContainer {
    container: Container,
    timeout: Option<StopTimeout>,
    signal: Option<Signal>,
    settings: Settings,
}

request!(StopContainer => Stop, "container_stop", container.id);

impl StopContainer {
    /// Sets the time after which the container is killed if it has not exited, rounded up to whole seconds.
    ///
    /// Defaults to the container's own stop timeout (`docker run --stop-timeout`), or the engine's default of 10
    /// seconds. Podman before 4.7 immediately kills a container that was created without a stop timeout.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(StopTimeout::After(timeout));
        self
    }

    /// Waits for the container to exit, however long that takes, and never kills it.
    ///
    /// Podman before 4.7 rejects it (400). With `timeout(Duration::MAX)`, it waits for 292 years.
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

    async fn call(self) -> Result<Stop> {
        let (api, id) = self.container.api("container_stop", &self.settings).await?;
        let signal = self.signal.as_ref().map(Signal::as_str);
        let seconds =
            stop_timeout::parameter(self.timeout, &self.container, &api, "container_stop", &self.settings).await?;
        match api.done(api.container_stop(id, signal, seconds).await) {
            Ok(()) => Ok(Stop::Stopped),
            Err(error) if error.status() == Some(304) => Ok(Stop::AlreadyStopped),
            Err(error) => Err(error),
        }
    }
}

/// The result of [`Container::stop`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The container was stopped.
    Stopped,
    /// The container was not running.
    AlreadyStopped,
}
