//! Resuming a paused container.

use super::Container;
use crate::{
    Result,
    request::{Settings, request},
};

impl Container {
    /// Resumes the processes of the paused container, as `docker unpause` does.
    ///
    /// Calls `POST /containers/{id}/unpause`.
    ///
    /// # Errors
    ///
    /// Fails if the container is not paused (500).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.container("web").unpause().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerUnpause")]
    #[doc(alias = "UnpauseContainer")]
    pub fn unpause(&self) -> UnpauseContainer {
        UnpauseContainer { container: self.clone(), settings: Settings::default() }
    }
}

/// A request to resume a paused container. Returned by [`Container::unpause`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct UnpauseContainer {
    container: Container,
    settings: Settings,
}

request!(UnpauseContainer => (), "container_unpause", container.id);

impl UnpauseContainer {
    async fn call(self) -> Result<()> {
        let (api, id) = self.container.api("container_unpause", &self.settings).await?;
        api.done(api.container_unpause(id).await)
    }
}
