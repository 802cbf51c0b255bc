//! A directory tree that is read and written without following symbolic links.
//!
//! While a tree is read, a process that can write to it can replace any file or directory by a symbolic link. Each component
//! of a path is therefore opened relative to the one before, and none may be a link.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io,
    path::{Path, PathBuf},
};

pub(crate) use crate::platform::{Attributes, Kind};
use crate::{Error, Result, platform::Dir, regular_file};

/// Limit for the length of a path below the directory, in bytes: Linux's `PATH_MAX`, which no path on an engine
/// exceeds.
const MAX_PATH: usize = 4096;

/// An open directory. Paths are relative to it, without `.` and `..`.
#[derive(Debug)]
pub(crate) struct RootDir {
    path: PathBuf,
    root: Dir,
    /// The directory that was opened last: most entries are in the same directory as the entry before.
    last: Option<(PathBuf, Dir)>,
}

impl RootDir {
    /// Opens the directory at `path`; links in `path` itself are followed.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let root = Dir::open(path).map_err(|error| Error::read_failed(path, error))?;
        Ok(Self { path: path.to_owned(), root, last: None })
    }

    /// Opens the same directory, even if it was moved or replaced.
    #[cfg(feature = "buildkit")]
    pub(crate) fn try_clone(&self) -> Result<Self> {
        let root = self.root.try_clone().map_err(|error| Error::read_failed(&self.path, error))?;
        Ok(Self { path: self.path.clone(), root, last: None })
    }

    /// Returns the full path of `path`, for error messages.
    pub(crate) fn locate(&self, path: &Path) -> PathBuf {
        if path.as_os_str().is_empty() { self.path.clone() } else { self.path.join(path) }
    }

    /// Returns the names and types of the entries of a directory, sorted by name.
    pub(crate) fn list(&mut self, path: &Path) -> Result<Vec<(OsString, Kind)>> {
        let names = self.directory(path).and_then(Dir::list).map(|mut names| {
            names.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
            names
        });
        names.map_err(|error| self.failed(path, error))
    }

    /// Returns the attributes of an entry; of a symbolic link, those of the link itself.
    pub(crate) fn attributes(&mut self, path: &Path) -> Result<Attributes> {
        let attributes = self.parent(path).and_then(|(parent, name)| parent.attributes(name));
        attributes.map_err(|error| self.failed(path, error))
    }

    /// Opens a regular file. Anything else is an error.
    pub(crate) fn file(&mut self, path: &Path) -> Result<(File, Attributes)> {
        let opened = self.parent(path).and_then(|(parent, name)| parent.open_file(name));
        opened.map_err(|error| self.failed(path, error))
    }

    /// Returns the target of a symbolic link, with slashes.
    pub(crate) fn link(&mut self, path: &Path) -> Result<Vec<u8>> {
        let target = self.parent(path).and_then(|(parent, name)| parent.read_link(name));
        target.map_err(|error| match error.kind() {
            // Not a link.
            io::ErrorKind::InvalidInput => self.replaced(path),
            _ => self.failed(path, error),
        })
    }

    /// Returns the error for an entry that is of another type than it was before.
    pub(crate) fn replaced(&self, path: &Path) -> Error {
        let path = self.locate(path);
        Error::local_io(format!("failed to read {}: replaced while the directory was read", path.display()))
    }

    /// Returns the error for an entry that cannot be read.
    pub(super) fn failed(&self, path: &Path, error: io::Error) -> Error {
        match error.kind() {
            // A link was found where a file or a directory was expected.
            io::ErrorKind::NotADirectory => self.replaced(path),
            _ => regular_file::read_error(&self.locate(path), error),
        }
    }

    /// Returns the error for an entry that cannot be written.
    pub(crate) fn write_error(&self, path: &Path, error: io::Error) -> Error {
        let path = self.locate(path);
        match error.get_ref() {
            // An error of this crate, not of the operating system.
            Some(why) => Error::local_io(format!("failed to write {}: {why}", path.display())),
            None => Error::write_failed(&path, error),
        }
    }

    /// Opens the directory that has the entry `path`, and returns it with the name of the entry.
    pub(crate) fn parent<'a>(&mut self, path: &'a Path) -> io::Result<(&Dir, &'a OsStr)> {
        match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => Ok((self.directory(parent)?, name)),
            // The directory itself.
            _ => Ok((&self.root, OsStr::new("."))),
        }
    }

    /// Opens a directory, starting at the one that was opened last if that is a parent.
    fn directory(&mut self, path: &Path) -> io::Result<&Dir> {
        if path.as_os_str().len() >= MAX_PATH {
            return Err(io::ErrorKind::InvalidFilename.into());
        }
        if path.as_os_str().is_empty() {
            return Ok(&self.root);
        }
        if self.last.as_ref().is_none_or(|(last, _)| last != path) {
            let last = self.last.take();
            let above = last.and_then(|(last, directory)| Some((path.strip_prefix(last).ok()?, directory)));
            let (names, mut directory) = match above {
                Some((names, directory)) => (names, directory),
                None => (path, self.root.try_clone()?),
            };
            for name in names {
                directory = directory.open_dir(name)?;
            }
            self.last = Some((path.to_owned(), directory));
        }
        Ok(self.last.as_ref().map_or(&self.root, |(_, directory)| directory))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use crate::platform::{symlink, symlinks_work};

    /// A directory `a/b/file`, and links to it. `None` if this user may not create links.
    fn tree() -> Option<tempfile::TempDir> {
        let directory = tempfile::TempDir::new().unwrap();
        let at = |path: &str| directory.path().join(path);
        std::fs::create_dir_all(at("a/b")).unwrap();
        std::fs::write(at("a/b/file"), "content").unwrap();
        if !symlinks_work() {
            return None;
        }
        symlink("b", at("a/link")).unwrap();
        symlink("file", at("a/b/other")).unwrap();
        Some(directory)
    }

    #[test]
    fn root_dir_follows_no_link() {
        let Some(tree) = tree() else { return };
        let mut root = RootDir::open(tree.path()).unwrap();
        // The second round starts from the directory that was opened last.
        for _ in 0..2 {
            let mut content = String::new();
            root.file(Path::new("a/b/file")).unwrap().0.read_to_string(&mut content).unwrap();
            assert_eq!(content, "content");
            assert_eq!(root.attributes(Path::new("a")).unwrap().kind, Kind::Directory);
            assert_eq!(root.attributes(Path::new("a/link")).unwrap().kind, Kind::Link);
            assert_eq!(root.link(Path::new("a/b/other")).unwrap(), b"file");
            assert_eq!(root.list(Path::new("a/b")).unwrap().len(), 2);
            for path in ["a/link/file", "a/b/other"] {
                let error = root.file(Path::new(path)).unwrap_err().to_string();
                assert!(error.ends_with("replaced while the directory was read"), "{path}: {error}");
            }
            assert!(root.list(Path::new("a/link")).is_err());
        }
    }

    #[test]
    fn root_dir_checks_types() {
        let directory = tempfile::TempDir::new().unwrap();
        std::fs::create_dir(directory.path().join("a")).unwrap();
        std::fs::write(directory.path().join("a/file"), "content").unwrap();
        let mut root = RootDir::open(directory.path()).unwrap();
        for _ in 0..2 {
            let replaced = [
                root.file(Path::new("a/file/x")).unwrap_err(),
                root.link(Path::new("a/file")).unwrap_err(),
                root.list(Path::new("a/file")).unwrap_err(),
            ];
            for error in replaced.map(|error| error.to_string()) {
                assert!(error.ends_with("replaced while the directory was read"), "{error}");
            }
            assert!(root.file(Path::new("a")).unwrap_err().to_string().ends_with("not a regular file"));
            assert!(root.file(Path::new("a/none")).unwrap_err().to_string().ends_with("no such file or directory"));
            assert_eq!(root.list(Path::new("")).unwrap(), [("a".into(), Kind::Directory)]);
            assert_eq!(root.file(Path::new("a/file")).unwrap().1.size, 7);
        }
    }
}
