//! Exporting the filesystem of a container.

use super::Container;
use crate::{
    Download, LazyStream, Result,
    request::{Settings, request},
};

impl Container {
    /// Downloads the filesystem of the container as a tar archive, as `docker export` does.
    ///
    /// Volumes are not included. Calls `GET /containers/{id}/export`.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404). The download fails if the engine ends the archive early.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
    /// let archive = docker.container("web").export().await?;
    /// let mut file = tokio::fs::File::create("web.tar").await?;
    /// tokio::io::copy(&mut archive.into_reader(), &mut file).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerExport")]
    pub fn export(&self) -> ExportContainer {
        ExportContainer { container: self.clone(), settings: Settings::default() }
    }
}

/// A request to export the filesystem of a container. Returned by [`Container::export`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ExportContainer {
    container: Container,
    settings: Settings,
}

request!(ExportContainer => Download, "container_export", container.id);

impl ExportContainer {
    /// Returns the archive as a stream that sends the request when it is first polled.
    pub fn stream(self) -> LazyStream<Download> {
        LazyStream::new(self.into_future())
    }

    async fn call(self) -> Result<Download> {
        let (api, id) = self.container.api("container_export", &self.settings).await?;
        let body = api.container_export(id).await;
        Ok(Download::archive(api.bytes(body)?, "container_export"))
    }
}
