//! Information about a path in a container.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderMap;

use super::Container;
use crate::{
    ApiVersion, Error, Result,
    error::Kind,
    generated,
    models::PathStat,
    request::{Settings, request},
};

/// Since this version, engines have the archive endpoints.
pub(super) const ARCHIVE: ApiVersion = ApiVersion::new(1, 20);

/// The header of the information about a path.
const STAT: &str = "x-docker-container-path-stat";

/// The bit of Go's file modes for directories.
const DIRECTORY: u32 = 1 << 31;

/// The bit of Go's file modes for symbolic links.
const LINK: u32 = 1 << 27;

impl Container {
    /// Returns the type, size, mode and modification time of `path` in the container. Symbolic links are not followed.
    ///
    /// Calls `HEAD /containers/{id}/archive`, since API 1.20.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container or path (404).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let hosts = docker.container("web").stat("/etc/hosts").await?;
    /// println!("{} bytes, {:o}", hosts.size, hosts.permissions());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerArchiveHead")]
    #[doc(alias = "ContainerArchiveInfo")]
    #[doc(alias = "get_container_archive_info")]
    pub fn stat(&self, path: impl Into<String>) -> StatPath {
        StatPath { container: self.clone(), path: path.into(), settings: Settings::default() }
    }
}

/// A request for information about a path in a container. Returned by [`Container::stat`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct StatPath {
    container: Container,
    path: String,
    settings: Settings,
}

request!(StatPath => PathStat, "container_archive_head", container.id);

impl StatPath {
    async fn call(self) -> Result<PathStat> {
        let (api, id) = self.container.api("container_archive_head", &self.settings).await?;
        api.during(api.head(api.container_archive_head(id, &self.path).await, stat)?)
    }
}

fn stat(head: &HeaderMap) -> Result<PathStat> {
    let invalid = || Error::new(Kind::Decode(format!("invalid header {STAT}")));
    let header = head.get(STAT).ok_or_else(invalid)?;
    generated::decode(&STANDARD.decode(header).map_err(|_| invalid())?)
}

impl PathStat {
    /// Returns whether the path is a directory.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.mode & DIRECTORY != 0
    }

    /// Returns whether the path is a symbolic link.
    #[must_use]
    pub fn is_link(&self) -> bool {
        self.mode & LINK != 0
    }

    /// Returns the permission bits, for example `0o755`.
    #[must_use]
    pub fn permissions(&self) -> u32 {
        self.mode & 0o777
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stat_is_decoded_from_the_header() {
        let json = br#"{"name":"bin","size":12288,"mode":2147484141,"mtime":"2026-11-23T21:00:00Z","linkTarget":""}"#;
        let head = HeaderMap::from_iter([(STAT.parse().unwrap(), STANDARD.encode(json).parse().unwrap())]);
        let stat = stat(&head).unwrap();
        assert_eq!((&*stat.name, stat.is_directory(), stat.is_link()), ("bin", true, false));
        assert_eq!(stat.permissions(), 0o755);
    }

    #[test]
    fn stat_without_a_valid_header_is_an_error() {
        assert!(stat(&HeaderMap::new()).unwrap_err().is_decode());
        for garbled in ["%", "e30", "bm9uc2Vuc2U="] {
            let head = HeaderMap::from_iter([(STAT.parse().unwrap(), garbled.parse().unwrap())]);
            assert!(stat(&head).unwrap_err().is_decode(), "{garbled}");
        }
    }
}
