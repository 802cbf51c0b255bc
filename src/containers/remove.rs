//! Removing a container.

use super::Container;
use crate::{
    Result,
    request::{Settings, request},
};

impl Container {
    /// Removes the container, as `docker rm` does.
    ///
    /// Calls `DELETE /containers/{id}`.
    ///
    /// # Errors
    ///
    /// Fails if the container is running (409; 500 from engines before 1.5), unless [`force`](RemoveContainer::force) is
    /// set.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.container("web").remove().force(true).volumes(true).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerDelete")]
    #[doc(alias = "RemoveContainer")]
    #[doc(alias = "rm")]
    pub fn remove(&self) -> RemoveContainer {
        RemoveContainer {
            container: self.clone(),
            force: None,
            volumes: None,
            link: None,
            settings: Settings::default(),
        }
    }
}

/// A request to remove a container. Returned by [`Container::remove`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct RemoveContainer {
    container: Container,
    force: Option<bool>,
    volumes: Option<bool>,
    link: Option<bool>,
    settings: Settings,
}

request!(RemoveContainer => (), "container_delete", container.id);

impl RemoveContainer {
    /// Sets whether to kill the container first if it is running. Defaults to `false`.
    pub fn force(mut self, force: bool) -> Self {
        self.force = Some(force);
        self
    }

    /// Sets whether to remove the anonymous volumes of the container too. Defaults to `false`.
    pub fn volumes(mut self, volumes: bool) -> Self {
        self.volumes = Some(volumes);
        self
    }

    /// Sets whether to remove only the link that the handle names, `container/alias`, and no container. Defaults to `false`.
    pub fn link(mut self, link: bool) -> Self {
        self.link = Some(link);
        self
    }

    async fn call(self) -> Result<()> {
        let (api, id) = self.container.api("container_delete", &self.settings).await?;
        api.done(api.container_delete(id, self.force, self.link, self.volumes).await)
    }
}
