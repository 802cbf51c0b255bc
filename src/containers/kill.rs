//! Sending a signal to a container.

use super::{Container, Signal};
use crate::{
    Result,
    request::{Settings, request},
};

impl Container {
    /// Sends a signal to the main process of the container, `KILL` by default, as `docker kill` does.
    ///
    /// With `KILL`, waits until the process has exited. Calls `POST /containers/{id}/kill`. Below API 1.20, the signal is
    /// ignored if the container is not running.
    ///
    /// # Errors
    ///
    /// Fails if there is no such signal (400; 500 from engines before 1.12) or, since API 1.20, if the container is not
    /// running (409; 500 from engines before 1.12).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.container("web").kill().signal("HUP").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerKill")]
    #[doc(alias = "KillContainer")]
    pub fn kill(&self) -> KillContainer {
        KillContainer { container: self.clone(), signal: None, settings: Settings::default() }
    }
}

/// A request to send a signal to a container. Returned by [`Container::kill`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct KillContainer {
    container: Container,
    signal: Option<Signal>,
    settings: Settings,
}

request!(KillContainer => (), "container_kill", container.id);

impl KillContainer {
    /// Sets the signal. Defaults to `KILL`.
    pub fn signal(mut self, signal: impl Into<Signal>) -> Self {
        self.signal = Some(signal.into());
        self
    }

    async fn call(self) -> Result<()> {
        let (api, id) = self.container.api("container_kill", &self.settings).await?;
        api.done(api.container_kill(id, self.signal.as_ref().map(Signal::as_str)).await)
    }
}
