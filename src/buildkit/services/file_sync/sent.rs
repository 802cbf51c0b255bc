//! The entries that BuildKit can request.

use std::{
    io, mem,
    path::{Path, PathBuf},
};

use crate::{Error, Result, platform};

/// The parent of an entry that has none.
const ROOT: u32 = u32::MAX;

/// All entries that were sent, by their index. Compact: each has only its name, and the index of its directory.
#[derive(Default)]
pub(super) struct Sent {
    names: Vec<u8>,
    entries: Vec<Entry>,
    /// The indices of the last entry and of its directories, the outermost first.
    last: Vec<u32>,
}

struct Entry {
    parent: u32,
    /// End of the name in `names`. It begins where that of the entry before ends.
    end: usize,
    size: u64,
    content: Content,
}

/// The content of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// There is none that can be requested, or it was requested before.
    None,
    Empty,
    File,
}

/// A file that is requested.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Requested {
    pub(super) path: PathBuf,
    /// The size that was sent, in bytes.
    pub(super) size: u64,
    pub(super) content: Content,
}

impl Sent {
    /// Adds the next entry, after its directories.
    pub(super) fn add(&mut self, path: &Path, size: u64, content: Content) -> Result<()> {
        let index = u32::try_from(self.entries.len()).ok().filter(|index| *index != ROOT);
        let index = index.ok_or_else(|| Error::local_io("failed to send the build context: too many files"))?;
        self.last.truncate(path.components().count().saturating_sub(1));
        let parent = self.last.last().copied().unwrap_or(ROOT);
        self.last.push(index);
        self.names.extend_from_slice(path.file_name().map_or(b"".as_slice(), platform::os_bytes));
        self.entries.push(Entry { parent, end: self.names.len(), size, content });
        Ok(())
    }

    /// Returns a file to send. Each file is returned once.
    pub(super) fn request(&mut self, index: u32) -> Result<Requested> {
        let entry = usize::try_from(index).ok().and_then(|index| self.entries.get_mut(index));
        let found = entry.map(|entry| (entry.size, mem::replace(&mut entry.content, Content::None)));
        match found {
            Some((size, content)) if content != Content::None => {
                Ok(Requested { path: self.path(index)?, size, content })
            }
            _ => Err(Error::invalid_input(format!(
                "BuildKit requested file {index}, which does not exist or was already requested"
            ))),
        }
    }

    /// Returns the path of an entry. Fails if a name cannot be converted back, because it is not valid Unicode (on Windows).
    fn path(&self, index: u32) -> Result<PathBuf> {
        let mut names = Vec::new();
        let mut next = usize::try_from(index).ok();
        while let Some((index, entry)) = next.and_then(|index| Some((index, self.entries.get(index)?))) {
            let begin = index.checked_sub(1).and_then(|before| self.entries.get(before)).map_or(0, |before| before.end);
            names.extend(self.names.get(begin..entry.end));
            next = usize::try_from(entry.parent).ok().filter(|_| entry.parent != ROOT);
        }
        let name = |bytes: &[u8]| {
            let failed = |error: io::Error| {
                let name = String::from_utf8_lossy(bytes);
                Error::local_io(format!("failed to read a file of the build context with the name {name:?}: {error}"))
            };
            platform::os_string(bytes).map_err(failed)
        };
        names.into_iter().rev().map(name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sent_entries_are_requested_once() {
        let mut sent = Sent::default();
        for (path, content) in [
            ("a", Content::None),
            ("a/b", Content::None),
            ("a/b/c", Content::File),
            ("a/d", Content::File),
            ("e", Content::Empty),
            ("f", Content::None),
            ("f/g", Content::File),
        ] {
            sent.add(Path::new(path), path.len() as u64, content).unwrap();
        }
        let requested = |path: &str, content| Requested { path: path.into(), size: path.len() as u64, content };
        assert_eq!(sent.request(6).unwrap(), requested("f/g", Content::File));
        assert_eq!(sent.request(2).unwrap(), requested("a/b/c", Content::File));
        assert_eq!(sent.request(4).unwrap(), requested("e", Content::Empty));
        assert_eq!(sent.request(3).unwrap(), requested("a/d", Content::File));
        for index in [0, 1, 2, 3, 4, 5, 6, 7, u32::MAX] {
            let error = sent.request(index).unwrap_err();
            assert!(error.is_bad_request(), "{index}: {error}");
        }
    }
}
