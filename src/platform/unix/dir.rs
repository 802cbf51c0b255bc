//! Open directories, whose entries are addressed by name.

use std::{
    ffi::{CString, OsStr, OsString},
    fs::File,
    io,
    os::{fd::OwnedFd, unix::ffi::OsStrExt as _},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use rustix::{
    fs::{self, AtFlags, FileType, Mode, OFlags, RawMode, Stat, Timespec, Timestamps, UTIME_OMIT},
    io::Errno,
};

use crate::platform::{Attributes, FileStatus, Kind, not_regular};

/// Flags for opening directories; `O_PATH` does not need the permission to list them.
const DIRECTORY: OFlags = OFlags::DIRECTORY.union(OFlags::CLOEXEC).union(SEARCH);

#[cfg(target_os = "linux")]
const SEARCH: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const SEARCH: OFlags = OFlags::RDONLY;

/// Flags for opening directories that are listed or changed.
const WHOLE_DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Flags for opening files; `O_NONBLOCK` because the file may have been replaced by a FIFO.
const FILE: OFlags =
    OFlags::RDONLY.union(OFlags::NOFOLLOW).union(OFlags::NONBLOCK).union(OFlags::NOCTTY).union(OFlags::CLOEXEC);

/// Flags for creating a file that does not exist.
const CREATE: OFlags =
    OFlags::WRONLY.union(OFlags::CREATE).union(OFlags::EXCL).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// An open directory. Its entries are addressed by their names, without following links; `.` is the directory itself.
///
/// A symbolic link is an error of the kind [`io::ErrorKind::NotADirectory`].
#[derive(Debug)]
pub(crate) struct Dir(OwnedFd);

impl Dir {
    /// Opens the directory at `path`; links in `path` are followed.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        Ok(Self(fs::open(path, DIRECTORY, Mode::empty())?))
    }

    /// Opens the same directory, even if it was moved or replaced.
    pub(crate) fn try_clone(&self) -> io::Result<Self> {
        self.0.try_clone().map(Self)
    }

    /// Opens a directory in this one.
    pub(crate) fn open_dir(&self, name: &OsStr) -> io::Result<Self> {
        let directory = fs::openat(&self.0, name, DIRECTORY.union(OFlags::NOFOLLOW), Mode::empty());
        directory.map(Self).map_err(error)
    }

    /// Returns the names and types of the entries, in any order.
    pub(crate) fn list(&self) -> io::Result<Vec<(OsString, Kind)>> {
        let mut entries = Vec::new();
        for entry in fs::Dir::new(fs::openat(&self.0, ".", WHOLE_DIRECTORY, Mode::empty())?)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name != "." && name != ".." {
                let kind = match entry.file_type() {
                    // Some filesystems do not store the type in the directory.
                    FileType::Unknown => self.attributes(name)?.kind,
                    known => Kind::from(known),
                };
                entries.push((name.to_owned(), kind));
            }
        }
        Ok(entries)
    }

    /// Returns the attributes of an entry.
    pub(crate) fn attributes(&self, name: &OsStr) -> io::Result<Attributes> {
        self.stat(name).map(Attributes::from)
    }

    /// Returns the status of an entry.
    pub(crate) fn status(&self, name: &OsStr) -> io::Result<FileStatus> {
        self.stat(name).map(FileStatus::from)
    }

    fn stat(&self, name: &OsStr) -> io::Result<Stat> {
        fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW).map_err(error)
    }

    /// Opens a regular file. Any other type is an error of the kind [`io::ErrorKind::InvalidInput`], except for a link.
    pub(crate) fn open_file(&self, name: &OsStr) -> io::Result<(File, Attributes)> {
        let file = match fs::openat(&self.0, name, FILE, Mode::empty()) {
            // A socket, which cannot be opened.
            Err(Errno::NXIO | Errno::OPNOTSUPP) => return Err(not_regular()),
            opened => opened.map_err(error)?,
        };
        let attributes = Attributes::from(fs::fstat(&file)?);
        if attributes.kind == Kind::File { Ok((file.into(), attributes)) } else { Err(not_regular()) }
    }

    /// Returns the target of a symbolic link. Any other type is an error of the kind [`io::ErrorKind::InvalidInput`].
    pub(crate) fn read_link(&self, name: &OsStr) -> io::Result<Vec<u8>> {
        fs::readlinkat(&self.0, name, Vec::new()).map(CString::into_bytes).map_err(error)
    }

    /// Creates a directory with these permissions, of which the file mode creation mask removes some.
    pub(crate) fn create_dir(&self, name: &OsStr, mode: u32) -> io::Result<()> {
        fs::mkdirat(&self.0, name, permissions(mode)).map_err(error)
    }

    /// Creates a file that does not exist, and that only this user can access.
    pub(crate) fn create_file(&self, name: &OsStr) -> io::Result<File> {
        fs::openat(&self.0, name, CREATE, Mode::RUSR | Mode::WUSR).map(File::from).map_err(error)
    }

    /// Creates a symbolic link. Its time is set if there is one.
    pub(crate) fn create_link(&self, name: &OsStr, target: &OsStr, modified: Option<SystemTime>) -> io::Result<()> {
        fs::symlinkat(target, &self.0, name).map_err(error)?;
        modified.map_or(Ok(()), |modified| {
            fs::utimensat(&self.0, name, &times(modified), AtFlags::SYMLINK_NOFOLLOW).map_err(error)
        })
    }

    /// Creates another name of the file `target` in the directory `parent`.
    pub(crate) fn create_hard_link(&self, name: &OsStr, parent: &Self, target: &OsStr) -> io::Result<()> {
        fs::linkat(&parent.0, target, &self.0, name, AtFlags::empty()).map_err(error)
    }

    /// Removes a file or a link, if it exists. A directory is an error of the kind [`io::ErrorKind::IsADirectory`].
    pub(crate) fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        match fs::unlinkat(&self.0, name, AtFlags::empty()) {
            Err(Errno::NOENT) => Ok(()),
            // POSIX specifies this error for a directory; Linux returns another one.
            Err(Errno::PERM) if self.attributes(name)?.kind == Kind::Directory => {
                Err(io::ErrorKind::IsADirectory.into())
            }
            removed => removed.map_err(error),
        }
    }

    /// Adds the permissions that this user needs to write to the directory `name`, whose mode is `mode`.
    pub(crate) fn make_writable(&self, name: &OsStr, mode: u32) {
        let mode = Mode::from_raw_mode(mode as RawMode);
        if !mode.contains(Mode::RWXU) {
            // Fails for a directory of another user. Writing its entries then fails, if it is not permitted.
            let _ = fs::chmodat(&self.0, name, mode | Mode::RWXU, AtFlags::empty());
        }
    }

    /// Sets the permissions and the time of the directory `name`, if there are any.
    pub(crate) fn set_directory_attributes(
        &self,
        name: &OsStr,
        mode: Option<u32>,
        modified: Option<SystemTime>,
    ) -> io::Result<()> {
        let directory = fs::openat(&self.0, name, WHOLE_DIRECTORY, Mode::empty()).map_err(error)?;
        if let Some(modified) = modified {
            fs::futimens(&directory, &times(modified))?;
        }
        Ok(mode.map_or(Ok(()), |mode| fs::fchmod(&directory, permissions(mode)))?)
    }
}

/// Sets the permissions and the time of a file.
pub(crate) fn set_file_attributes(file: &File, mode: u32, modified: SystemTime) -> io::Result<()> {
    fs::futimens(file, &times(modified))?;
    Ok(fs::fchmod(file, permissions(mode))?)
}

/// Converts an error, so that a link is reported as such on every system.
fn error(errno: Errno) -> io::Error {
    match errno {
        Errno::LOOP => io::ErrorKind::NotADirectory.into(),
        errno => errno.into(),
    }
}

/// Returns permissions without the setuid, setgid and sticky bits: the file has another owner here.
fn permissions(mode: u32) -> Mode {
    Mode::from_raw_mode((mode & 0o777) as RawMode)
}

fn times(modified: SystemTime) -> Timestamps {
    let last_access = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
    Timestamps { last_access, last_modification: timespec(modified) }
}

fn timespec(time: SystemTime) -> Timespec {
    let (seconds, nanoseconds) = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => (0_i64.saturating_add_unsigned(after.as_secs()), after.subsec_nanos()),
        Err(error) => {
            let before = error.duration();
            let seconds = 0_i64.saturating_sub_unsigned(before.as_secs());
            match before.subsec_nanos() {
                0 => (seconds, 0),
                // The fraction is counted from the second before.
                nanoseconds => (seconds.saturating_sub(1), 1_000_000_000 - nanoseconds),
            }
        }
    };
    // The type of the fraction depends on the system, and the value fits in each.
    Timespec { tv_sec: seconds, tv_nsec: nanoseconds as _ }
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
