//! Copying local files into a container.

use std::{
    ffi::OsString,
    path::{Component, Path, PathBuf},
};

use super::{
    Container,
    copy_in::{self, Options},
};
use crate::{
    Error, Result, Upload,
    platform::{self, path_bytes},
    request::{Settings, request},
    stream::{self, Kind, Owner, Packer, RootDir, Walk, WalkEntry, Writer},
};

impl Container {
    /// Copies the local file or directory `local` into the directory `directory` in the container. Requires the feature
    /// `tar`.
    ///
    /// The target is always a directory, which must exist: the copy keeps the name of the original, and cannot be renamed
    /// as with `docker cp`. If `local` ends in `/.`, only the entries of the directory are copied.
    /// Existing files are replaced. Modes, times and symbolic links are kept; the owner of all files is root. Sockets, FIFOs
    /// and devices in a directory are left out.
    ///
    /// On Windows, `local` can have slashes and backslashes. There are no modes: as with `docker cp`, all files are executable.
    ///
    /// Calls `PUT /containers/{id}/archive`, since API 1.20, without a response timeout.
    ///
    /// # Errors
    ///
    /// Fails if `local` is a socket, a FIFO or a device, if a file cannot be read or is replaced by another type of file
    /// while the directory is read, and as [`copy_in`](Self::copy_in) does.
    ///
    /// # Cancellation
    ///
    /// Dropping the future closes the connection; files that were extracted before are not removed. The thread that reads
    /// stops soon after.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.container("web").copy_in_from("site/current", "/srv").follow_link(true).owner(33, 33).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "cp")]
    pub fn copy_in_from(&self, local: impl Into<PathBuf>, directory: impl Into<String>) -> CopyInFrom {
        CopyInFrom {
            container: self.clone(),
            local: local.into(),
            directory: directory.into(),
            follow_link: false,
            owner: Owner::default(),
            options: Options::default(),
            settings: Settings::default(),
        }
    }
}

/// A request to copy local files into a container. Returned by [`Container::copy_in_from`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct CopyInFrom {
    container: Container,
    local: PathBuf,
    directory: String,
    follow_link: bool,
    owner: Owner,
    options: Options,
    settings: Settings,
}

request!(CopyInFrom => (), "container_put_archive", container.id);

impl CopyInFrom {
    /// Sets whether to copy the target of the path if it is a symbolic link, under the name of the link, as
    /// `docker cp --follow-link` does. Links in a directory are copied as links. Defaults to `false`.
    pub fn follow_link(mut self, follow: bool) -> Self {
        self.follow_link = follow;
        self
    }

    /// Sets the owner of all files, as user id and group id in the container. Defaults to root.
    pub fn owner(mut self, user: u32, group: u32) -> Self {
        self.owner = Owner::Ids(user, group);
        self
    }

    /// Sets whether to keep the user id and the group id that each file has on this machine, as `docker cp` does, instead of
    /// an [`owner`](Self::owner) for all. Defaults to `false`.
    pub fn keep_owner(mut self, keep: bool) -> Self {
        match (keep, self.owner) {
            (true, _) => self.owner = Owner::Local,
            (false, Owner::Local) => self.owner = Owner::default(),
            (false, _) => {}
        }
        self
    }

    /// Sets whether the user that the container runs as becomes the owner of all files, instead of an
    /// [`owner`](Self::owner), as `docker cp --archive` does. Docker ignores this if the container has no user (`docker run
    /// --user`, `USER`). Defaults to `false`. Requires API 1.30.
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
        let Self { container, local, directory, follow_link, owner, options, settings } = self;
        let tree = stream::run_blocking(move || Tree::find(&local, follow_link)).await;
        let tree = tree.map_err(|error| error.during("container_put_archive"))?;
        let archive = Upload::from_internal_stream(stream::write_stream(move |writer| tree.pack(writer, owner)));
        copy_in::upload(&container, &directory, archive, options, &settings).await
    }
}

/// Local files to upload.
struct Tree {
    root: RootDir,
    /// The entry of the root that is uploaded; all of them if `None`.
    entry: Option<WalkEntry>,
    /// The name of that entry in the archive.
    name: OsString,
}

impl Tree {
    fn find(local: &Path, follow_link: bool) -> Result<Self> {
        if is_content(local) {
            if !local.is_dir() {
                return Err(Error::local_io(format!("{} is not a directory", local.display())));
            }
            return Ok(Self { root: RootDir::open(local)?, entry: None, name: OsString::new() });
        }
        let real = |path: &Path| platform::real_path(path).map_err(|error| Error::read_failed(path, error));
        // A trailing slash follows a link, as in other programs.
        let is_followed = follow_link || path_bytes(local).ends_with(b"/");
        let at = if is_followed || local.file_name().is_none() { real(local)? } else { local.to_owned() };
        let (Some(parent), Some(name)) = (at.parent(), at.file_name()) else {
            return Ok(Self { root: RootDir::open(&at)?, entry: None, name: OsString::new() });
        };
        let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
        let mut root = RootDir::open(parent)?;
        let path = PathBuf::from(name);
        let kind = root.attributes(&path)?.kind;
        if kind == Kind::Other {
            return Err(Error::local_io(format!(
                "failed to read {}: not a regular file, a directory or a symbolic link",
                local.display()
            )));
        }
        let name = local.file_name().unwrap_or(name).to_owned();
        Ok(Self { root, entry: Some(WalkEntry { path, kind }), name })
    }

    fn pack(mut self, writer: &mut Writer, owner: Owner) -> Result<()> {
        let mut archive = Packer::new(writer, owner);
        let mut walk = Walk::default();
        let top = match self.entry {
            Some(found) => {
                archive.entry(&mut self.root, &found, &path_bytes(Path::new(&self.name)))?;
                (found.kind == Kind::Directory).then_some(found.path)
            }
            None => Some(PathBuf::new()),
        };
        if let Some(top) = top {
            walk.enter(&mut self.root, &top)?;
            while let Some(found) = walk.next() {
                archive.check_reader()?;
                let below = found.path.strip_prefix(&top).unwrap_or(&found.path);
                archive.entry(&mut self.root, &found, &path_bytes(&Path::new(&self.name).join(below)))?;
                if found.kind == Kind::Directory {
                    walk.enter(&mut self.root, &found.path)?;
                }
            }
        }
        archive.finish().map_err(|error| Error::read_failed(&self.root.locate(Path::new("")), error))
    }
}

/// Whether `local` names the entries of a directory: it ends in `.`, or is only a Windows drive, which means its current
/// directory.
fn is_content(local: &Path) -> bool {
    let path = path_bytes(local);
    let path = match local.components().next() {
        Some(Component::Prefix(prefix)) => path.get(prefix.as_os_str().len()..).unwrap_or_default(),
        _ if path.is_empty() => return false,
        _ => &*path,
    };
    matches!(path, b"" | b".") || path.ends_with(b"/.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_of_a_directory_ends_in_a_dot() {
        for (path, expected) in [(".", true), ("./.", true), ("a/.", true), ("/.", true), ("", false), ("..", false)] {
            assert_eq!(is_content(Path::new(path)), expected, "{path}");
        }
        for path in ["a", "a/", "/", "a.", "a/.."] {
            assert!(!is_content(Path::new(path)), "{path}");
        }
        let has_drives = matches!(Path::new("C:").components().next(), Some(Component::Prefix(_)));
        for path in ["C:", "C:.", r"C:a\.", r"C:\."] {
            assert_eq!(is_content(Path::new(path)), has_drives, "{path}");
        }
        assert!(!is_content(Path::new(r"C:\")));
    }
}
