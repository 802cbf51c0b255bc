//! Downloading files of a container.

use super::{Container, stat::ARCHIVE};
use crate::{
    Download, LazyStream, Result,
    generated::Client,
    request::{Settings, request},
};

impl Container {
    /// Downloads the file or directory at `path` in the container as a tar archive, as `docker cp CONTAINER:PATH -` does.
    ///
    /// The names of its entries begin with the last part of `path`: `/etc/passwd` becomes `passwd`.
    ///
    /// Calls `GET /containers/{id}/archive`, and `POST /containers/{id}/copy` below API 1.20. Below API 1.20, engines
    /// before 1.8 include the name of the directory in the names of its entries, and newer engines do not.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container or path (404; 500 from engines before 1.12). The download fails if the engine ends
    /// the archive early, as Podman can do if the container has just exited.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let archive = docker.container("web").copy_out("/etc/nginx").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerGetArchive")]
    #[doc(alias = "ContainerArchive")]
    #[doc(alias = "cp")]
    #[doc(alias = "download_from_container")]
    pub fn copy_out(&self, path: impl Into<String>) -> CopyOut {
        CopyOut { container: self.clone(), path: path.into(), settings: Settings::default() }
    }
}

/// A request to download files of a container. Returned by [`Container::copy_out`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct CopyOut {
    container: Container,
    path: String,
    settings: Settings,
}

request!(CopyOut => Download, "container_get_archive", container.id);

impl CopyOut {
    /// Returns the archive as a stream that sends the request when it is first polled.
    pub fn stream(self) -> LazyStream<Download> {
        LazyStream::new(self.into_future())
    }

    async fn call(self) -> Result<Download> {
        download(&self.container, self.path, &self.settings).await
    }
}

/// Downloads the file or directory at `path` as a tar archive.
pub(super) async fn download(container: &Container, path: String, settings: &Settings) -> Result<Download> {
    let (api, id) = container.api("container_get_archive", settings).await?;
    if api.version() < ARCHIVE {
        return container.copy_resource(path, settings).await;
    }
    let path = &*path;
    let (_, body) = api.stream(async |client: &Client| client.container_get_archive(id, path).await).await?;
    Ok(Download::archive(body, "container_get_archive"))
}
