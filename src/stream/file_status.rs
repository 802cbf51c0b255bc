//! The status of directory entries, with what file sync needs in addition to the attributes of archives.

use std::path::Path;

use super::root_dir::RootDir;
use crate::{Result, platform::FileStatus};

impl RootDir {
    /// Returns the status of an entry.
    pub(crate) fn status(&mut self, path: &Path) -> Result<FileStatus> {
        let status = self.parent(path).and_then(|(parent, name)| parent.status(name));
        status.map_err(|error| self.failed(path, error))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{self, FileTimes, OpenOptions},
        time::{Duration, SystemTime},
    };

    use super::*;
    use crate::platform::{self, Kind};

    #[test]
    fn file_status_has_fractions_of_seconds() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("file"), "content").unwrap();
        fs::write(at("old"), "").unwrap();
        let times = |time| FileTimes::new().set_modified(time);
        let file = |name: &str| OpenOptions::new().write(true).open(at(name)).unwrap();
        // Windows counts in units of 100 nanoseconds.
        file("file").set_times(times(SystemTime::UNIX_EPOCH + Duration::new(7, 500))).unwrap();
        file("old").set_times(times(SystemTime::UNIX_EPOCH - Duration::new(2, 0))).unwrap();

        let mut root = RootDir::open(folder.path()).unwrap();
        let mut status = |name: &str| root.status(Path::new(name)).unwrap();
        let (file, old, directory) = (status("file"), status("old"), status(""));
        assert_eq!(
            (file.kind, file.mode & 0o170_000, file.size, file.modified, file.inode),
            (Kind::File, 0o100_000, 7, 7_000_000_500, None)
        );
        assert_eq!((old.modified, old.device), (-2_000_000_000, (0, 0)));
        assert_eq!((directory.kind, directory.mode & 0o170_000), (Kind::Directory, 0o040_000));
    }

    #[test]
    fn file_status_of_a_link_is_its_own() {
        if !platform::symlinks_work() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("file"), "content").unwrap();
        platform::symlink("file", folder.path().join("link")).unwrap();
        let status = RootDir::open(folder.path()).unwrap().status(Path::new("link")).unwrap();
        assert_eq!((status.kind, status.mode & 0o170_000, status.inode), (Kind::Link, 0o120_000, None));
    }
}
