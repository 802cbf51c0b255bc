//! Creation of the directories of an archive, or of an export.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use tar::Header;

use super::root_dir::{Kind, RootDir};

/// Permissions of a new directory, of which the file mode creation mask removes some.
const MODE: u32 = 0o777;

/// Modes and times of unpacked directories. They are set after everything is unpacked, because a mode may forbid writing,
/// and each new entry changes the modification time of its directory.
///
/// Memory use is bounded by the number of directories: each path is stored once.
#[derive(Default)]
pub(crate) struct Directories(BTreeMap<PathBuf, Attributes>);

/// The attributes of a directory, of which `None` is not set. Windows has no permissions of directories to set.
pub(crate) struct Attributes {
    /// The permissions; other bits are ignored.
    pub(crate) mode: Option<u32>,
    /// Time of the last change.
    pub(crate) modified: Option<SystemTime>,
}

impl Attributes {
    pub(super) fn of(header: &Header) -> Self {
        Self { mode: header.mode().ok(), modified: modified(header) }
    }
}

/// Returns the time of the last change, if the system can represent it.
pub(super) fn modified(header: &Header) -> Option<SystemTime> {
    UNIX_EPOCH.checked_add(Duration::from_secs(header.mtime().ok()?))
}

/// Creates a directory and its parents, unless they exist.
pub(super) fn create_all(root: &mut RootDir, path: &Path) -> io::Result<()> {
    let mut above = PathBuf::new();
    for name in path {
        above.push(name);
        let (parent, name) = root.parent(&above)?;
        match parent.create_dir(name, MODE) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => made?,
        }
    }
    Ok(())
}

impl Directories {
    /// Creates a directory and its parents, unless they exist.
    pub(crate) fn make(&mut self, root: &mut RootDir, path: PathBuf, attributes: Attributes) -> io::Result<()> {
        create_all(root, &path)?;
        let (parent, name) = root.parent(&path)?;
        let found = parent.attributes(name)?;
        if found.kind != Kind::Directory {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        parent.make_writable(name, found.mode);
        self.0.insert(path, attributes);
        Ok(())
    }

    /// Sets modes and times, the innermost directories first. Returns the directory that cannot be changed with its error.
    pub(crate) fn finish(self, root: &mut RootDir) -> Result<(), (PathBuf, io::Error)> {
        for (path, Attributes { mode, modified }) in self.0.into_iter().rev() {
            let set =
                root.parent(&path).and_then(|(parent, name)| parent.set_directory_attributes(name, mode, modified));
            if let Err(error) = set {
                return Err((path, error));
            }
        }
        Ok(())
    }
}
