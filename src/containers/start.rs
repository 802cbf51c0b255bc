//! Starting a container.

use super::Container;
use crate::{
    Result,
    models::HostConfig,
    request::{Settings, request},
};

impl Container {
    /// Starts the container, as `docker start` does. A container that is running already is not an error.
    ///
    /// Calls `POST /containers/{id}/start`.
    ///
    /// # Errors
    ///
    /// Fails if the container is paused (409), or if its command cannot be run (400; 404 or 500 from old engines). With
    /// a [`checkpoint`](StartContainer::checkpoint), fails if the engine is not in experimental mode (400), or if there
    /// is no such checkpoint (500).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::containers::Start;
    ///
    /// if docker.container("web").start().await? == Start::AlreadyRunning {
    ///     println!("web was running already");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerStart")]
    #[doc(alias = "StartContainer")]
    pub fn start(&self) -> StartContainer {
        StartContainer {
            container: self.clone(),
            checkpoint: None,
            checkpoint_dir: None,
            detach_keys: None,
            host_config: None,
            settings: Settings::default(),
        }
    }
}

/// A request to start a container. Returned by [`Container::start`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct StartContainer {
    container: Container,
    checkpoint: Option<String>,
    checkpoint_dir: Option<String>,
    detach_keys: Option<String>,
    host_config: Option<Box<HostConfig>>,
    settings: Settings,
}

request!(StartContainer => Start, "container_start", container.id);

impl StartContainer {
    /// Restores the processes of the container from the [checkpoint](Container::create_checkpoint) of this name, in
    /// place of running its command. Experimental; requires API 1.25, and an engine in experimental mode.
    pub fn checkpoint(mut self, name: impl Into<String>) -> Self {
        self.checkpoint = Some(name.into());
        self
    }

    /// Sets the directory of the checkpoint on the engine's host. Defaults to the container's. Experimental;
    /// requires API 1.25. Engines since 17.11 reject it (403).
    pub fn checkpoint_dir(mut self, directory: impl Into<String>) -> Self {
        self.checkpoint_dir = Some(directory.into());
        self
    }

    /// Sets the keys that detach from the container when they are typed, for example `ctrl-p,ctrl-q`. Requires API 1.22.
    pub fn detach_keys(mut self, keys: impl Into<String>) -> Self {
        self.detach_keys = Some(keys.into());
        self
    }

    /// Replaces the host configuration that the container was created with. Requires API 1.23 or older; set it in
    /// [`create`](super::Containers::create) where possible.
    pub fn host_config(mut self, host_config: HostConfig) -> Self {
        self.host_config = Some(Box::new(host_config));
        self
    }

    async fn call(self) -> Result<Start> {
        let (api, id) = self.container.api("container_start", &self.settings).await?;
        let host_config = self.host_config.unwrap_or_default();
        let (checkpoint, directory) = (self.checkpoint.as_deref(), self.checkpoint_dir.as_deref());
        let keys = self.detach_keys.as_deref();
        match api.done(api.container_start(id, checkpoint, directory, keys, &host_config).await) {
            Ok(()) => Ok(Start::Started),
            Err(error) if error.status() == Some(304) => Ok(Start::AlreadyRunning),
            Err(error) => Err(error),
        }
    }
}

/// The result of [`Container::start`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// The container was started.
    Started,
    /// The container was running already.
    AlreadyRunning,
}
