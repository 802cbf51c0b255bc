//! Writing a directory tree, without following symbolic links.

use std::{
    ffi::OsStr,
    fs::File,
    io::ErrorKind,
    mem,
    os::fd::BorrowedFd,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{self, AtFlags, FileType, Mode, OFlags, RawMode, Timespec, Timestamps, UTIME_OMIT},
    io::{self, Errno},
};

use crate::{
    Error, Result,
    stream::{Directories, DirectoryAttributes, RootDir},
};

/// Flags for creating a file that does not exist.
const CREATE: OFlags =
    OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::EXCL).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

const NANOSECONDS: i64 = 1_000_000_000;

/// A directory whose entries are written. Paths are relative to it, without `.` and `..`.
pub(super) struct Tree {
    root: RootDir,
    directories: Directories,
}

/// The attributes of an entry that are restored.
#[derive(Clone, Copy)]
pub(super) struct Attributes {
    /// The permissions; other bits are ignored.
    pub(super) mode: u32,
    /// Time of the last change, in nanoseconds since 1970.
    pub(super) modified: i64,
}

impl Tree {
    /// Opens the directory at `path`, which is created if it does not exist. Links in `path` itself are followed.
    pub(super) fn open(path: &Path) -> Result<Self> {
        std::fs::create_dir_all(path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Error::write_failed(path, ErrorKind::NotADirectory.into()),
            _ => Error::write_failed(path, error),
        })?;
        Ok(Self { root: RootDir::open(path)?, directories: Directories::default() })
    }

    /// Creates a directory, or uses the one that exists. Its attributes are set by [`finish`](Self::finish).
    pub(super) fn make_directory(&mut self, path: PathBuf, attributes: Attributes) -> Result<()> {
        let made = self.root.parent(&path).and_then(|(parent, name)| match fs::mkdirat(parent, name, Mode::RWXU) {
            Err(Errno::EXIST) if kind(parent, name)? != FileType::Directory => {
                remove(parent, name)?;
                fs::mkdirat(parent, name, Mode::RWXU)
            }
            Err(Errno::EXIST) => Ok(()),
            made => made,
        });
        made.map_err(|errno| self.failed(&path, errno))?;
        let located = self.root.locate(&path);
        let attributes =
            DirectoryAttributes { mode: Some(attributes.mode), modified: Some(timespec(attributes.modified)) };
        let made = self.directories.make(&mut self.root, path, attributes);
        made.map_err(|error| Error::write_failed(&located, error))
    }

    /// Creates a file, in place of an existing file or link.
    pub(super) fn create_file(&mut self, path: &Path) -> Result<File> {
        let created = self.root.parent(path).and_then(|(parent, name)| {
            remove(parent, name)?;
            fs::openat(parent, name, CREATE, Mode::RUSR | Mode::WUSR)
        });
        created.map(File::from).map_err(|errno| self.failed(path, errno))
    }

    /// Sets the attributes of a file that is complete.
    pub(super) fn finish_file(&self, path: &Path, file: &File, attributes: Attributes) -> Result<()> {
        // Without setuid, setgid and sticky bits: the file has another owner here.
        let permissions = Mode::from_raw_mode((attributes.mode & 0o777) as RawMode);
        let set = fs::futimens(file, &times(attributes.modified)).and_then(|()| fs::fchmod(file, permissions));
        set.map_err(|errno| self.failed(path, errno))
    }

    /// Creates a symbolic link, in place of an existing file or link.
    pub(super) fn make_link(&mut self, path: &Path, target: &OsStr, modified: i64) -> Result<()> {
        let made = self.root.parent(path).and_then(|(parent, name)| {
            remove(parent, name)?;
            fs::symlinkat(target, parent, name)?;
            fs::utimensat(parent, name, &times(modified), AtFlags::SYMLINK_NOFOLLOW)
        });
        made.map_err(|errno| self.failed(path, errno))
    }

    /// Creates another name of the file `target`, in place of an existing file or link.
    pub(super) fn make_hard_link(&mut self, path: &Path, target: &Path) -> Result<()> {
        let made = self.root.parent(target).and_then(|(parent, name)| {
            // BuildKit does not describe other links and directories as hard links.
            match kind(parent, name)? {
                FileType::RegularFile => io::fcntl_dupfd_cloexec(parent, 0).map(|parent| (parent, name)),
                _ => Err(Errno::INVAL),
            }
        });
        let (target_parent, target_name) = made.map_err(|errno| self.failed(target, errno))?;
        let made = self.root.parent(path).and_then(|(parent, name)| {
            remove(parent, name)?;
            fs::linkat(&target_parent, target_name, parent, name, AtFlags::empty())
        });
        made.map_err(|errno| self.failed(path, errno))
    }

    /// Sets the attributes of the directories, after everything else was written.
    pub(super) fn finish(&mut self) -> Result<()> {
        let finished = mem::take(&mut self.directories).finish(&mut self.root);
        finished.map_err(|(path, error)| Error::write_failed(&self.root.locate(&path), error))
    }

    /// Returns the error for an entry that cannot be written.
    pub(super) fn write_error(&self, path: &Path, error: std::io::Error) -> Error {
        Error::write_failed(&self.root.locate(path), error)
    }

    fn failed(&self, path: &Path, errno: Errno) -> Error {
        let cause = match errno {
            Errno::LOOP | Errno::NOTDIR => "a file or a symbolic link is in the place of a directory",
            Errno::ISDIR => "a directory is in the place of a file",
            Errno::INVAL => "not a valid name or link",
            errno => return self.write_error(path, errno.into()),
        };
        Error::local_io(format!("failed to write {}: {cause}", self.root.locate(path).display()))
    }
}

fn kind(parent: BorrowedFd<'_>, name: &OsStr) -> Result<FileType, Errno> {
    Ok(FileType::from_raw_mode(fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?.st_mode))
}

/// Removes a file or a link, if it exists.
fn remove(parent: BorrowedFd<'_>, name: &OsStr) -> Result<(), Errno> {
    match fs::unlinkat(parent, name, AtFlags::empty()) {
        Err(Errno::NOENT) => Ok(()),
        // POSIX specifies this error for a directory; Linux returns another one.
        Err(Errno::PERM) if kind(parent, name)? == FileType::Directory => Err(Errno::ISDIR),
        removed => removed,
    }
}

fn times(modified: i64) -> Timestamps {
    let last_access = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
    Timestamps { last_access, last_modification: timespec(modified) }
}

fn timespec(nanoseconds: i64) -> Timespec {
    // The type of the fraction depends on the platform, and the remainder fits in each.
    Timespec { tv_sec: nanoseconds.div_euclid(NANOSECONDS), tv_nsec: nanoseconds.rem_euclid(NANOSECONDS) as _ }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

    use super::*;

    const ATTRIBUTES: Attributes = Attributes { mode: 0o750, modified: -1_500_000_000 };

    #[test]
    fn export_tree_restores_modes_and_times() {
        let folder = tempfile::tempdir().unwrap();
        let mut tree = Tree::open(&folder.path().join("new/out")).unwrap();
        let at = |path: &str| folder.path().join("new/out").join(path);
        tree.make_directory("dir".into(), Attributes { mode: 0o711, ..ATTRIBUTES }).unwrap();
        let file = tree.create_file(Path::new("dir/file")).unwrap();
        assert_eq!(at("dir/file").metadata().unwrap().permissions().mode() & 0o7777, 0o600);
        tree.finish_file(Path::new("dir/file"), &file, Attributes { mode: 0o6755, ..ATTRIBUTES }).unwrap();
        tree.make_hard_link(Path::new("dir/other"), Path::new("dir/file")).unwrap();
        tree.make_link(Path::new("dir/link"), "/nowhere".as_ref(), 7_000_000_000).unwrap();
        tree.finish().unwrap();
        for (path, mode) in [("dir", 0o711), ("dir/file", 0o755), ("dir/other", 0o755)] {
            let metadata = at(path).symlink_metadata().unwrap();
            assert_eq!(metadata.permissions().mode() & 0o7777, mode, "{path}");
            assert_eq!((metadata.mtime(), metadata.mtime_nsec()), (-2, 500_000_000), "{path}");
        }
        assert_eq!(at("dir/file").metadata().unwrap().ino(), at("dir/other").metadata().unwrap().ino());
        assert_eq!(at("dir/link").read_link().unwrap(), Path::new("/nowhere"));
        assert_eq!(at("dir/link").symlink_metadata().unwrap().mtime(), 7);
    }

    #[test]
    fn export_tree_in_place_of_a_file_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for path in [file.path().to_owned(), file.path().join("out")] {
            let error = Tree::open(&path).err().unwrap();
            assert!(error.is_local_io() && error.to_string().ends_with(": not a directory"), "{error}");
        }
    }

    #[test]
    fn export_tree_replaces_links_and_keeps_directories() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let at = |path: &str| folder.path().join(path);
        std::fs::write(outside.path().join("file"), "kept").unwrap();
        std::fs::create_dir(at("old")).unwrap();
        for (link, target) in [("file", "file"), ("link", "file"), ("hard", "file"), ("dir", ".")] {
            symlink(outside.path().join(target), at(link)).unwrap();
        }
        let mut tree = Tree::open(folder.path()).unwrap();
        tree.create_file(Path::new("file")).unwrap();
        tree.make_link(Path::new("link"), "other".as_ref(), 0).unwrap();
        tree.make_hard_link(Path::new("hard"), Path::new("file")).unwrap();
        tree.make_directory("dir".into(), ATTRIBUTES).unwrap();
        tree.make_directory("old".into(), ATTRIBUTES).unwrap();
        tree.create_file(Path::new("dir/new")).unwrap();
        for name in ["file", "hard"] {
            assert!(at(name).symlink_metadata().unwrap().is_file(), "{name}");
        }
        assert_eq!(at("link").read_link().unwrap(), Path::new("other"));
        assert!(at("dir").symlink_metadata().unwrap().is_dir());
        let written: Vec<_> = outside.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(written, ["file"]);
        assert_eq!(std::fs::read(outside.path().join("file")).unwrap(), b"kept");

        for outcome in [
            tree.create_file(Path::new("old")).map(drop),
            tree.make_link(Path::new("old"), "x".as_ref(), 0),
            tree.make_hard_link(Path::new("old"), Path::new("file")),
        ] {
            let error = outcome.unwrap_err().to_string();
            assert!(error.ends_with("old: a directory is in the place of a file"), "{error}");
        }
    }

    #[test]
    fn export_tree_writes_nothing_through_links() {
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::create_dir(outside.path().join("dir")).unwrap();
        std::fs::write(outside.path().join("file"), "secret").unwrap();
        symlink(outside.path(), folder.path().join("link")).unwrap();
        symlink(outside.path().join("file"), folder.path().join("file")).unwrap();
        let mut tree = Tree::open(folder.path()).unwrap();
        for outcome in [
            tree.create_file(Path::new("link/new")).map(drop),
            tree.create_file(Path::new("link/dir/new")).map(drop),
            tree.make_directory("link/new".into(), ATTRIBUTES),
            tree.make_link(Path::new("link/new"), "x".as_ref(), 0),
            tree.make_hard_link(Path::new("link/new"), Path::new("file")),
            tree.make_hard_link(Path::new("new"), Path::new("link/file")),
            tree.make_hard_link(Path::new("new"), Path::new("file")),
            tree.make_hard_link(Path::new("new"), Path::new("none")),
        ] {
            assert!(outcome.unwrap_err().to_string().starts_with("failed to write"));
        }
        assert_eq!(folder.path().read_dir().unwrap().count(), 2);
        assert_eq!(outside.path().read_dir().unwrap().count(), 2);
        assert_eq!(outside.path().join("dir").read_dir().unwrap().count(), 0);
    }
}
