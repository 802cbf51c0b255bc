//! The status of directory entries, with what file sync needs in addition to the attributes of archives.

use std::path::Path;

use rustix::fs::{self, AtFlags, FileType, Stat};

use super::root_dir::{Kind, RootDir};
use crate::Result;

/// The status of a directory entry; of a symbolic link, that of the link itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileStatus {
    pub(crate) kind: Kind,
    /// Type and permissions.
    pub(crate) mode: u32,
    /// Length, in bytes.
    pub(crate) size: u64,
    /// Time of the last change, in nanoseconds since 1970.
    pub(crate) modified: i64,
    /// The major and minor number of a device.
    pub(crate) device: (u32, u32),
    /// The numbers of the file system and of the file, if the file has several names.
    pub(crate) inode: Option<(u64, u64)>,
}

impl RootDir {
    /// Returns the status of an entry.
    pub(crate) fn status(&mut self, path: &Path) -> Result<FileStatus> {
        let stat = self.parent(path).and_then(|(parent, name)| fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW));
        stat.map(FileStatus::from).map_err(|errno| self.failed(path, errno))
    }
}

impl From<Stat> for FileStatus {
    #[allow(clippy::unnecessary_cast, reason = "the types differ between platforms")]
    fn from(stat: Stat) -> Self {
        let seconds = (stat.st_mtime as i64).saturating_mul(1_000_000_000);
        Self {
            kind: FileType::from_raw_mode(stat.st_mode).into(),
            mode: stat.st_mode as u32,
            size: u64::try_from(stat.st_size).unwrap_or_default(),
            modified: seconds.saturating_add(stat.st_mtime_nsec as i64),
            device: (fs::major(stat.st_rdev), fs::minor(stat.st_rdev)),
            inode: (stat.st_nlink as u64 > 1).then_some((stat.st_dev as u64, stat.st_ino as u64)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        fs::{FileTimes, OpenOptions},
        os::unix::fs::symlink,
        time::{Duration, SystemTime},
    };

    use super::*;

    #[test]
    fn file_status_has_nanoseconds_and_hard_links() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("file"), "content").unwrap();
        std::fs::hard_link(at("file"), at("other")).unwrap();
        symlink("file", at("link")).unwrap();
        std::fs::write(at("old"), "").unwrap();
        let times = |time| FileTimes::new().set_modified(time);
        let file = |name: &str| OpenOptions::new().write(true).open(at(name)).unwrap();
        file("file").set_times(times(SystemTime::UNIX_EPOCH + Duration::new(7, 5))).unwrap();
        file("old").set_times(times(SystemTime::UNIX_EPOCH - Duration::new(2, 0))).unwrap();

        let mut root = RootDir::open(folder.path()).unwrap();
        let mut status = |name: &str| root.status(Path::new(name)).unwrap();
        let (file, other, link, old) = (status("file"), status("other"), status("link"), status("old"));
        assert_eq!(
            (file.kind, file.mode & 0o170_000, file.size, file.modified),
            (Kind::File, 0o100_000, 7, 7_000_000_005)
        );
        assert_eq!((link.kind, link.size, link.inode), (Kind::Link, 4, None));
        assert!(file.inode.is_some() && file.inode == other.inode);
        assert_eq!((old.modified, old.device), (-2_000_000_000, (0, 0)));
    }
}
