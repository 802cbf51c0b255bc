//! Pausing a container.

use super::Container;
use crate::{
    Result,
    request::{Settings, request},
};

impl Container {
    /// Suspends all processes of the container, as `docker pause` does.
    ///
    /// Calls `POST /containers/{id}/pause`.
    ///
    /// # Errors
    ///
    /// Fails if the container is not running, or is paused already (409; 500 from engines before 1.12).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.container("web").pause().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerPause")]
    #[doc(alias = "PauseContainer")]
    pub fn pause(&self) -> PauseContainer {
        PauseContainer { container: self.clone(), settings: Settings::default() }
    }
}

/// A request to pause a container. Returned by [`Container::pause`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct PauseContainer {
    container: Container,
    settings: Settings,
}

request!(PauseContainer => (), "container_pause", container.id);

impl PauseContainer {
    async fn call(self) -> Result<()> {
        let (api, id) = self.container.api("container_pause", &self.settings).await?;
        api.done(api.container_pause(id).await)
    }
}
