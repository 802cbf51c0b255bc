//! Bidirectional sessions: stdin and output of a container or command over one connection.

use std::{
    io,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use futures_util::future::{self, Either};
use tokio::io::{AsyncWrite, AsyncWriteExt as _, WriteHalf};

#[cfg(feature = "websocket")]
mod websocket;

#[cfg(feature = "websocket")]
pub use self::websocket::{WebSocketInput, WebSocketOutput, WebSocketSession};

use crate::{
    OutputStream,
    generated::Body,
    transport::{Connection, Io},
};

/// A bidirectional connection to stdin and output of a container or command.
///
/// The two halves are independent, and can be moved into different tasks:
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
/// use dockerclient::session::Session;
/// use tokio::io::AsyncWriteExt as _;
///
/// let Session { mut input, output, .. } = docker.container("cat").attach().stdin(true).await?;
/// let reader = tokio::spawn(output.capture());
/// input.write_all(b"hello").await?;
/// input.shutdown().await?; // sends EOF; the output stays open
/// assert_eq!(reader.await??.stdout, b"hello");
/// # Ok(())
/// # }
/// ```
///
/// # Cancellation
///
/// The connection closes when both halves are dropped. The container or command keeps running.
#[derive(Debug)]
#[non_exhaustive]
pub struct Session {
    /// Standard input of the container or command.
    pub input: Input,
    /// Output of the container or command. Ends when it exits, or after the first error.
    pub output: OutputStream,
}

impl Session {
    pub(crate) fn new(connection: Connection, tty: bool, limit: usize, operation: &'static str) -> Self {
        let (received, write) = connection.split();
        let output = OutputStream::new(Body::dedicated(received), tty, limit, operation);
        Self { input: Input { write }, output }
    }
}

/// Stdin of a container or command.
///
/// [`shutdown`](tokio::io::AsyncWriteExt::shutdown) sends EOF and leaves the output open, as does dropping this.
#[derive(Debug)]
pub struct Input {
    write: WriteHalf<Io>,
}

impl Input {
    /// Writes `bytes` and EOF while it awaits `work`, so that a full pipe cannot cause a deadlock.
    ///
    /// Errors of writing are ignored: if the connection is lost, `work` fails too, and a program may exit before it has read
    /// everything.
    pub(crate) async fn feed_while<T>(mut self, bytes: &[u8], work: impl Future<Output = T>) -> T {
        let feed = async move {
            _ = self.write_all(bytes).await;
            _ = self.shutdown().await;
        };
        match future::select(pin!(work), pin!(feed)).await {
            Either::Left((done, _)) => done,
            Either::Right(((), work)) => work.await,
        }
    }
}

impl AsyncWrite for Input {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.write).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.write).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.write).poll_shutdown(cx)
    }
}

impl Drop for Input {
    fn drop(&mut self) {
        // Shutting down a socket does not block. Otherwise, EOF is sent when the connection closes.
        let _ = Pin::new(&mut self.write).poll_shutdown(&mut Context::from_waker(Waker::noop()));
    }
}
