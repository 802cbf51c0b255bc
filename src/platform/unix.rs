//! Unix: Linux and macOS.

use std::{
    borrow::Cow,
    ffi::{OsStr, OsString},
    fs::{self, DirBuilder, File, Metadata, OpenOptions},
    io,
    os::unix::{
        ffi::{OsStrExt as _, OsStringExt as _},
        fs::{DirBuilderExt as _, FileExt as _, FileTypeExt as _, OpenOptionsExt as _, PermissionsExt as _},
    },
    path::{Path, PathBuf},
};

use tokio::{net::UnixStream, process::Command};

#[cfg(feature = "tar")]
mod dir;
#[cfg(feature = "buildkit")]
mod lock;
#[cfg(test)]
mod test_support;
#[cfg(test)]
mod tests;

#[cfg(feature = "tar")]
pub(crate) use self::dir::{Dir, set_file_attributes};
#[cfg(feature = "buildkit")]
pub(crate) use self::lock::try_lock;
#[cfg(test)]
pub(crate) use self::test_support::{
    HAS_UNIX_FILES, LocalListener, local_address, mode, set_mode, symlink, symlinks_work,
};

/// Files with an id or the name of this machine.
#[cfg(feature = "buildkit")]
const MACHINE_IDS: [&str; 2] = ["/etc/machine-id", "/etc/hostname"];

/// Maximum size of such a file, in bytes.
#[cfg(feature = "buildkit")]
const MAX_MACHINE_ID: u64 = 4096;

/// Whether `ssh-agent` can be started with a given socket.
#[cfg(feature = "buildkit")]
pub(crate) const HAS_SSH_AGENT_PROGRAM: bool = true;

/// Whether every link leads to a file of this machine.
#[cfg(feature = "tar")]
pub(crate) const LINKS_STAY_LOCAL: bool = true;

/// The environment variable with the home directory.
pub(crate) const HOME: &str = "HOME";

/// A stream to a local server: a Unix socket.
pub(crate) type LocalStream = UnixStream;

/// Returns the bytes of a path, in the form in which paths are sent to engines.
pub(crate) fn path_bytes(path: &Path) -> Cow<'_, [u8]> {
    Cow::Borrowed(path.as_os_str().as_bytes())
}

/// Converts a name or the target of a link from an engine.
pub(crate) fn os_string(bytes: &[u8]) -> io::Result<OsString> {
    Ok(OsString::from_vec(bytes.to_vec()))
}

/// Converts a path from an engine.
pub(crate) fn path_from_bytes(bytes: &[u8]) -> io::Result<PathBuf> {
    Ok(OsStr::from_bytes(bytes).into())
}

/// Returns the path without links.
#[cfg(feature = "tar")]
pub(crate) fn real_path(path: &Path) -> io::Result<PathBuf> {
    path.canonicalize()
}

/// Returns an id or the name of this machine, or nothing if there is none.
#[cfg(feature = "buildkit")]
pub(crate) fn machine_id() -> Vec<u8> {
    let read = |path: &str| crate::regular_file::read(Path::new(path), MAX_MACHINE_ID).ok();
    let id = MACHINE_IDS.into_iter().filter_map(read).find(|id| !id.is_empty());
    // macOS has no such files.
    id.unwrap_or_else(|| rustix::system::uname().nodename().to_bytes().to_vec())
}

/// Reads from `file` at a position. Does not move its cursor.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.read_at(buffer, offset)
}

/// Opens a file for reading. A FIFO in its place does not block, and a terminal does not become the controlling terminal.
pub(crate) fn open_for_reading(path: &Path) -> io::Result<File> {
    // `O_NONBLOCK` has no effect on a regular file.
    OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
}

/// Creates a directory that only this user can access. Fails if it exists.
pub(crate) fn create_private_directory(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}

/// Returns the names of the files that are searched for in the directories of `PATH` for the program `name`.
pub(crate) fn program_names(name: &str) -> Vec<String> {
    vec![name.to_owned()]
}

/// Returns whether a file can be run: a regular file with an executable bit.
pub(crate) fn is_program(metadata: &Metadata) -> bool {
    metadata.is_file() && metadata.permissions().mode() & 0o111 != 0
}

/// Connects to the Unix socket at `path`.
pub(crate) async fn connect_local(path: &Path) -> io::Result<LocalStream> {
    UnixStream::connect(path).await
}

/// Returns the reason that `path` is not a socket this user has permission to open, if there is one.
///
/// Opens only sockets: opening a FIFO may block, and opening a device may have side effects. A socket cannot be opened as a
/// file, but the error of the attempt depends on the user's write permission.
pub(crate) fn socket_rejection(path: &Path) -> Option<&'static str> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => return Some("a directory"),
        Ok(metadata) if !metadata.file_type().is_socket() => return Some("not a socket"),
        Ok(_) => {}
        Err(error) => match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => return Some("no such file"),
            io::ErrorKind::PermissionDenied => return Some("permission denied"),
            _ => return Some("failed to read its status"),
        },
    }
    let opened = OpenOptions::new().write(true).custom_flags(libc::O_NONBLOCK).open(path);
    match opened.map_err(|error| error.kind()) {
        Err(io::ErrorKind::PermissionDenied) => Some("permission denied"),
        Err(_) => None,
        Ok(_) => Some("not a socket"),
    }
}

/// Runs a child in its own process group, so that an interrupt at the terminal does not reach it.
pub(crate) fn own_process_group(command: &mut Command) {
    command.process_group(0);
}
