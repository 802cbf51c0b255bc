//! A directory tree that is read and written without following symbolic links.
//!
//! While a tree is read, a process that can write to it can replace any file or directory by a symbolic link. Each component
//! of a path is therefore opened relative to the one before, and none may be a link.

use std::{
    ffi::{CString, OsStr, OsString},
    fs::File,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::{Path, PathBuf},
};

use rustix::{
    fs::{self, AtFlags, Dir, FileType, Mode, OFlags, Stat},
    io::{self, Errno},
};

use crate::{Error, Result, regular_file};

/// Limit for the length of a path below the directory, in bytes: `PATH_MAX` of Linux, which no path on an engine
/// exceeds.
const MAX_PATH: usize = 4096;

/// Flags for opening directories; `O_PATH` does not need the permission to list them.
const DIRECTORY: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC).union(SEARCH);

#[cfg(target_os = "linux")]
const SEARCH: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const SEARCH: OFlags = OFlags::RDONLY;

/// Flags for opening files; `O_NONBLOCK` because the file may have been replaced by a FIFO.
const FILE: OFlags =
    OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// An open directory. Paths are relative to it, without `.` and `..`.
#[derive(Debug)]
pub(crate) struct RootDir {
    path: PathBuf,
    root: OwnedFd,
    /// The directory that was opened last: most entries are in the same directory as the entry before.
    last: Option<(PathBuf, OwnedFd)>,
}

/// Type of a directory entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    Link,
    /// A FIFO, a socket or a device.
    Other,
}

/// Attributes of a directory entry.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attributes {
    pub(crate) kind: Kind,
    pub(crate) mode: u32,
    pub(crate) owner: (u32, u32),
    /// Length, in bytes.
    pub(crate) size: u64,
    /// Time of the last change, in seconds since 1970; 0 for earlier times.
    pub(crate) modified: u64,
}

impl RootDir {
    /// Opens the directory at `path`; links in `path` itself are followed.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let root = fs::open(path, DIRECTORY, Mode::empty()).map_err(|errno| Error::read_failed(path, errno.into()))?;
        Ok(Self { path: path.to_owned(), root, last: None })
    }

    /// Opens the same directory, even if it was moved or replaced.
    #[cfg(feature = "buildkit")]
    pub(crate) fn try_clone(&self) -> Result<Self> {
        let root =
            io::fcntl_dupfd_cloexec(&self.root, 0).map_err(|errno| Error::read_failed(&self.path, errno.into()))?;
        Ok(Self { path: self.path.clone(), root, last: None })
    }

    /// Returns the full path of `path`, for error messages.
    pub(crate) fn locate(&self, path: &Path) -> PathBuf {
        if path.as_os_str().is_empty() { self.path.clone() } else { self.path.join(path) }
    }

    /// Returns the names and types of the entries of a directory, sorted by name.
    pub(crate) fn list(&mut self, path: &Path) -> Result<Vec<(OsString, Kind)>> {
        let names = self.directory(path).and_then(|directory| {
            let mut names = Vec::new();
            let flags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);
            for entry in Dir::new(fs::openat(directory, ".", flags, Mode::empty())?)? {
                let entry = entry?;
                let name = OsStr::from_bytes(entry.file_name().to_bytes());
                let kind = match entry.file_type() {
                    // Some file systems do not store the type in the directory.
                    FileType::Unknown => Attributes::from(fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?).kind,
                    known => Kind::from(known),
                };
                if name != "." && name != ".." {
                    names.push((name.to_owned(), kind));
                }
            }
            names.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
            Ok(names)
        });
        names.map_err(|errno| self.failed(path, errno))
    }

    /// Returns the attributes of an entry; of a symbolic link, those of the link itself.
    pub(crate) fn attributes(&mut self, path: &Path) -> Result<Attributes> {
        let stat = self.parent(path).and_then(|(parent, name)| fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW));
        stat.map(Attributes::from).map_err(|errno| self.failed(path, errno))
    }

    /// Opens a regular file. Anything else is an error.
    pub(crate) fn file(&mut self, path: &Path) -> Result<(File, Attributes)> {
        let opened = self.parent(path).and_then(|(parent, name)| {
            let file = fs::openat(parent, name, FILE, Mode::empty())?;
            Ok((Attributes::from(fs::fstat(&file)?), file))
        });
        match opened {
            Ok((attributes, file)) if attributes.kind == Kind::File => Ok((file.into(), attributes)),
            // `ENXIO` and `EOPNOTSUPP`: a socket, which cannot be opened.
            Ok(_) | Err(Errno::NXIO | Errno::OPNOTSUPP) => Err(regular_file::not_regular(&self.locate(path))),
            Err(errno) => Err(self.failed(path, errno)),
        }
    }

    /// Returns the target of a symbolic link.
    pub(crate) fn link(&mut self, path: &Path) -> Result<Vec<u8>> {
        let target = self.parent(path).and_then(|(parent, name)| fs::readlinkat(parent, name, Vec::new()));
        target.map(CString::into_bytes).map_err(|errno| match errno {
            Errno::INVAL => self.replaced(path),
            errno => self.failed(path, errno),
        })
    }

    /// Returns the error for an entry that is of another type than it was before.
    pub(crate) fn replaced(&self, path: &Path) -> Error {
        let path = self.locate(path);
        Error::local_io(format!("failed to read {}: replaced while the directory was read", path.display()))
    }

    pub(super) fn failed(&self, path: &Path, errno: Errno) -> Error {
        match errno {
            // A link in place of a file or of a directory.
            Errno::LOOP | Errno::NOTDIR => self.replaced(path),
            errno => Error::read_failed(&self.locate(path), errno.into()),
        }
    }

    /// Opens the directory that has the entry `path`, and returns it with the name of the entry.
    pub(crate) fn parent<'a>(&mut self, path: &'a Path) -> Result<(BorrowedFd<'_>, &'a OsStr), Errno> {
        match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => Ok((self.directory(parent)?, name)),
            // The directory itself.
            _ => Ok((self.root.as_fd(), OsStr::new("."))),
        }
    }

    /// Opens a directory, starting at the one that was opened last if that is a parent.
    fn directory(&mut self, path: &Path) -> Result<BorrowedFd<'_>, Errno> {
        if path.as_os_str().len() >= MAX_PATH {
            return Err(Errno::NAMETOOLONG);
        }
        if path.as_os_str().is_empty() {
            return Ok(self.root.as_fd());
        }
        if self.last.as_ref().is_none_or(|(last, _)| last != path) {
            let last = self.last.take();
            let above = last.and_then(|(last, directory)| Some((path.strip_prefix(last).ok()?, directory)));
            let (names, mut directory) = match above {
                Some((names, directory)) => (names, directory),
                None => (path, io::fcntl_dupfd_cloexec(&self.root, 0)?),
            };
            for name in names {
                directory = fs::openat(&directory, name, DIRECTORY.union(OFlags::NOFOLLOW), Mode::empty())?;
            }
            self.last = Some((path.to_owned(), directory));
        }
        Ok(self.last.as_ref().map_or(self.root.as_fd(), |(_, directory)| directory.as_fd()))
    }
}

impl From<FileType> for Kind {
    fn from(kind: FileType) -> Self {
        match kind {
            FileType::RegularFile => Self::File,
            FileType::Directory => Self::Directory,
            FileType::Symlink => Self::Link,
            _ => Self::Other,
        }
    }
}

impl From<Stat> for Attributes {
    #[allow(clippy::unnecessary_cast, reason = "macOS has modes of 16 bits")]
    fn from(stat: Stat) -> Self {
        Self {
            kind: FileType::from_raw_mode(stat.st_mode).into(),
            mode: stat.st_mode as u32,
            owner: (stat.st_uid, stat.st_gid),
            size: u64::try_from(stat.st_size).unwrap_or_default(),
            modified: u64::try_from(stat.st_mtime).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Read as _, os::unix::fs::symlink};

    use super::*;

    /// A directory `a/b/file`, and links to it.
    fn tree() -> tempfile::TempDir {
        let directory = tempfile::TempDir::new().unwrap();
        let at = |path: &str| directory.path().join(path);
        std::fs::create_dir_all(at("a/b")).unwrap();
        std::fs::write(at("a/b/file"), "content").unwrap();
        symlink("b", at("a/link")).unwrap();
        symlink("file", at("a/b/other")).unwrap();
        directory
    }

    #[test]
    fn root_dir_follows_no_link() {
        let tree = tree();
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
            for path in ["a/link/file", "a/b/other", "a/b/file/x"] {
                let error = root.file(Path::new(path)).unwrap_err().to_string();
                assert!(error.ends_with("replaced while the directory was read"), "{path}: {error}");
            }
            assert!(root.list(Path::new("a/link")).is_err());
            assert!(root.link(Path::new("a/b/file")).is_err());
            assert!(root.file(Path::new("a")).unwrap_err().to_string().ends_with("not a regular file"));
        }
    }

    #[test]
    fn root_dir_rejects_paths_over_path_max() {
        let tree = tempfile::TempDir::new().unwrap();
        let mut root = RootDir::open(tree.path()).unwrap();
        let name = "x".repeat(255);
        let mut path = PathBuf::new();
        while path.as_os_str().len() < MAX_PATH {
            path.push(&name);
            let (parent, name) = root.parent(&path).unwrap();
            fs::mkdirat(parent, name, Mode::RWXU).unwrap();
        }
        assert!(root.list(path.parent().unwrap()).is_ok());
        assert!(root.list(&path).is_err());
    }
}
