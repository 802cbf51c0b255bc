//! Copying files of a container to a local directory.

use std::path::PathBuf;

use super::{Container, copy_out, stat::ARCHIVE};
use crate::{
    Error, Result,
    request::{Settings, request},
};

impl Container {
    /// Copies the file or directory at `path` in the container into the local directory `directory`. Requires the feature
    /// `tar`.
    ///
    /// The target is always a directory, which is created if it does not exist: the copy keeps the name of the original, and
    /// cannot be renamed as with `docker cp`. If `path` ends in `/.`, only the entries of the directory are copied. Existing
    /// files are replaced. [`Download::unpack`](crate::Download::unpack) documents which attributes are kept, and which
    /// entries are skipped.
    ///
    /// Calls `GET /containers/{id}/archive`, since API 1.20; with older versions, unpack the archive of
    /// [`copy`](Self::copy).
    ///
    /// # Errors
    ///
    /// Fails as [`copy_out`](Self::copy_out) and [`unpack`](crate::Download::unpack) do.
    ///
    /// # Cancellation
    ///
    /// Dropping the future closes the connection. The thread that writes stops soon after; a file may be incomplete.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.container("web").copy_out_to("/var/log/nginx", "logs").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "cp")]
    pub fn copy_out_to(&self, path: impl Into<String>, directory: impl Into<PathBuf>) -> CopyOutTo {
        CopyOutTo {
            container: self.clone(),
            path: path.into(),
            directory: directory.into(),
            settings: Settings::default(),
        }
    }
}

/// A request to copy files of a container to this machine. Returned by [`Container::copy_out_to`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct CopyOutTo {
    container: Container,
    path: String,
    directory: PathBuf,
    settings: Settings,
}

request!(CopyOutTo => (), "container_get_archive", container.id);

impl CopyOutTo {
    async fn call(self) -> Result<()> {
        let (api, _) = self.container.api("container_get_archive", &self.settings).await?;
        if api.version() < ARCHIVE {
            return api.during(Err(Error::requires("", ARCHIVE, api.version())));
        }
        copy_out::download(&self.container, self.path, &self.settings).await?.unpack(self.directory).await
    }
}
