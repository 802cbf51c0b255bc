//! The entries of an archive, on a thread. What stands between them is bounded, whatever the archive says.

use std::{
    cell::{Cell, RefCell},
    io::{self, Read},
    rc::Rc,
};

use super::pipe::Source;
use crate::{Error, Result, error::Kind};

/// The most that is read between two entries, in bytes: a header, and before it the name, if that is long.
const LONGEST_HEADER: usize = 1 << 20;

/// An entry, to be read.
pub(super) type Entry<'a> = tar::Entry<'a, Watched>;

/// Hands the entries of the archive in `source` to `work`, and reads to its end.
pub(super) fn read<T>(source: Source, work: impl FnOnce(&mut Entries<'_>) -> Result<T>) -> Result<T> {
    let watch = Rc::new(Watch::default());
    let mut archive = tar::Archive::new(Watched { source, watch: Rc::clone(&watch) });
    let entries = archive.entries().map_err(|error| watch.what_happened(error, no_archive))?;
    let outcome = work(&mut Entries { entries, watch: Rc::clone(&watch) })?;
    // What breaks off behind its last entry breaks off all the same.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(|error| watch.what_happened(error, no_archive))?;
    Ok(outcome)
}

pub(super) struct Entries<'a> {
    entries: tar::Entries<'a, Watched>,
    watch: Rc<Watch>,
}

impl<'a> Entries<'a> {
    pub(super) fn next(&mut self) -> Result<Option<Entry<'a>>> {
        self.watch.left.set(Some(LONGEST_HEADER));
        let entry = self.entries.next().transpose();
        self.watch.left.set(None);
        entry.map_err(|error| self.watch.what_happened(error, no_archive))
    }

    /// What went wrong with an entry: the archive breaks off, or else it is what `otherwise` says.
    pub(super) fn what_happened(&self, error: io::Error, otherwise: impl FnOnce(io::Error) -> Error) -> Error {
        self.watch.what_happened(error, otherwise)
    }
}

/// What is known of the bytes beneath an archive.
#[derive(Default)]
struct Watch {
    /// How many may still be read, if there is a limit.
    left: Cell<Option<usize>>,
    /// There are no more.
    ended: Cell<bool>,
    /// Why there are no more.
    failure: RefCell<Option<Error>>,
}

impl Watch {
    fn what_happened(&self, error: io::Error, otherwise: impl FnOnce(io::Error) -> Error) -> Error {
        match self.failure.take() {
            Some(failure) => failure,
            None if self.ended.get() => breaks_off(),
            None => otherwise(error),
        }
    }
}

pub(super) fn breaks_off() -> Error {
    Error::truncated("the archive ends in the middle of an entry")
}

/// What cannot be read, and does not break off.
pub(super) fn no_archive(error: io::Error) -> Error {
    Error::with_source(Kind::Decode("it is no tar archive".into()), error)
}

/// The bytes beneath an archive.
pub(super) struct Watched {
    source: Source,
    watch: Rc<Watch>,
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.watch.left.get();
        let most = left.map_or(buffer.len(), |left| buffer.len().min(left));
        if most == 0 && !buffer.is_empty() {
            return Err(io::Error::other("too much stands before an entry"));
        }
        let length = self.source.read(&mut buffer[..most]).inspect_err(|error| {
            let own = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
            self.watch.failure.replace(own.cloned());
        })?;
        self.watch.left.set(left.map(|left| left - length));
        self.watch.ended.set(length < most.min(1));
        Ok(length)
    }
}
