//! Traversal of a directory tree: sorted by name, directories before their entries.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    vec,
};

use super::root_dir::{Kind, RootDir};
use crate::Result;

/// A traversal. It enters only the directories that are passed to [`enter`](Self::enter).
#[derive(Default)]
pub(crate) struct Walk(Vec<Level>);

/// A directory that the walk is in.
struct Level {
    path: PathBuf,
    /// The entries that were not yet returned.
    names: vec::IntoIter<(OsString, Kind)>,
}

/// A directory entry.
#[derive(Debug)]
pub(crate) struct WalkEntry {
    /// Path, relative to the root.
    pub(crate) path: PathBuf,
    /// Type, when the directory was listed.
    pub(crate) kind: Kind,
}

impl Walk {
    /// Lists `directory`, whose entries are returned next.
    pub(crate) fn enter(&mut self, root: &mut RootDir, directory: &Path) -> Result<()> {
        let names = root.list(directory)?.into_iter();
        self.0.push(Level { path: directory.to_owned(), names });
        Ok(())
    }

    /// Returns the next entry.
    pub(crate) fn next(&mut self) -> Option<WalkEntry> {
        while let Some(level) = self.0.last_mut() {
            if let Some((name, kind)) = level.names.next() {
                return Some(WalkEntry { path: level.path.join(name), kind });
            }
            self.0.pop();
        }
        None
    }

    /// Returns the depth of the last entry below the directory that was entered first.
    pub(crate) fn depth(&self) -> usize {
        self.0.len().saturating_sub(1)
    }
}
