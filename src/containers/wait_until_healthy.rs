//! Waiting until a container is healthy.

use super::Container;
use crate::{
    Error, Result,
    error::Kind,
    models::{ContainerInspect, HealthStatus},
    monitor::{EventMonitor, EventUpdate},
    request::{Settings, request},
};

impl Container {
    /// Waits until the health check of the container reports that it is healthy.
    ///
    /// Calls `GET /containers/{id}/json` whenever its health changes, which `GET /events` reports. Health checks exist since
    /// API 1.24. Waits without a time limit, unless one is [set](WaitUntilHealthy::time_limit).
    ///
    /// # Errors
    ///
    /// Fails if the container has no health check, if it becomes unhealthy or exits first
    /// ([`is_wait_failed`](Error::is_wait_failed)), or if there is no such container (404).
    ///
    /// # Cancellation
    ///
    /// Dropping the future ends the wait.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use std::time::Duration;
    ///
    /// docker.container("db").wait_until_healthy().time_limit(Duration::from_secs(30)).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait_until_healthy(&self) -> WaitUntilHealthy {
        WaitUntilHealthy { container: self.clone(), settings: Settings::default() }
    }
}

/// A request that resolves once a container is healthy. Returned by [`Container::wait_until_healthy`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct WaitUntilHealthy {
    container: Container,
    settings: Settings,
}

request!(WaitUntilHealthy => (), "container_wait_until_healthy", container.id);

impl WaitUntilHealthy {
    async fn call(self) -> Result<()> {
        let Self { container, settings } = self;
        let mut seen = container.inspect_for("container_wait_until_healthy", &settings).await?;
        let failed = |error: Error| error.during("container_wait_until_healthy").about(Some(&container.id));
        let mut events = container.docker.events().container(&*seen.id).monitor();
        loop {
            match seen.state.health.as_ref().and_then(|health| health.status.as_ref()) {
                Some(HealthStatus::Healthy) => return Ok(()),
                // Engines report containers that are not running as unhealthy.
                _ if !seen.state.running => return Err(failed(wait_failed(&seen, "the container is not running"))),
                None | Some(HealthStatus::None) => {
                    return Err(failed(Error::invalid_input("the container has no health check")));
                }
                Some(HealthStatus::Unhealthy) => return Err(failed(wait_failed(&seen, "the container is unhealthy"))),
                Some(_) => changed(&mut events).await?,
            }
            seen = container.inspect_for("container_wait_until_healthy", &settings).await?;
        }
    }
}

/// Waits until the health or the state of the container has changed, or may have.
async fn changed(events: &mut EventMonitor) -> Result<()> {
    loop {
        match events.next().await {
            Some(EventUpdate::Connected | EventUpdate::Gap(_)) => return Ok(()),
            Some(EventUpdate::Event(event)) if event.is_removal() => return Ok(()),
            Some(EventUpdate::Event(event)) if matches!(&*event.action, "health_status" | "die") => return Ok(()),
            Some(EventUpdate::Disconnected { error, retry_in: None }) => return Err(error),
            Some(_) => {}
            None => return Err(Error::truncated("the engine ended the stream").during("system_events")),
        }
    }
}

/// The error of a wait whose condition was not met, with the exit code if the container has exited.
pub(super) fn wait_failed(seen: &ContainerInspect, message: impl Into<String>) -> Error {
    let code = (!seen.state.running).then_some(seen.state.exit_code);
    Error::new(Kind::WaitFailed { code, message: message.into() })
}
