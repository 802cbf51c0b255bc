//! The Unix socket of a fake engine.

use std::{
    env, fs, io,
    path::PathBuf,
    process,
    task::{Context, Poll},
};

use tokio::net::UnixListener;

use super::Accept;
use crate::session::Io;

/// A socket in the temporary directory, which is removed on drop.
#[derive(Debug)]
pub(super) struct LocalSocket(PathBuf);

impl LocalSocket {
    /// The socket with this number in this process.
    pub(super) fn new(number: usize) -> Self {
        Self(env::temp_dir().join(format!("dockerclient-testkit-{}-{number}.sock", process::id())))
    }

    /// Its address, in the format of `DOCKER_HOST`.
    pub(super) fn address(&self) -> String {
        format!("unix://{}", self.0.display())
    }

    pub(super) fn listen(&self) -> io::Result<UnixListener> {
        UnixListener::bind(&self.0)
    }

    /// Listens again, after the listener was closed.
    pub(super) fn listen_again(&self) -> io::Result<UnixListener> {
        fs::remove_file(&self.0)?;
        self.listen()
    }
}

impl Drop for LocalSocket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

impl Accept for UnixListener {
    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Box<dyn Io>>> {
        UnixListener::poll_accept(self, context).map_ok(|(stream, _)| Box::new(stream) as Box<dyn Io>)
    }
}
