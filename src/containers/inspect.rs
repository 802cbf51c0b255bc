//! Inspecting a container.

use super::Container;
use crate::{
    Exists, Optional, Result,
    models::ContainerInspect,
    request::{Settings, request},
};

impl Container {
    /// Returns the configuration and the state of the container, as `docker inspect` does.
    ///
    /// Calls `GET /containers/{id}/json`.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404); see [`try_inspect`](Self::try_inspect).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let web = docker.container("web").inspect().await?;
    /// println!("{} runs {}", web.name(), web.config.image);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerInspect")]
    #[doc(alias = "InspectContainer")]
    pub fn inspect(&self) -> InspectContainer {
        InspectContainer { container: self.clone(), size: None, settings: Settings::default() }
    }

    /// Returns the configuration and the state of the container, or `None` if there is no such container.
    ///
    /// Calls `GET /containers/{id}/json`.
    ///
    /// # Errors
    ///
    /// Fails as [`inspect`](Self::inspect) does, except if the container does not exist.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// match docker.container("web").try_inspect().await? {
    ///     Some(web) => println!("{}", web.config.image),
    ///     None => println!("there is no container web"),
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_inspect(&self) -> Optional<ContainerInspect> {
        self.inspect().optional()
    }

    /// Returns whether there is such a container, running or not.
    ///
    /// Calls `GET /containers/{id}/json`.
    ///
    /// # Errors
    ///
    /// Fails as [`try_inspect`](Self::try_inspect) does.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if docker.container("old").exists().await? {
    ///     docker.container("old").remove().await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn exists(&self) -> Exists {
        Exists::new(self.try_inspect())
    }

    /// Returns whether the container is running. A paused or restarting container counts as running.
    ///
    /// Calls `GET /containers/{id}/json`.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if !docker.container("web").is_running().await? {
    ///     docker.container("web").start().await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_running(&self) -> IsRunning {
        IsRunning { container: self.clone(), settings: Settings::default() }
    }

    /// Inspects the container as a part of another operation, with its settings.
    pub(super) async fn inspect_for(&self, operation: &'static str, settings: &Settings) -> Result<ContainerInspect> {
        let inspect = InspectContainer { container: self.clone(), size: None, settings: settings.clone() };
        inspect.call().await.map_err(|error| error.on_behalf_of(operation))
    }
}

/// A request to inspect a container. Returned by [`Container::inspect`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct InspectContainer {
    container: Container,
    size: Option<bool>,
    settings: Settings,
}

request!(InspectContainer => ContainerInspect, "container_inspect", container.id);

impl InspectContainer {
    /// Sets whether to measure the size of the container's files, which is slow: `size_rw` without those of its image,
    /// `size_root_fs` with them. Defaults to `false`. Requires API 1.21.
    pub fn size(mut self, size: bool) -> Self {
        self.size = Some(size);
        self
    }

    /// Resolves to `None` if there is no such container, instead of failing.
    pub fn optional(self) -> Optional<ContainerInspect> {
        Optional::new(self.settings.clone(), move |settings| Self { settings, ..self })
    }

    async fn call(self) -> Result<ContainerInspect> {
        let (api, id) = self.container.api("container_inspect", &self.settings).await?;
        api.document(api.container_inspect(id, self.size).await)
    }
}

/// A request that resolves to whether a container is running. Returned by [`Container::is_running`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct IsRunning {
    container: Container,
    settings: Settings,
}

request!(IsRunning => bool, "container_inspect", container.id);

impl IsRunning {
    async fn call(self) -> Result<bool> {
        Ok(self.container.inspect_for("container_inspect", &self.settings).await?.state.running)
    }
}
