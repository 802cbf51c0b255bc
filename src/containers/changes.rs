//! Listing the changed files of a container.

use super::Container;
use crate::{
    Result,
    models::Change,
    request::{Settings, request},
};

impl Container {
    /// Lists the files that were added, changed or deleted since the container was created, as `docker diff` does.
    ///
    /// Calls `GET /containers/{id}/changes`.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// for change in docker.container("web").changes().await? {
    ///     println!("{}", change.path);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerChanges")]
    #[doc(alias = "diff")]
    pub fn changes(&self) -> ListChanges {
        ListChanges { container: self.clone(), settings: Settings::default() }
    }
}

/// A request to list the changed files of a container. Returned by [`Container::changes`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ListChanges {
    container: Container,
    settings: Settings,
}

request!(ListChanges => Vec<Change>, "container_changes", container.id);

impl ListChanges {
    async fn call(self) -> Result<Vec<Change>> {
        let (api, id) = self.container.api("container_changes", &self.settings).await?;
        api.document(api.container_changes(id).await)
    }
}
