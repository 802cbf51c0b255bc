//! Unpacking of downloaded archives.

use std::{
    fs, io,
    path::{Component, Path, PathBuf},
};

use rustix::{fs::AtFlags, io::Errno};

use super::{
    Download,
    archive::{self, Entries, Entry},
    directories::{Attributes, Directories},
    pipe,
    root_dir::RootDir,
};
use crate::{Error, Result};

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
    /// # Errors
    ///
    /// Fails if the archive is truncated or not valid, if an entry has a path outside of `directory`, or if a file cannot be
    /// written. Entries that were written before are not removed.
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
    let failed = |error| unwritten(directory, error);
    fs::create_dir_all(directory).map_err(failed)?;
    let directory = directory.canonicalize().map_err(failed)?;
    let mut root = RootDir::open(&directory)?;
    let mut directories = Directories::default();
    let at = |path: &Path| directory.join(path.strip_prefix("/").unwrap_or(path));
    while let Some(mut entry) = entries.next()? {
        let path = entry.path().unwrap_or_default().into_owned();
        let kind = entry.header().entry_type();
        let written = if kind.is_dir() {
            inside(&path).and_then(|path| directories.make(&mut root, path, Attributes::of(entry.header())))
        } else if kind.is_fifo() || kind.is_character_special() || kind.is_block_special() {
            Ok(())
        } else {
            // The `tar` crate replaces existing files and symbolic links, but not by a hard link.
            let ready = if kind.is_hard_link() { remove(&mut root, &path) } else { Ok(()) };
            ready.and_then(|()| write(&mut entry, &directory))
        };
        written.map_err(|error| entries.read_error(error, |error| unwritten(&at(&path), error)))?;
    }
    directories.finish(&mut root).map_err(|(path, error)| unwritten(&at(&path), error))
}

fn write(entry: &mut Entry<'_>, directory: &Path) -> io::Result<()> {
    if entry.unpack_in(directory)? { Ok(()) } else { Err(outside()) }
}

fn outside() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the entry is outside the target directory")
}

/// Removes a file or a link, if it exists.
fn remove(root: &mut RootDir, path: &Path) -> io::Result<()> {
    let path = inside(path)?;
    let removed = root.parent(&path).and_then(|(parent, name)| rustix::fs::unlinkat(parent, name, AtFlags::empty()));
    match removed {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(errno.into()),
    }
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

fn unwritten(path: &Path, error: io::Error) -> Error {
    Error::write_failed(path, error)
}
