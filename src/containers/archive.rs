//! Files in containers: out, in, and what they are.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::HeaderMap;

use super::Container;
use crate::{
    ApiVersion, Download, Error, Result, Upload,
    error::Kind,
    models::{CopyConfig, PathStat},
    wire::{self, Client},
};

/// The header that says what a path is.
const STAT: &str = "x-docker-container-path-stat";

/// Before this version, files come out by `copy`, and nothing goes in.
pub(super) const ARCHIVE: ApiVersion = ApiVersion::new(1, 20);

/// In Go's bits, a directory.
const DIRECTORY: u32 = 1 << 31;

/// In Go's bits, a symbolic link.
const LINK: u32 = 1 << 27;

impl Container {
    /// Sends the container's files as a tar archive.
    ///
    /// Calls `GET /containers/{id}/export`.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404).
    pub async fn export(&self) -> Result<Download> {
        let (wire, id) = self.wire("container_export").await?;
        let body = wire.container_export(id).await;
        Ok(Download::new(wire.bytes(body)?.1, "container_export"))
    }

    /// Sends the file or directory at `path` inside the container as a tar archive, as old engines do it;
    /// [`copy_out`](Self::copy_out) serves engines of every age.
    ///
    /// Calls `POST /containers/{id}/copy`, until API 1.23.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container or path (404; 500 from engines before 1.12).
    pub async fn copy(&self, path: &str) -> Result<Download> {
        let (wire, id) = self.wire("container_copy").await?;
        let body = wire.container_copy(id, &CopyConfig { resource: path.into() }).await;
        Ok(Download::new(wire.bytes(body)?.1, "container_copy"))
    }

    /// Sends the file or directory at `path` inside the container as a tar archive. Its entries lie below the last part
    /// of `path`: `/etc/passwd` comes as `passwd`.
    ///
    /// Calls `GET /containers/{id}/archive`, and `POST /containers/{id}/copy` below API 1.20, when what is in a directory
    /// comes without the directory.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container or path (404; 500 from engines before 1.12).
    pub async fn copy_out(&self, path: &str) -> Result<Download> {
        let (wire, id) = self.wire("container_archive_get").await?;
        if wire.version() < ARCHIVE {
            return self.copy(path).await;
        }
        let (_, body) = wire.stream(async |client: &Client| client.container_archive_get(id, path).await).await?;
        Ok(Download::new(body, "container_archive_get"))
    }

    /// Unpacks a tar archive, plain or compressed with gzip, bzip2 or xz, in the directory `path` inside the container.
    /// What is there already is replaced; owners are what the archive says, by number.
    ///
    /// Calls `PUT /containers/{id}/archive`, since API 1.20, and waits as long as that takes.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container or directory (404), if `path` is no directory (400; 500 from engine
    /// 20.10), or if it may not be written to (403).
    pub async fn copy_in(&self, path: &str, archive: impl Into<Upload>) -> Result<()> {
        self.copy_in_with(path, archive, &CopyInOptions::default()).await
    }

    /// Unpacks a tar archive as [`copy_in`](Self::copy_in) does, or otherwise, as `options` say.
    ///
    /// Calls `PUT /containers/{id}/archive`, since API 1.20, and waits as long as that takes.
    ///
    /// # Errors
    ///
    /// Fails as [`copy_in`](Self::copy_in) does, and if the API that is spoken does not know an option.
    pub async fn copy_in_with(&self, path: &str, archive: impl Into<Upload>, options: &CopyInOptions) -> Result<()> {
        let (wire, id) = self.wire("container_archive_put").await?;
        let body = archive.into().into_body();
        wire.done(wire.container_archive_put(id, options.give_to_user, options.keep_kinds, path, body).await)
    }

    /// Tells what `path` inside the container is. A link is not followed.
    ///
    /// Calls `HEAD /containers/{id}/archive`, since API 1.20.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container or path (404).
    pub async fn stat(&self, path: &str) -> Result<PathStat> {
        let (wire, id) = self.wire("container_archive_stat").await?;
        let head = wire.head(wire.container_archive_stat(id, path).await)?;
        stat(&head).map_err(|error| error.during("container_archive_stat"))
    }
}

/// Options of [`Container::copy_in_with`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct CopyInOptions {
    give_to_user: Option<bool>,
    keep_kinds: Option<bool>,
}

impl CopyInOptions {
    /// Give all to the user that the container runs as, and not, by number, to the owners that the archive says. Needs API
    /// 1.30.
    pub fn give_to_user(mut self) -> Self {
        self.give_to_user = Some(true);
        self
    }

    /// Fail (400) if a directory would take the place of something else, or something else that of a directory.
    pub fn keep_kinds(mut self) -> Self {
        self.keep_kinds = Some(true);
        self
    }
}

fn stat(head: &HeaderMap) -> Result<PathStat> {
    let refused = || Error::new(Kind::Decode(format!("in the header {STAT}")));
    let header = head.get(STAT).ok_or_else(refused)?;
    wire::decode(&STANDARD.decode(header).map_err(|_| refused())?)
}

impl PathStat {
    /// Whether it is a directory.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.mode & DIRECTORY != 0
    }

    /// Whether it is a symbolic link.
    #[must_use]
    pub fn is_link(&self) -> bool {
        self.mode & LINK != 0
    }

    /// Who may read, write and execute it, as `0o755`.
    #[must_use]
    pub fn permissions(&self) -> u32 {
        self.mode & 0o777
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_path_is_stands_in_a_header() {
        let json = br#"{"name":"bin","size":12288,"mode":2147484141,"mtime":"2026-11-23T21:00:00Z","linkTarget":""}"#;
        let head = HeaderMap::from_iter([(STAT.parse().unwrap(), STANDARD.encode(json).parse().unwrap())]);
        let stat = stat(&head).unwrap();
        assert_eq!((&*stat.name, stat.is_directory(), stat.is_link()), ("bin", true, false));
        assert_eq!(stat.permissions(), 0o755);
    }

    #[test]
    fn a_header_that_is_missing_or_garbled_is_an_error() {
        assert!(stat(&HeaderMap::new()).unwrap_err().is_decode());
        for garbled in ["%", "e30", "bm9uc2Vuc2U="] {
            let head = HeaderMap::from_iter([(STAT.parse().unwrap(), garbled.parse().unwrap())]);
            assert!(stat(&head).unwrap_err().is_decode(), "{garbled}");
        }
    }
}
