//! Renaming a container.

use super::Container;
use crate::{
    Result,
    request::{Settings, request},
};

impl Container {
    /// Renames the container, as `docker rename` does. This handle keeps the old name.
    ///
    /// Calls `POST /containers/{id}/rename`, since API 1.17.
    ///
    /// # Errors
    ///
    /// Fails if the name is taken (409) or not valid (400; 500 from engines before 1.12).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.container("web").rename("web-old").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerRename")]
    #[doc(alias = "RenameContainer")]
    pub fn rename(&self, name: impl Into<String>) -> RenameContainer {
        RenameContainer { container: self.clone(), name: name.into(), settings: Settings::default() }
    }
}

/// A request to rename a container. Returned by [`Container::rename`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct RenameContainer {
    container: Container,
    name: String,
    settings: Settings,
}

request!(RenameContainer => (), "container_rename", container.id);

impl RenameContainer {
    async fn call(self) -> Result<()> {
        let (api, id) = self.container.api("container_rename", &self.settings).await?;
        api.done(api.container_rename(id, &self.name).await)
    }
}
