//! Opening and reading regular files, and only those.
//!
//! Reading a FIFO, a device or a terminal could block the thread forever, or never reach EOF.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use crate::{Error, Result};

/// Opens the regular file at `path`. Symbolic links are followed.
pub(crate) fn open(path: &Path) -> Result<(File, Metadata)> {
    open_unnamed(path).map_err(|error| read_error(path, error))
}

/// Reads the regular file at `path`, of at most `limit` bytes. Symbolic links are followed.
///
/// Fails with [`io::ErrorKind::IsADirectory`] for a directory, with [`io::ErrorKind::InvalidInput`] for any other file that
/// is not regular, and with [`io::ErrorKind::FileTooLarge`] if the file is larger.
pub(crate) fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let (file, _) = open_unnamed(path)?;
    let mut bytes = Vec::new();
    if file.take(limit.saturating_add(1)).read_to_end(&mut bytes)? as u64 > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("larger than {limit} bytes")));
    }
    Ok(bytes)
}

/// Returns the error for a file that could not be opened or read.
pub(crate) fn read_error(path: &Path, error: io::Error) -> Error {
    match error.get_ref() {
        // An error of this module, not of the operating system.
        Some(why) => Error::local_io(format!("failed to read {}: {why}", path.display())),
        None => Error::read_failed(path, error),
    }
}

/// Returns the error for a FIFO, a device or a socket in place of a regular file.
#[cfg(feature = "tar")]
pub(crate) fn not_regular(path: &Path) -> Error {
    read_error(path, irregular())
}

/// Checks the type before opening the file, because opening a device can have side effects, and again afterwards, because
/// the file can have been replaced in between.
fn open_unnamed(path: &Path) -> io::Result<(File, Metadata)> {
    check(&fs::metadata(path)?)?;
    // `O_NONBLOCK` has no effect on a regular file.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)?;
    let metadata = file.metadata()?;
    check(&metadata)?;
    Ok((file, metadata))
}

fn check(metadata: &Metadata) -> io::Result<()> {
    match () {
        () if metadata.is_file() => Ok(()),
        () if metadata.is_dir() => Err(io::Error::new(io::ErrorKind::IsADirectory, "is a directory")),
        () => Err(irregular()),
    }
}

fn irregular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regular_file_limit_and_links() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "12345").unwrap();
        std::os::unix::fs::symlink(&file, &link).unwrap();
        assert_eq!(read(&link, 5).unwrap(), b"12345");
        assert_eq!(read(&link, 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read(&folder.path().join("none"), 4).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn regular_file_rejects_fifo_device_and_directory() {
        let folder = tempfile::tempdir().unwrap();
        let fifo = folder.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        for path in [&fifo, Path::new("/dev/zero"), Path::new("/dev/tty")] {
            assert_eq!(read(path, 9).unwrap_err().kind(), io::ErrorKind::InvalidInput, "{}", path.display());
        }
        assert_eq!(read(folder.path(), 9).unwrap_err().kind(), io::ErrorKind::IsADirectory);
    }
}
