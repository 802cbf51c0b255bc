//! Files that appear in a directory once they are complete.

use std::{
    fs::File,
    io::{self, Seek as _, Write as _},
    path::{Path, PathBuf},
};

use crate::{Error, Result, stream::TemporaryFile};

/// A file that is being written. Dropping it removes it, unless it was moved to its place. The methods block.
pub(super) struct NewFile {
    file: File,
    temporary: TemporaryFile,
    directory: PathBuf,
}

impl NewFile {
    /// Creates an empty file in `directory`.
    pub(super) fn create(directory: &Path) -> Result<Self> {
        let created = TemporaryFile::create(directory);
        let (file, temporary) = created.map_err(|error| Error::write_failed(directory, error))?;
        Ok(Self { file, temporary, directory: directory.to_owned() })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).map_err(|error| self.failed(error))
    }

    /// Removes the content.
    pub(super) fn clear(&mut self) -> Result<()> {
        self.file.rewind().and_then(|()| self.file.set_len(0)).map_err(|error| self.failed(error))
    }

    /// Moves the file to `target`, which it replaces. The content reaches the disk before: otherwise, a crash could leave a
    /// file with a part of it.
    pub(super) fn move_to(self, target: &Path) -> Result<()> {
        let Self { file, temporary, .. } = self;
        let synced = file.sync_all();
        // Windows may not move a file that is open.
        drop(file);
        synced.and_then(|()| temporary.move_to(target)).map_err(|error| Error::write_failed(target, error))
    }

    fn failed(&self, error: io::Error) -> Error {
        Error::write_failed(&self.directory, error)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        directory.read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn new_file_appears_when_it_is_complete() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("blob");
        fs::write(&target, "old").unwrap();
        let mut file = NewFile::create(folder.path()).unwrap();
        file.write(b"wrong").unwrap();
        file.clear().unwrap();
        file.write(b"new").unwrap();
        assert_eq!((names(folder.path()).len(), fs::read(&target).unwrap()), (2, b"old".to_vec()));
        file.move_to(&target).unwrap();
        assert_eq!((names(folder.path()), fs::read(&target).unwrap()), (vec!["blob".to_owned()], b"new".to_vec()));
    }

    #[test]
    fn new_file_that_is_dropped_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        drop(NewFile::create(folder.path()).unwrap());
        let error = NewFile::create(folder.path()).unwrap().move_to(&folder.path().join("none/blob")).unwrap_err();
        assert!(error.to_string().ends_with("blob: no such file or directory"), "{error}");
        assert!(names(folder.path()).is_empty());
        let error = NewFile::create(&folder.path().join("none")).map(drop).unwrap_err();
        assert!(error.to_string().ends_with("none: no such file or directory"), "{error}");
    }
}
