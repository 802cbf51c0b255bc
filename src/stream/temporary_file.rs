//! Files that appear at their place once they are complete.

use std::{
    fs::{self, File, OpenOptions},
    io, iter,
    path::{Path, PathBuf},
};

/// Number of random characters in the name.
const RANDOM: usize = 12;

/// A file that is being written. Dropping it removes the file, unless it was moved to its place. The methods block.
pub(crate) struct TemporaryFile {
    path: PathBuf,
    is_moved: bool,
}

impl TemporaryFile {
    /// Creates an empty file in `directory`, under a random name.
    pub(crate) fn create(directory: &Path) -> io::Result<(File, Self)> {
        let random: String = iter::repeat_with(fastrand::alphanumeric).take(RANDOM).collect();
        let path = directory.join(format!(".{random}.tmp"));
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        Ok((file, Self { path, is_moved: false }))
    }

    /// Moves the file to `target`, which it replaces.
    pub(crate) fn move_to(mut self, target: &Path) -> io::Result<()> {
        fs::rename(&self.path, target)?;
        self.is_moved = true;
        Ok(())
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        if !self.is_moved {
            // An error cannot be returned here. The file that remains has no effect.
            let _ = fs::remove_file(&self.path);
        }
    }
}
