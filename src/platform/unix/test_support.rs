//! Support for tests of the rest of the crate.

use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use tokio::net::{UnixListener, UnixStream};

/// Whether files have permission bits, and can be hard links, FIFOs and sockets for file sync.
pub(crate) const HAS_UNIX_FILES: bool = true;

/// Creates a symbolic link.
pub(crate) fn symlink(target: impl AsRef<Path>, link: impl AsRef<Path>) -> io::Result<()> {
    std::os::unix::fs::symlink(target, link)
}

/// Returns whether symbolic links can be created.
pub(crate) fn symlinks_work() -> bool {
    true
}

/// Returns the permissions of a file, without following a link. `None` on a system without them.
pub(crate) fn mode(path: &Path) -> Option<u32> {
    path.symlink_metadata().ok().map(|metadata| metadata.permissions().mode() & 0o7777)
}

/// Sets the permissions of a file, if the system has them.
pub(crate) fn set_mode(path: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
}

/// A server of local streams.
pub(crate) struct LocalListener(UnixListener);

impl LocalListener {
    pub(crate) fn bind(path: &Path) -> io::Result<Self> {
        UnixListener::bind(path).map(Self)
    }

    pub(crate) async fn accept(&mut self) -> io::Result<UnixStream> {
        self.0.accept().await.map(|(stream, _)| stream)
    }
}

/// Returns an address for a [`LocalListener`], which `folder` and `name` make unique.
pub(crate) fn local_address(folder: &Path, name: &str) -> PathBuf {
    folder.join(name)
}
