//! Windows.

use std::{
    borrow::Cow,
    ffi::OsString,
    fs::{self, File, Metadata},
    io,
    os::windows::fs::FileExt as _,
    path::{Component, Path, PathBuf, Prefix},
};

use tokio::process::Command;

#[cfg(feature = "tar")]
mod dir;
#[cfg(feature = "buildkit")]
mod lock;
mod named_pipe;
mod names;
mod pipes;
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
pub(crate) use self::{
    named_pipe::{NamedPipe as LocalStream, connect as connect_local},
    names::{os_string, path_from_bytes},
    pipes::rejection as socket_rejection,
};

/// Extensions of programs, in the order in which they are searched for.
const PROGRAMS: [&str; 4] = ["com", "exe", "bat", "cmd"];

/// Flag of a new process: it is the first one of a process group.
const CREATE_NEW_PROCESS_GROUP: u32 = 0x0000_0200;

/// Whether `ssh-agent` can be started with a given socket. On Windows, it is a service.
#[cfg(feature = "buildkit")]
pub(crate) const HAS_SSH_AGENT_PROGRAM: bool = false;

/// Whether every link leads to a file of this machine. On Windows, following one can authenticate the user to any machine.
#[cfg(feature = "tar")]
pub(crate) const LINKS_STAY_LOCAL: bool = false;

/// The environment variable with the home directory.
pub(crate) const HOME: &str = "USERPROFILE";

/// Returns the bytes of a path, in the form in which paths are sent to engines: with slashes, as UTF-8. Names that are not
/// valid Unicode are WTF-8.
pub(crate) fn path_bytes(path: &Path) -> Cow<'_, [u8]> {
    let bytes = path.as_os_str().as_encoded_bytes();
    if !bytes.contains(&b'\\') {
        return Cow::Borrowed(bytes);
    }
    bytes.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect::<Vec<_>>().into()
}

/// Returns the path without links, with the names as the filesystem has them. It has no prefix `\\?\` if it has the same
/// meaning without it.
#[cfg(feature = "tar")]
pub(crate) fn real_path(path: &Path) -> io::Result<PathBuf> {
    path.canonicalize().map(without_prefix)
}

#[cfg(feature = "tar")]
fn without_prefix(real: PathBuf) -> PathBuf {
    let mut components = real.components();
    let Some(Component::Prefix(prefix)) = components.next() else { return real };
    let mut plain = match prefix.kind() {
        Prefix::VerbatimDisk(drive) => OsString::from(format!("{}:", char::from(drive))),
        Prefix::VerbatimUNC(server, share) => [r"\\".as_ref(), server, r"\".as_ref(), share].into_iter().collect(),
        _ => return real,
    };
    plain.push(components.as_path());
    // This changes paths with special names, such as `NUL` or `a.`.
    let is_same = std::path::absolute(&plain).is_ok_and(|absolute| absolute.as_os_str() == plain);
    if is_same { plain.into() } else { real }
}

/// Returns the name of this machine, or nothing if there is none.
#[cfg(feature = "buildkit")]
pub(crate) fn machine_id() -> Vec<u8> {
    std::env::var_os("COMPUTERNAME").map_or_else(Vec::new, OsString::into_encoded_bytes)
}

/// Reads from `file` at a position. Moves its cursor, so that nothing else may depend on it.
pub(crate) fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    file.seek_read(buffer, offset)
}

/// Opens a file for reading. Fails for the path of a device or of a named pipe, which could block.
pub(crate) fn open_for_reading(path: &Path) -> io::Result<File> {
    let Some(Component::Prefix(prefix)) = path.components().next() else { return File::open(path) };
    let is_device = match prefix.kind() {
        Prefix::DeviceNS(_) => true,
        Prefix::UNC(_, name) | Prefix::VerbatimUNC(_, name) | Prefix::Verbatim(name) => {
            name.eq_ignore_ascii_case("pipe")
        }
        Prefix::Disk(_) | Prefix::VerbatimDisk(_) => false,
    };
    if is_device { Err(crate::platform::not_regular()) } else { File::open(path) }
}

/// Creates a directory. It inherits the permissions of its parent directory. Fails if it exists.
pub(crate) fn create_private_directory(path: &Path) -> io::Result<()> {
    fs::create_dir(path)
}

/// Returns the names of the files that are searched for in the directories of `PATH` for the program `name`.
pub(crate) fn program_names(name: &str) -> Vec<String> {
    // A name with an extension may be that of the file.
    let file = Path::new(name).extension().map(|_| name.to_owned());
    file.into_iter().chain(PROGRAMS.map(|extension| format!("{name}.{extension}"))).collect()
}

/// Returns whether a file can be run: any regular file, which its name makes a program.
pub(crate) fn is_program(metadata: &Metadata) -> bool {
    metadata.is_file()
}

/// Runs a child in its own process group, so that an interrupt at the console does not reach it.
pub(crate) fn own_process_group(command: &mut Command) {
    command.creation_flags(CREATE_NEW_PROCESS_GROUP);
}
