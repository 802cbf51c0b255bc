//! Local files on all systems: symbolic links, and paths in messages.

use std::path::Path;
#[cfg(windows)]
use std::{
    io,
    os::windows::fs::{symlink_dir, symlink_file},
};

#[cfg(unix)]
pub(crate) use std::os::unix::fs::symlink;

/// Creates a symbolic link, to a directory if the target is one.
#[cfg(windows)]
pub(crate) fn symlink(target: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    let link = link.as_ref();
    // Windows does not follow targets with slashes.
    let target = target.as_ref().to_str().unwrap().replace('/', r"\");
    match link.parent().unwrap().join(&target).is_dir() {
        true => symlink_dir(target, link),
        false => symlink_file(target, link),
    }
}

/// Replaces `directory` in a message by `name`, also if it is shown without links. The separator after it is a slash on all
/// systems.
pub(crate) fn shown(message: &str, directory: &Path, name: &str) -> String {
    let without_links = directory.canonicalize().unwrap();
    let message = message.replace(&without_links.display().to_string(), name);
    message.replace(&directory.display().to_string(), name).replace(&format!(r"{name}\"), &format!("{name}/"))
}
