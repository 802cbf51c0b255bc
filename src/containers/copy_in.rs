//! Extracting an archive in a container.

use super::Container;
use crate::{
    Result, Upload,
    request::{Settings, request},
};

impl Container {
    /// Extracts a tar archive, plain or compressed with gzip, bzip2 or xz, in the directory `path` in the container, as
    /// `docker cp - CONTAINER:PATH` does.
    ///
    /// Existing files are replaced. The owners are taken from the archive, by number.
    ///
    /// Calls `PUT /containers/{id}/archive`, since API 1.20, without a response timeout.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container or directory (404), if `path` is not a directory (400; 500 from engine 20.10), or
    /// if it is read-only (403).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::Upload;
    ///
    /// docker.container("web").copy_in("/srv", Upload::from_file("site.tar").await?).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerPutArchive")]
    #[doc(alias = "PutContainerArchive")]
    #[doc(alias = "cp")]
    #[doc(alias = "upload_to_container")]
    pub fn copy_in(&self, path: impl Into<String>, archive: impl Into<Upload>) -> CopyIn {
        CopyIn {
            container: self.clone(),
            path: path.into(),
            archive: archive.into(),
            options: Options::default(),
            settings: Settings::default(),
        }
    }
}

/// A request to extract an archive in a container. Returned by [`Container::copy_in`].
#[derive(Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct CopyIn {
    container: Container,
    path: String,
    archive: Upload,
    options: Options,
    settings: Settings,
}

request!(CopyIn => (), "container_put_archive", container.id);

impl CopyIn {
    /// Sets whether the user that the container runs as becomes the owner of all files, instead of the owners in the
    /// archive. Docker ignores this if the container has no user (`docker run --user`, `USER`). Defaults to `false`.
    /// Requires API 1.30.
    pub fn copy_uid_gid(mut self, copy: bool) -> Self {
        self.options.copy_uid_gid = Some(copy);
        self
    }

    /// Sets whether to fail (400) if a directory would replace another type of file, or another type of file a directory.
    /// Defaults to `false`.
    pub fn no_overwrite_dir_non_dir(mut self, no_overwrite: bool) -> Self {
        self.options.no_overwrite_dir_non_dir = Some(no_overwrite);
        self
    }

    async fn call(self) -> Result<()> {
        let Self { container, path, archive, options, settings } = self;
        upload(&container, &path, archive, options, &settings).await
    }
}

/// Options of all requests that extract an archive.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    pub(super) copy_uid_gid: Option<bool>,
    pub(super) no_overwrite_dir_non_dir: Option<bool>,
}

/// Extracts `archive` in the directory `path`.
pub(super) async fn upload(
    container: &Container,
    path: &str,
    archive: Upload,
    options: Options,
    settings: &Settings,
) -> Result<()> {
    let (api, id) = container.api("container_put_archive", settings).await?;
    let Options { copy_uid_gid, no_overwrite_dir_non_dir } = options;
    let body = archive.into_body();
    api.done(api.container_put_archive(id, copy_uid_gid, no_overwrite_dir_non_dir, path, body).await)
}
