//! Unpacking of downloaded archives.

use std::{
    borrow::Cow,
    fs,
    io::{self, ErrorKind},
    path::{Component, Path, PathBuf},
};

use tar::EntryType;

use super::{
    Download,
    archive::{self, Entries, Entry},
    directories::{self, Attributes, Directories},
    pipe,
    root_dir::RootDir,
};
use crate::{
    Error, Result,
    platform::{self, Kind, LINKS_STAY_LOCAL},
};

impl Download {
    /// Unpacks the archive into `directory`, which is created if it does not exist. Requires the feature `tar`.
    ///
    /// Existing files and links are replaced, existing directories are kept. Modes and modification times are restored, but
    /// not owners, nor the setuid, setgid and sticky bits. FIFOs and devices are skipped.
    ///
    /// Nothing is written outside of `directory`, even if the archive is malicious: a symbolic link that points outside
    /// of it is created unchanged, but never followed.
    ///
    /// A sparse file can be much longer than its data in the archive: an archive of a few kilobytes can become a file of
    /// terabytes, which takes no disk space. If that matters, read the [`entries`](Self::entries) and check their sizes.
    ///
    /// Names that differ only in case are the same file on most filesystems of Windows and macOS: the last entry remains.
    ///
    /// On Windows, the only mode is that a file is read-only, if its owner has no permission to write. A symbolic link is
    /// created as a link to a directory if there is a directory at its target at that time. An entry whose path has a link in
    /// it is an error.
    ///
    /// # Errors
    ///
    /// Fails if the archive is truncated or not valid, if an entry has a path outside of `directory`, or if a file cannot be
    /// written. Entries that were written before are not removed.
    ///
    /// On Windows, also fails for a name that no file can have there, such as `a:b` or `NUL`, and for a symbolic link if the
    /// user may not create any.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.container("web").export().await?.unpack("rootfs").await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancellation
    ///
    /// Dropping the future closes the connection. The thread that writes stops soon after; a file may be incomplete.
    pub async fn unpack(self, directory: impl Into<PathBuf>) -> Result<()> {
        let (operation, directory) = (self.operation.clone(), directory.into());
        let work = move |source| archive::read(source, |entries| unpack(entries, &directory));
        let (thread, _guard) = pipe::read(self, work);
        pipe::outcome(thread.await).map_err(|error| error.during(operation))
    }
}

fn unpack(entries: &mut Entries<'_>, directory: &Path) -> Result<()> {
    let failed = |error| Error::write_failed(directory, error);
    fs::create_dir_all(directory).map_err(failed)?;
    let directory = platform::real_path(directory).map_err(failed)?;
    let mut target = Target { root: RootDir::open(&directory)?, directory, directories: Directories::default() };
    while let Some(mut entry) = entries.next()? {
        let kind = entry.header().entry_type();
        let is_special = kind.is_fifo() || kind.is_character_special() || kind.is_block_special();
        // Global extensions have a name, but are not a file.
        if is_special || kind.is_pax_global_extensions() {
            continue;
        }
        let path = path_of(&entry)?;
        let shown = path.strip_prefix("/").unwrap_or(&path);
        target.add(&mut entry, kind, &path).map_err(|failure| match failure {
            Failure::Own(error) => target.root.write_error(shown, error),
            Failure::Tar(error) => {
                entries.read_error(error, |error| Error::write_failed(&target.root.locate(shown), error))
            }
        })?;
    }
    let Target { mut root, directories, .. } = target;
    directories.finish(&mut root).map_err(|(path, error)| root.write_error(&path, error))
}

/// An entry that was not written.
enum Failure {
    Own(io::Error),
    /// An error of the `tar` crate, which may be that of reading the archive.
    Tar(io::Error),
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self::Own(error)
    }
}

/// The directory that an archive is unpacked into.
struct Target {
    root: RootDir,
    /// The path of the directory, without links.
    directory: PathBuf,
    directories: Directories,
}

impl Target {
    /// Writes an entry. `path` is its path in the archive.
    fn add(&mut self, entry: &mut Entry<'_>, kind: EntryType, path: &Path) -> Result<(), Failure> {
        let path = inside(path)?;
        if kind.is_dir() {
            Ok(self.directories.make(&mut self.root, path, Attributes::of(entry.header()))?)
        } else if kind.is_symlink() {
            self.link(entry, &path)
        } else {
            self.write(entry, kind, &path)
        }
    }

    /// Creates a symbolic link. The `tar` crate would create each as a link to a file, which matters on Windows.
    fn link(&mut self, entry: &mut Entry<'_>, path: &Path) -> Result<(), Failure> {
        let target = platform::os_string(&entry.link_name_bytes().map(Cow::into_owned).unwrap_or_default())?;
        if target.is_empty() {
            return Err(io::Error::new(ErrorKind::InvalidData, "the link has no target").into());
        }
        let modified = directories::modified(entry.header());
        let above = path.parent().unwrap_or(Path::new(""));
        let created = directories::create_all(&mut self.root, above).and_then(|()| {
            let (parent, name) = self.root.parent(path)?;
            parent.remove_file(name)?;
            parent.create_link(name, &target, modified)
        });
        match created {
            // If a link is in the path, the `tar` crate follows it, unless it leads out of the directory.
            Err(error) if error.kind() == ErrorKind::NotADirectory && LINKS_STAY_LOCAL => self.unpack(entry),
            created => Ok(created?),
        }
    }

    /// Writes a file or a hard link.
    fn write(&mut self, entry: &mut Entry<'_>, kind: EntryType, path: &Path) -> Result<(), Failure> {
        if kind.is_hard_link() && !LINKS_STAY_LOCAL {
            self.check_target(&entry.link_name_bytes().unwrap_or_default())?;
        }
        // The `tar` crate does not replace a file by a hard link, and on Windows no read-only file and no link to a directory.
        match self.remove(path) {
            // If a link is in the path, the `tar` crate follows it, unless it leads out of the directory.
            Err(error) if error.kind() == ErrorKind::NotADirectory && LINKS_STAY_LOCAL => {}
            // In old archives, a slash marks a directory.
            Err(error) if error.kind() == ErrorKind::IsADirectory && entry.path_bytes().ends_with(b"/") => {}
            removed => removed?,
        }
        self.unpack(entry)
    }

    /// Writes an entry with the `tar` crate.
    fn unpack(&self, entry: &mut Entry<'_>) -> Result<(), Failure> {
        match entry.unpack_in(&self.directory) {
            Ok(true) => Ok(()),
            Ok(false) => Err(outside().into()),
            Err(error) => Err(Failure::Tar(error)),
        }
    }

    /// Checks that the target of a hard link is a file, without following links.
    fn check_target(&mut self, target: &[u8]) -> io::Result<()> {
        let target = inside(&platform::path_from_bytes(target)?)?;
        let (parent, name) = self.root.parent(&target)?;
        match parent.attributes(name)?.kind {
            Kind::File => Ok(()),
            Kind::Directory | Kind::Link | Kind::Other => {
                Err(io::Error::new(ErrorKind::InvalidData, "the target of the hard link is not a file"))
            }
        }
    }

    /// Removes a file or a link, if it exists.
    fn remove(&mut self, path: &Path) -> io::Result<()> {
        // The directory itself.
        if path.as_os_str().is_empty() {
            return Ok(());
        }
        match self.root.parent(path).and_then(|(parent, name)| parent.remove_file(name)) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}

/// Returns the path of an entry in the archive, if a file can have it.
fn path_of(entry: &Entry<'_>) -> Result<PathBuf> {
    let path = entry.path_bytes();
    platform::path_from_bytes(&path)
        .map_err(|error| Error::local_io(format!("failed to write {}: {error}", String::from_utf8_lossy(&path))))
}

fn outside() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "the entry is outside the target directory")
}

/// Returns the path of an entry relative to the directory.
fn inside(path: &Path) -> io::Result<PathBuf> {
    let mut inside = PathBuf::new();
    for part in path.components() {
        match part {
            Component::Normal(part) => inside.push(part),
            Component::Prefix(_) | Component::RootDir | Component::CurDir => {}
            Component::ParentDir => return Err(outside()),
        }
    }
    Ok(inside)
}
