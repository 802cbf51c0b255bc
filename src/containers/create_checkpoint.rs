//! Saving the state of a container.

use super::Container;
use crate::{
    Result,
    models::CheckpointCreate,
    request::{Settings, request},
};

impl Container {
    /// Saves the state of the processes in the container as a checkpoint, as `docker checkpoint create` does. The
    /// container keeps running, unless [`exit`](CreateCheckpoint::exit) is set.
    ///
    /// [`start`](Self::start) with [`checkpoint`](super::StartContainer::checkpoint) restores the state.
    ///
    /// Experimental: requires an engine in experimental mode, on a Linux host with CRIU. Calls
    /// `POST /containers/{id}/checkpoints`, since API 1.25, without a response timeout.
    ///
    /// # Errors
    ///
    /// Fails if the engine is not in experimental mode (501), if the container is not running (409; 500 from engines
    /// before 24), if there is a checkpoint of this name, or if the state cannot be saved (500).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let web = docker.container("web");
    /// web.create_checkpoint("before").exit(true).await?;
    /// web.start().checkpoint("before").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerCheckpointCreate")]
    #[doc(alias = "CheckpointCreate")]
    pub fn create_checkpoint(&self, name: impl Into<String>) -> CreateCheckpoint {
        let checkpoint = CheckpointCreate { checkpoint_id: name.into(), ..Default::default() };
        CreateCheckpoint { container: self.clone(), checkpoint, settings: Settings::default() }
    }
}

/// A request to save the state of a container. Returned by [`Container::create_checkpoint`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct CreateCheckpoint {
    container: Container,
    checkpoint: CheckpointCreate,
    settings: Settings,
}

request!(CreateCheckpoint => (), "container_checkpoint_create", container.id);

impl CreateCheckpoint {
    /// Sets whether the container stops afterwards. Defaults to `false`; `docker checkpoint create` stops it, unless
    /// `--leave-running` is set.
    #[doc(alias = "leave_running")]
    pub fn exit(mut self, exit: bool) -> Self {
        self.checkpoint.exit = exit;
        self
    }

    /// Sets the directory on the engine's host to save the checkpoint in. Defaults to the container's.
    /// Engines since 17.11 restore checkpoints from that directory only.
    #[doc(alias = "checkpoint_dir")]
    pub fn dir(mut self, directory: impl Into<String>) -> Self {
        self.checkpoint.checkpoint_dir = directory.into();
        self
    }

    async fn call(self) -> Result<()> {
        let (api, id) = self.container.api("container_checkpoint_create", &self.settings).await?;
        api.done(api.container_checkpoint_create(id, &self.checkpoint).await)
    }
}
