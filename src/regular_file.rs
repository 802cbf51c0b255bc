//! Opening and reading regular files, and only those.
//!
//! Reading a FIFO, a device or a terminal could block the thread forever, or never reach EOF.

use std::{
    fs::{self, File, Metadata},
    io::{self, Read as _},
    path::Path,
};

use crate::{Error, Result, platform};

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
        // An error of this crate, not of the operating system.
        Some(why) => Error::local_io(format!("failed to read {}: {why}", path.display())),
        None => Error::read_failed(path, error),
    }
}

/// Checks the type before opening the file, because opening a device can have side effects, and again afterwards, because
/// the file can have been replaced in between.
fn open_unnamed(path: &Path) -> io::Result<(File, Metadata)> {
    check(&fs::metadata(path)?)?;
    let file = platform::open_for_reading(path)?;
    let metadata = file.metadata()?;
    check(&metadata)?;
    Ok((file, metadata))
}

fn check(metadata: &Metadata) -> io::Result<()> {
    match () {
        () if metadata.is_file() => Ok(()),
        () if metadata.is_dir() => Err(io::Error::new(io::ErrorKind::IsADirectory, "it is a directory")),
        () => Err(platform::not_regular()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regular_file_limit() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "12345").unwrap();
        assert_eq!(read(&file, 5).unwrap(), b"12345");
        assert_eq!(read(&file, 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read(&folder.path().join("none"), 4).unwrap_err().kind(), io::ErrorKind::NotFound);
        assert_eq!(read(folder.path(), 9).unwrap_err().kind(), io::ErrorKind::IsADirectory);
    }

    #[test]
    fn regular_file_can_be_a_link() {
        if !platform::symlinks_work() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "12345").unwrap();
        platform::symlink("file", folder.path().join("link")).unwrap();
        assert_eq!(read(&folder.path().join("link"), 5).unwrap(), b"12345");
    }
}
