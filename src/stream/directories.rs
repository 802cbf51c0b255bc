//! Creation of the directories of an archive, or of an export.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use rustix::{
    fs::{self, AtFlags, FileType, Mode, OFlags, RawMode, Timespec, Timestamps, UTIME_OMIT},
    io::Errno,
};
use tar::Header;

use super::root_dir::RootDir;

/// Modes and times of unpacked directories. They are set after everything is unpacked, because a mode may forbid writing,
/// and each new entry changes the modification time of its directory.
///
/// Memory use is bounded by that on the disk: each path is held once.
#[derive(Default)]
pub(crate) struct Directories(BTreeMap<PathBuf, Attributes>);

/// The attributes of a directory, of which `None` is not set.
pub(crate) struct Attributes {
    /// The permissions; other bits are ignored.
    pub(crate) mode: Option<u32>,
    /// Time of the last change.
    pub(crate) modified: Option<Timespec>,
}

impl Attributes {
    pub(super) fn of(header: &Header) -> Self {
        let seconds = header.mtime().ok().and_then(|seconds| i64::try_from(seconds).ok());
        let modified = seconds.map(|tv_sec| Timespec { tv_sec, tv_nsec: 0 });
        Self { mode: header.mode().ok(), modified }
    }
}

impl Directories {
    /// Creates a directory and its parents, unless they exist.
    pub(crate) fn make(&mut self, root: &mut RootDir, path: PathBuf, attributes: Attributes) -> io::Result<()> {
        let mut above = PathBuf::new();
        for name in &path {
            above.push(name);
            let (parent, name) = root.parent(&above)?;
            let made = fs::mkdirat(parent, name, Mode::RWXU | Mode::RWXG | Mode::RWXO);
            made.or_else(|errno| if errno == Errno::EXIST { Ok(()) } else { Err(errno) })?;
        }
        let (parent, name) = root.parent(&path)?;
        let mode = fs::statat(parent, name, AtFlags::SYMLINK_NOFOLLOW)?.st_mode;
        if FileType::from_raw_mode(mode) != FileType::Directory {
            return Err(Errno::EXIST.into());
        }
        let mode = Mode::from_raw_mode(mode);
        if !mode.contains(Mode::RWXU) {
            // Fails for a directory of another user. Unpacking its entries then fails, if they cannot be written.
            let _ = fs::chmodat(parent, name, mode | Mode::RWXU, AtFlags::empty());
        }
        self.0.insert(path, attributes);
        Ok(())
    }

    /// Sets modes and times, the innermost directories first. Returns the directory that cannot be changed with its error.
    pub(crate) fn finish(self, root: &mut RootDir) -> Result<(), (PathBuf, io::Error)> {
        for (path, attributes) in self.0.into_iter().rev() {
            if let Err(errno) = set(root, &path, &attributes) {
                return Err((path, errno.into()));
            }
        }
        Ok(())
    }
}

fn set(root: &mut RootDir, path: &Path, attributes: &Attributes) -> Result<(), Errno> {
    let (parent, name) = root.parent(path)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = fs::openat(parent, name, flags, Mode::empty())?;
    if let Some(last_modification) = attributes.modified {
        let last_access = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
        fs::futimens(&directory, &Timestamps { last_access, last_modification })?;
    }
    // Without setuid, setgid and sticky bits.
    let permissions = |mode| Mode::from_raw_mode((mode & 0o777) as RawMode);
    attributes.mode.map_or(Ok(()), |mode| fs::fchmod(&directory, permissions(mode)))
}
