//! Listing the checkpoints of a container.

use super::Container;
use crate::{
    Result,
    models::Checkpoint,
    request::{Settings, request},
};

impl Container {
    /// Lists the checkpoints of the container, as `docker checkpoint ls` does.
    ///
    /// Experimental: requires an engine in experimental mode. Calls `GET /containers/{id}/checkpoints`, since API 1.25.
    ///
    /// # Errors
    ///
    /// Fails if the engine is not in experimental mode (501), or if there is no such container (404).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// for checkpoint in docker.container("web").list_checkpoints().await? {
    ///     println!("{}", checkpoint.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerCheckpointList")]
    #[doc(alias = "CheckpointList")]
    pub fn list_checkpoints(&self) -> ListCheckpoints {
        ListCheckpoints { container: self.clone(), dir: None, settings: Settings::default() }
    }
}

/// A request to list the checkpoints of a container. Returned by [`Container::list_checkpoints`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ListCheckpoints {
    container: Container,
    dir: Option<String>,
    settings: Settings,
}

request!(ListCheckpoints => Vec<Checkpoint>, "container_checkpoint_list", container.id);

impl ListCheckpoints {
    /// Sets the directory of the checkpoints on the engine's host. Defaults to the container's.
    #[doc(alias = "checkpoint_dir")]
    pub fn dir(mut self, directory: impl Into<String>) -> Self {
        self.dir = Some(directory.into());
        self
    }

    async fn call(self) -> Result<Vec<Checkpoint>> {
        let (api, id) = self.container.api("container_checkpoint_list", &self.settings).await?;
        api.document(api.container_checkpoint_list(id, self.dir.as_deref()).await)
    }
}
