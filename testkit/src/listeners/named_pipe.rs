//! The named pipe of a fake engine, in message mode, as for a real engine.

use std::{
    io, mem,
    pin::Pin,
    process,
    sync::Arc,
    task::{Context, Poll, ready},
};

use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::windows::named_pipe::{NamedPipeServer, PipeMode, ServerOptions},
};

use super::Accept;
use crate::session::Io;

/// The number of clients that can connect before the first of them is accepted, like the backlog of a socket. Further
/// clients find the pipe busy.
const BACKLOG: usize = 16;

/// The name of a pipe.
#[derive(Debug)]
pub(super) struct LocalSocket(String);

impl LocalSocket {
    /// The pipe with this number in this process.
    pub(super) fn new(number: usize) -> Self {
        Self(format!("dockerclient-testkit-{}-{number}", process::id()))
    }

    /// Its address, in the format of `DOCKER_HOST`.
    pub(super) fn address(&self) -> String {
        format!("npipe:////./pipe/{}", self.0)
    }

    /// Creates the pipe. Fails if there is a pipe with this name, for example of another process.
    pub(super) fn listen(&self) -> io::Result<PipeListener> {
        PipeListener::new(self.path(), true)
    }

    /// Creates the pipe again, after the listener was closed. Connections may still have to be closed, so the pipe may
    /// still exist.
    pub(super) fn listen_again(&self) -> io::Result<PipeListener> {
        PipeListener::new(self.path(), false)
    }

    fn path(&self) -> String {
        format!(r"\\.\pipe\{}", self.0)
    }
}

/// The instances of a pipe that have no client yet.
pub(super) struct PipeListener {
    path: String,
    instances: Vec<Instance>,
}

/// An instance of a pipe, and the future that waits for its client.
struct Instance {
    pipe: Arc<NamedPipeServer>,
    connected: BoxFuture<'static, io::Result<()>>,
}

impl PipeListener {
    fn new(path: String, is_first: bool) -> io::Result<Self> {
        let instances = (0..BACKLOG).map(|number| Instance::create(&path, is_first && number == 0));
        Ok(Self { instances: instances.collect::<io::Result<_>>()?, path })
    }
}

impl Instance {
    fn create(path: &str, is_first: bool) -> io::Result<Self> {
        let pipe = ServerOptions::new().pipe_mode(PipeMode::Message).first_pipe_instance(is_first).create(path)?;
        let pipe = Arc::new(pipe);
        let waiting = Arc::clone(&pipe);
        Ok(Self { pipe, connected: Box::pin(async move { waiting.connect().await }) })
    }

    fn into_connection(self) -> Connection {
        let Self { pipe, connected } = self;
        drop(connected);
        let pipe = Arc::into_inner(pipe).expect("only the dropped future had another reference");
        Connection { pipe, is_eof: false }
    }
}

impl Accept for PipeListener {
    fn poll_accept(&mut self, context: &mut Context<'_>) -> Poll<io::Result<Box<dyn Io>>> {
        for instance in &mut self.instances {
            while let Poll::Ready(outcome) = instance.connected.poll_unpin(context) {
                // First the next instance: a pipe whose only instance is closed does not exist.
                let next = Instance::create(&self.path, false)?;
                let connected = mem::replace(instance, next);
                // An error affects one client only, for example because it has closed its end.
                if outcome.is_ok() {
                    return Poll::Ready(Ok(Box::new(connected.into_connection())));
                }
            }
        }
        Poll::Pending
    }
}

impl Drop for PipeListener {
    fn drop(&mut self) {
        for instance in &self.instances {
            // The runtime closes the instance later. Until then, no client may connect to it.
            let _ = instance.pipe.disconnect();
        }
    }
}

/// A connection to a client. A client half-closes it with an empty message: reads return EOF from then on.
struct Connection {
    pipe: NamedPipeServer,
    is_eof: bool,
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // A read into an empty buffer is not EOF.
        if self.is_eof || buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.pipe).poll_read(context, buffer))?;
        self.is_eof = buffer.filled().len() == before;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        // An empty message would be EOF.
        if bytes.is_empty() {
            return Poll::Ready(Ok(0));
        }
        Pin::new(&mut self.pipe).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_flush(context)
    }

    /// Does nothing: the engine closes connections, and does not half-close them.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.pipe).poll_shutdown(context)
    }
}
