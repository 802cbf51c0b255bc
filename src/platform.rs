//! Everything that differs between operating systems: files, paths, local sockets and processes.
//!
//! Each system has a module with the same functions, so that the rest of the crate is the same on all of them.

use std::{ffi::OsStr, io};

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use self::unix as system;
#[cfg(windows)]
use self::windows as system;

#[cfg(feature = "tar")]
pub(crate) use self::system::{Dir, LINKS_STAY_LOCAL, real_path, set_file_attributes};
#[cfg(feature = "buildkit")]
pub(crate) use self::system::{HAS_SSH_AGENT_PROGRAM, machine_id, try_lock};
#[cfg(test)]
pub(crate) use self::system::{HAS_UNIX_FILES, LocalListener, local_address, mode, set_mode, symlink, symlinks_work};
pub(crate) use self::system::{
    HOME, LocalStream, connect_local, create_private_directory, is_program, open_for_reading, os_string,
    own_process_group, path_bytes, path_from_bytes, program_names, read_at, socket_rejection,
};

/// Type of a directory entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    File,
    Directory,
    /// A symbolic link. On Windows, also a junction.
    Link,
    /// A FIFO, a socket or a device.
    Other,
}

/// Attributes of a directory entry; of a symbolic link, those of the link itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attributes {
    pub(crate) kind: Kind,
    /// Type and permissions, as on Linux. On Windows, those that the Docker CLI sends.
    pub(crate) mode: u32,
    /// User id and group id. On Windows, those of root.
    pub(crate) owner: (u32, u32),
    /// Length, in bytes.
    pub(crate) size: u64,
    /// Time of the last change, in seconds since 1970; 0 for earlier times.
    pub(crate) modified: u64,
}

/// The status of a directory entry, with what file sync needs in addition to the attributes of archives; of a symbolic link,
/// that of the link itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FileStatus {
    pub(crate) kind: Kind,
    /// Type and permissions, as on Linux. On Windows, those that the Docker CLI sends.
    pub(crate) mode: u32,
    /// Length, in bytes.
    pub(crate) size: u64,
    /// Time of the last change, in nanoseconds since 1970.
    pub(crate) modified: i64,
    /// The major and minor number of a device.
    pub(crate) device: (u32, u32),
    /// The numbers of the filesystem and of the file, if the file has several names. On Windows, always `None`.
    pub(crate) inode: Option<(u64, u64)>,
}

/// Returns the bytes of one name, of an environment variable or of another string of the operating system, unchanged.
pub(crate) fn os_bytes(text: &OsStr) -> &[u8] {
    text.as_encoded_bytes()
}

/// Returns the error for another type of file in the place of a regular one.
pub(crate) fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}
