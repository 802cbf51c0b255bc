//! Two-way sessions with a container or a command.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use tokio::io::{AsyncWrite, WriteHalf};

#[cfg(feature = "websocket")]
mod websocket;

#[cfg(feature = "websocket")]
pub use self::websocket::{WebSocketInput, WebSocketOutput, WebSocketSession};

use crate::{
    OutputStream,
    connect::{Connection, Stream},
    wire::Body,
};

/// A connection to the input and output of a container or command.
///
/// Its two halves are independent, and can be moved into different tasks:
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
/// use dockerclient::{containers::AttachOptions, session::Session};
/// use tokio::io::AsyncWriteExt as _;
///
/// let Session { mut input, output, .. } = docker.container("cat").attach(&AttachOptions::default().stdin()).await?;
/// let reader = tokio::spawn(output.capture());
/// input.write_all(b"hello").await?;
/// input.shutdown().await?; // the end of the input; the output goes on
/// assert_eq!(reader.await??.stdout, b"hello");
/// # Ok(())
/// # }
/// ```
///
/// # Cancellation
///
/// The connection closes when both halves are dropped. What runs in the container goes on.
#[derive(Debug)]
#[non_exhaustive]
pub struct Session {
    /// What the container or command reads.
    pub input: Input,
    /// What it writes. Ends when it has ended, or with the first error.
    pub output: OutputStream,
}

impl Session {
    pub(crate) fn new(connection: Connection, terminal: bool, longest: usize, operation: &'static str) -> Self {
        let (received, write) = connection.split();
        let output = OutputStream::new(Body::dedicated(received), terminal, longest, operation);
        Self { input: Input { write }, output }
    }
}

/// The input of a container or command.
///
/// [`shutdown`](tokio::io::AsyncWriteExt::shutdown) is the end of the input, and
/// leaves the output open. So is dropping this.
#[derive(Debug)]
pub struct Input {
    write: WriteHalf<Stream>,
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
        // Closing a direction of a socket takes no waiting; and if it did, the end would come with the connection's.
        let _ = Pin::new(&mut self.write).poll_shutdown(&mut Context::from_waker(Waker::noop()));
    }
}
