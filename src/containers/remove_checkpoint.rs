//! Removing a checkpoint of a container.

use super::Container;
use crate::{
    Result,
    request::{Settings, request},
    validate,
};

impl Container {
    /// Removes a checkpoint of the container, as `docker checkpoint rm` does.
    ///
    /// Experimental: requires an engine in experimental mode. Calls `DELETE /containers/{id}/checkpoints/{checkpoint}`,
    /// since API 1.25, without a response timeout.
    ///
    /// # Errors
    ///
    /// Fails if the engine is not in experimental mode (501), if there is no such container (404), or if there is no
    /// such checkpoint (500; engines before 17.05 succeed).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.container("web").remove_checkpoint("before").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerCheckpointDelete")]
    #[doc(alias = "CheckpointDelete")]
    pub fn remove_checkpoint(&self, name: impl Into<String>) -> RemoveCheckpoint {
        RemoveCheckpoint { container: self.clone(), name: name.into(), dir: None, settings: Settings::default() }
    }
}

/// A request to remove a checkpoint of a container. Returned by [`Container::remove_checkpoint`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct RemoveCheckpoint {
    container: Container,
    name: String,
    dir: Option<String>,
    settings: Settings,
}

request!(RemoveCheckpoint => (), "container_checkpoint_delete", container.id);

impl RemoveCheckpoint {
    /// Sets the directory of the checkpoint on the engine's host. Defaults to the container's.
    #[doc(alias = "checkpoint_dir")]
    pub fn dir(mut self, directory: impl Into<String>) -> Self {
        self.dir = Some(directory.into());
        self
    }

    async fn call(self) -> Result<()> {
        let (api, id) = self.container.api("container_checkpoint_delete", &self.settings).await?;
        let name = api.during(validate::checkpoint(&self.name))?;
        api.done(api.container_checkpoint_delete(id, name, self.dir.as_deref()).await)
    }
}
