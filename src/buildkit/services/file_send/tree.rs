//! Writing a directory tree, without following symbolic links.

use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, ErrorKind},
    mem,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use crate::{
    Error, Result,
    platform::{self, Kind},
    stream::{Directories, DirectoryAttributes, RootDir},
};

/// Permissions of a new directory, until it is complete.
const MODE: u32 = 0o700;

/// A directory whose entries are written. Paths are relative to it, without `.` and `..`.
pub(super) struct Tree {
    root: RootDir,
    directories: Directories,
}

/// The attributes of an entry that are restored.
#[derive(Clone, Copy)]
pub(super) struct Attributes {
    /// The permissions; other bits are ignored. On Windows, a file without the permission to write is read-only.
    pub(super) mode: u32,
    /// Time of the last change, in nanoseconds since 1970.
    pub(super) modified: i64,
}

impl Tree {
    /// Opens the directory at `path`, which is created if it does not exist. Links in `path` itself are followed.
    pub(super) fn open(path: &Path) -> Result<Self> {
        fs::create_dir_all(path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => Error::write_failed(path, ErrorKind::NotADirectory.into()),
            _ => Error::write_failed(path, error),
        })?;
        Ok(Self { root: RootDir::open(path)?, directories: Directories::default() })
    }

    /// Creates a directory, or uses the one that exists. Its attributes are set by [`finish`](Self::finish).
    pub(super) fn make_directory(&mut self, path: PathBuf, attributes: Attributes) -> Result<()> {
        let made = self.root.parent(&path).and_then(|(parent, name)| match parent.create_dir(name, MODE) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                if parent.attributes(name)?.kind == Kind::Directory {
                    return Ok(());
                }
                parent.remove_file(name)?;
                parent.create_dir(name, MODE)
            }
            made => made,
        });
        made.map_err(|error| self.failed(&path, error))?;
        let located = self.root.locate(&path);
        let attributes = DirectoryAttributes { mode: Some(attributes.mode), modified: Some(time(attributes.modified)) };
        let made = self.directories.make(&mut self.root, path, attributes);
        made.map_err(|error| Error::write_failed(&located, error))
    }

    /// Creates a file. Replaces an existing file or link.
    pub(super) fn create_file(&mut self, path: &Path) -> Result<File> {
        let created = self.root.parent(path).and_then(|(parent, name)| {
            parent.remove_file(name)?;
            parent.create_file(name)
        });
        created.map_err(|error| self.failed(path, error))
    }

    /// Sets the attributes of a file that is complete.
    pub(super) fn finish_file(&self, path: &Path, file: &File, attributes: Attributes) -> Result<()> {
        let set = platform::set_file_attributes(file, attributes.mode, time(attributes.modified));
        set.map_err(|error| self.failed(path, error))
    }

    /// Creates a symbolic link. Replaces an existing file or link.
    pub(super) fn make_link(&mut self, path: &Path, target: &OsStr, modified: i64) -> Result<()> {
        let made = self.root.parent(path).and_then(|(parent, name)| {
            parent.remove_file(name)?;
            parent.create_link(name, target, Some(time(modified)))
        });
        made.map_err(|error| self.failed(path, error))
    }

    /// Creates a hard link to the file `target`. Replaces an existing file or link.
    pub(super) fn make_hard_link(&mut self, path: &Path, target: &Path) -> Result<()> {
        let found = self.root.parent(target).and_then(|(parent, name)| match parent.attributes(name)?.kind {
            Kind::File => Ok((parent.try_clone()?, name)),
            // BuildKit does not describe other links and directories as hard links.
            Kind::Directory | Kind::Link | Kind::Other => Err(ErrorKind::InvalidInput.into()),
        });
        let (target_parent, target_name) = found.map_err(|error| self.failed(target, error))?;
        let made = self.root.parent(path).and_then(|(parent, name)| {
            parent.remove_file(name)?;
            parent.create_hard_link(name, &target_parent, target_name)
        });
        made.map_err(|error| self.failed(path, error))
    }

    /// Sets the attributes of the directories, after everything else was written.
    pub(super) fn finish(&mut self) -> Result<()> {
        let finished = mem::take(&mut self.directories).finish(&mut self.root);
        finished.map_err(|(path, error)| self.write_error(&path, error))
    }

    /// Returns the error for an entry that cannot be written.
    pub(super) fn write_error(&self, path: &Path, error: io::Error) -> Error {
        self.root.write_error(path, error)
    }

    fn failed(&self, path: &Path, error: io::Error) -> Error {
        let cause = match error.kind() {
            ErrorKind::NotADirectory => "a file or a symbolic link is in the place of a directory",
            ErrorKind::IsADirectory => "a directory is in the place of a file",
            ErrorKind::InvalidInput => "not a valid name or link",
            _ => return self.write_error(path, error),
        };
        Error::local_io(format!("failed to write {}: {cause}", self.root.locate(path).display()))
    }
}

fn time(nanoseconds: i64) -> SystemTime {
    // No overflow: times of all systems have a range of thousands of years.
    let distance = Duration::from_nanos(nanoseconds.unsigned_abs());
    if nanoseconds < 0 { UNIX_EPOCH - distance } else { UNIX_EPOCH + distance }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::{symlink, symlinks_work};

    const ATTRIBUTES: Attributes = Attributes { mode: 0o750, modified: -1_500_000_000 };

    #[test]
    fn export_tree_restores_modes_and_times() {
        let folder = tempfile::tempdir().unwrap();
        let mut tree = Tree::open(&folder.path().join("new/out")).unwrap();
        let at = |path: &str| folder.path().join("new/out").join(path);
        let has_mode = |path: &str, mode| platform::mode(&at(path)).is_none_or(|found| found == mode);
        tree.make_directory("dir".into(), Attributes { mode: 0o711, ..ATTRIBUTES }).unwrap();
        let file = tree.create_file(Path::new("dir/file")).unwrap();
        assert!(has_mode("dir/file", 0o600));
        tree.finish_file(Path::new("dir/file"), &file, Attributes { mode: 0o6755, ..ATTRIBUTES }).unwrap();
        tree.make_hard_link(Path::new("dir/other"), Path::new("dir/file")).unwrap();
        tree.finish().unwrap();
        for (path, mode) in [("dir", 0o711), ("dir/file", 0o755), ("dir/other", 0o755)] {
            assert!(has_mode(path, mode), "{path}");
            let modified = at(path).symlink_metadata().unwrap().modified().unwrap();
            assert_eq!(modified, UNIX_EPOCH - Duration::from_millis(1500), "{path}");
        }
        fs::write(at("dir/file"), "the same file").unwrap();
        assert_eq!(fs::read(at("dir/other")).unwrap(), b"the same file");
    }

    #[test]
    fn export_tree_restores_the_time_of_links() {
        if !symlinks_work() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let mut tree = Tree::open(folder.path()).unwrap();
        tree.make_link(Path::new("link"), "nowhere".as_ref(), 7_000_000_000).unwrap();
        let link = folder.path().join("link");
        assert_eq!(link.read_link().unwrap(), Path::new("nowhere"));
        assert_eq!(link.symlink_metadata().unwrap().modified().unwrap(), UNIX_EPOCH + Duration::from_secs(7));
    }

    #[test]
    fn export_tree_replaces_a_read_only_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut tree = Tree::open(folder.path()).unwrap();
        let path = Path::new("file");
        for _ in 0..2 {
            let file = tree.create_file(path).unwrap();
            tree.finish_file(path, &file, Attributes { mode: 0o444, ..ATTRIBUTES }).unwrap();
            assert!(folder.path().join(path).metadata().unwrap().permissions().readonly());
        }
        tree.make_hard_link(Path::new("other"), path).unwrap();
        for name in ["file", "other"] {
            tree.create_file(Path::new(name)).unwrap();
            assert!(!folder.path().join(name).metadata().unwrap().permissions().readonly(), "{name}");
        }
    }

    #[test]
    fn export_tree_instead_of_a_file_is_an_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for path in [file.path().to_owned(), file.path().join("out")] {
            let error = Tree::open(&path).err().unwrap();
            assert!(error.is_local_io() && error.to_string().ends_with(": not a directory"), "{error}");
        }
    }

    #[test]
    fn export_tree_replaces_links() {
        if !symlinks_work() {
            return;
        }
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let at = |path: &str| folder.path().join(path);
        fs::write(outside.path().join("file"), "kept").unwrap();
        for (link, target) in [("file", "file"), ("link", "file"), ("hard", "file"), ("dir", ".")] {
            symlink(outside.path().join(target), at(link)).unwrap();
        }
        let mut tree = Tree::open(folder.path()).unwrap();
        tree.create_file(Path::new("file")).unwrap();
        tree.make_link(Path::new("link"), "other".as_ref(), 0).unwrap();
        tree.make_hard_link(Path::new("hard"), Path::new("file")).unwrap();
        tree.make_directory("dir".into(), ATTRIBUTES).unwrap();
        tree.create_file(Path::new("dir/new")).unwrap();
        for name in ["file", "hard"] {
            assert!(at(name).symlink_metadata().unwrap().is_file(), "{name}");
        }
        assert_eq!(at("link").read_link().unwrap(), Path::new("other"));
        assert!(at("dir").symlink_metadata().unwrap().is_dir());
        let written: Vec<_> = outside.path().read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(written, ["file"]);
        assert_eq!(fs::read(outside.path().join("file")).unwrap(), b"kept");
    }

    #[test]
    fn export_tree_replaces_files_but_not_directories() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        fs::create_dir(at("old")).unwrap();
        fs::write(at("dir"), "").unwrap();
        fs::write(at("file"), "").unwrap();
        let mut tree = Tree::open(folder.path()).unwrap();
        tree.make_directory("dir".into(), ATTRIBUTES).unwrap();
        assert!(at("dir").is_dir());
        let error = tree.create_file(Path::new("file/new")).unwrap_err().to_string();
        assert!(error.ends_with("a file or a symbolic link is in the place of a directory"), "{error}");
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
        if !symlinks_work() {
            return;
        }
        let (folder, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(outside.path().join("dir")).unwrap();
        fs::write(outside.path().join("file"), "secret").unwrap();
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
