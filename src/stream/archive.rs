//! Blocking reads of tar archives. The size of headers and long names is bounded.

use std::{
    cell::{Cell, RefCell},
    io::{self, Read},
    rc::Rc,
};

use super::pipe::Source;
use crate::{Error, Result, error::Kind};

/// Maximum number of bytes before the content of an entry: its header, and long names and other extensions.
const MAX_HEADER_SIZE: usize = 1 << 20;

/// An entry whose content can be read.
pub(super) type Entry<'a> = tar::Entry<'a, TrackedSource>;

/// Calls `work` with the entries of the archive in `source`, and then reads `source` to its end.
pub(super) fn read<T>(source: Source, work: impl FnOnce(&mut Entries<'_>) -> Result<T>) -> Result<T> {
    let state = Rc::new(ReadState::default());
    let mut archive = tar::Archive::new(TrackedSource { source, state: Rc::clone(&state) });
    let entries = archive.entries().map_err(|error| state.read_error(error, invalid_archive))?;
    let outcome = work(&mut Entries { entries, state: Rc::clone(&state) })?;
    // A download that is truncated after the last entry is an error too.
    io::copy(&mut archive.into_inner(), &mut io::sink()).map_err(|error| state.read_error(error, invalid_archive))?;
    Ok(outcome)
}

pub(super) struct Entries<'a> {
    entries: tar::Entries<'a, TrackedSource>,
    state: Rc<ReadState>,
}

impl<'a> Entries<'a> {
    pub(super) fn next(&mut self) -> Result<Option<Entry<'a>>> {
        self.state.left.set(Some(MAX_HEADER_SIZE));
        let entry = self.entries.next().transpose();
        self.state.left.set(None);
        entry.map_err(|error| self.state.read_error(error, invalid_archive))
    }

    /// Returns the cause of an error of the `tar` crate: an error of the download, a truncated archive, or `otherwise`.
    pub(super) fn read_error(&self, error: io::Error, otherwise: impl FnOnce(io::Error) -> Error) -> Error {
        self.state.read_error(error, otherwise)
    }
}

/// State of the source of an archive.
#[derive(Default)]
struct ReadState {
    /// Number of bytes that may still be read, if limited.
    left: Cell<Option<usize>>,
    /// Whether the source has reached its end.
    ended: Cell<bool>,
    /// The error of the source.
    failure: RefCell<Option<Error>>,
}

impl ReadState {
    fn read_error(&self, error: io::Error, otherwise: impl FnOnce(io::Error) -> Error) -> Error {
        match self.failure.take() {
            Some(failure) => failure,
            None if self.ended.get() => truncated(),
            None => otherwise(error),
        }
    }
}

pub(super) fn truncated() -> Error {
    Error::truncated("unexpected end of the archive inside an entry")
}

/// The error for an archive that is complete but not valid.
pub(super) fn invalid_archive(error: io::Error) -> Error {
    Error::with_source(Kind::Decode("not a tar archive".into()), error)
}

/// The source of an archive, with its [`ReadState`].
pub(super) struct TrackedSource {
    source: Source,
    state: Rc<ReadState>,
}

impl Read for TrackedSource {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.state.left.get();
        let most = left.map_or(buffer.len(), |left| buffer.len().min(left));
        if most == 0 && !buffer.is_empty() {
            return Err(io::Error::other("the headers of a tar entry are too large"));
        }
        let length = self.source.read(&mut buffer[..most]).inspect_err(|error| {
            let own = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
            self.state.failure.replace(own.cloned());
        })?;
        self.state.left.set(left.map(|left| left - length));
        self.state.ended.set(length < most.min(1));
        Ok(length)
    }
}
