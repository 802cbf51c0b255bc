//! Downloading files with `POST /containers/{id}/copy`, which API 1.20 replaced.

use super::Container;
use crate::{
    Download, LazyStream, Result,
    models::CopyConfig,
    request::{Settings, request},
};

impl Container {
    /// Downloads the file or directory at `path` in the container as a tar archive, with an operation that API 1.20
    /// replaced.
    ///
    /// [`copy_out`](Self::copy_out) works with every API version. Calls `POST /containers/{id}/copy`, until API 1.23.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container or path (404; 500 from engines before 1.12).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let archive = docker.container("web").copy("/etc/hosts").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerCopy")]
    pub fn copy(&self, path: impl Into<String>) -> CopyResource {
        CopyResource { container: self.clone(), path: path.into(), settings: Settings::default() }
    }

    pub(super) async fn copy_resource(&self, path: String, settings: &Settings) -> Result<Download> {
        let (api, id) = self.api("container_copy", settings).await?;
        let body = api.container_copy(id, &CopyConfig { resource: path }).await;
        Ok(Download::archive(api.bytes(body)?, "container_copy"))
    }
}

/// A request to download files with `POST /containers/{id}/copy`. Returned by [`Container::copy`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct CopyResource {
    container: Container,
    path: String,
    settings: Settings,
}

request!(CopyResource => Download, "container_copy", container.id);

impl CopyResource {
    /// Returns the archive as a stream that sends the request when it is first polled.
    pub fn stream(self) -> LazyStream<Download> {
        LazyStream::new(self.into_future())
    }

    async fn call(self) -> Result<Download> {
        self.container.copy_resource(self.path, &self.settings).await
    }
}
