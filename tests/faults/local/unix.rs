//! Local sockets: Unix sockets.

use std::io;

use tempfile::TempDir;
use tokio::net::{UnixListener, UnixStream};

use crate::engine::Io;

/// An address without a socket.
pub(crate) const MISSING: &str = "unix:///nowhere/docker.sock";

/// A Unix socket in a temporary directory, which is removed on drop.
pub(crate) struct Listener {
    listener: UnixListener,
    directory: TempDir,
}

impl Listener {
    pub(crate) fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let listener = UnixListener::bind(directory.path().join("socket")).unwrap();
        Self::at(directory, listener)
    }

    /// A listener at the file `socket` in `directory`.
    pub(crate) fn at(directory: TempDir, listener: UnixListener) -> Self {
        Self { listener, directory }
    }

    pub(crate) fn address(&self) -> String {
        format!("unix://{}", self.directory.path().join("socket").display())
    }

    pub(crate) async fn accept(&mut self) -> io::Result<UnixStream> {
        self.listener.accept().await.map(|(stream, _)| stream)
    }
}

impl Io for UnixStream {}

pub(crate) async fn connect(address: &str) -> io::Result<UnixStream> {
    UnixStream::connect(address.strip_prefix("unix://").unwrap()).await
}
