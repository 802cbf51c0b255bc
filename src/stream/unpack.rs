//! Archives from the engine, written as files.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    Download,
    archive::{self, Entries, Entry},
    pipe,
};
use crate::{Error, Result, error::Kind};

impl Download {
    /// Writes what is in the archive below `directory`, which is made if it is not there.
    ///
    /// Files that are there already are replaced. Modes and the times of files are
    /// kept, but not the owners, nor the bits that let a program run as another user.
    /// Pipes and devices are left out.
    ///
    /// Nothing is written outside of `directory`, whatever the archive says: symbolic
    /// links are made as they are, and never followed.
    ///
    /// # Errors
    ///
    /// Fails if the archive breaks off or is none, if something in it would lie outside
    /// of `directory`, or if something cannot be written. What was written before stays.
    ///
    /// # Cancellation
    ///
    /// Dropping this closes the connection. The thread that writes ends soon after, in
    /// the middle of what it wrote.
    pub async fn unpack(self, directory: impl Into<PathBuf>) -> Result<()> {
        let (operation, directory) = (self.operation, directory.into());
        let work = move |source| archive::read(source, |entries| unpack(entries, &directory));
        let (thread, _guard) = pipe::read(self, work);
        pipe::outcome(thread.await).map_err(|error| error.during(operation))
    }
}

fn unpack(entries: &mut Entries<'_>, directory: &Path) -> Result<()> {
    let refused = |error| unwritten(directory, error);
    fs::create_dir_all(directory).map_err(refused)?;
    let directory = directory.canonicalize().map_err(refused)?;
    // Their modes come last, the innermost first: a mode may forbid to write.
    let mut directories = Vec::new();
    while let Some(mut entry) = entries.next()? {
        let path = directory.join(entry.path().unwrap_or_default());
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            directories.push((path, entry));
        } else if !(kind.is_fifo() || kind.is_character_special() || kind.is_block_special()) {
            write(&mut entry, &directory)
                .map_err(|error| entries.what_happened(error, |error| unwritten(&path, error)))?;
        }
    }
    directories.sort_by(|(one, _), (other, _)| other.cmp(one));
    for (path, mut entry) in directories {
        write(&mut entry, &directory).map_err(|error| unwritten(&path, error))?;
    }
    Ok(())
}

fn write(entry: &mut Entry<'_>, directory: &Path) -> io::Result<()> {
    match entry.unpack_in(directory)? {
        true => Ok(()),
        false => Err(io::Error::new(io::ErrorKind::InvalidData, "it would lie outside of the directory")),
    }
}

fn unwritten(path: &Path, error: io::Error) -> Error {
    Error::with_source(Kind::Request(format!("{} cannot be written", path.display())), error)
}
