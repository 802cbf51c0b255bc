//! Local sockets: named pipes.

use std::{
    io, mem, process,
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use tokio::{
    net::windows::named_pipe::{ClientOptions, NamedPipeClient, NamedPipeServer, PipeMode, ServerOptions},
    time::sleep,
};

use crate::engine::Io;

/// An address without a pipe.
pub(crate) const MISSING: &str = "npipe:////./pipe/dockerclient-nowhere";

/// Error number: no instance of the pipe waits for a client.
const ERROR_PIPE_BUSY: i32 = 231;

/// A named pipe, and its instance that waits for the next client.
pub(crate) struct Listener {
    path: String,
    next: NamedPipeServer,
}

impl Listener {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = format!(r"\\.\pipe\dockerclient-faults-{}-{number}", process::id());
        let next = create(&path).unwrap();
        Self { path, next }
    }

    pub(crate) fn address(&self) -> String {
        format!("npipe://{}", self.path.replace('\\', "/"))
    }

    pub(crate) async fn accept(&mut self) -> io::Result<NamedPipeServer> {
        self.next.connect().await?;
        Ok(mem::replace(&mut self.next, create(&self.path)?))
    }
}

fn create(path: &str) -> io::Result<NamedPipeServer> {
    ServerOptions::new().pipe_mode(PipeMode::Message).create(path)
}

impl Io for NamedPipeServer {}

impl Io for NamedPipeClient {}

pub(crate) async fn connect(address: &str) -> io::Result<NamedPipeClient> {
    let path = address.strip_prefix("npipe://").unwrap().replace('/', r"\");
    loop {
        match ClientOptions::new().open(&path) {
            Err(error) if error.raw_os_error() == Some(ERROR_PIPE_BUSY) => sleep(Duration::from_millis(1)).await,
            outcome => return outcome,
        }
    }
}
