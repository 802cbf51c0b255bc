//! A connection after its HTTP upgrade: input and output as raw bytes.

use std::io;
#[cfg(feature = "buildkit")]
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader, ReadHalf, WriteHalf};

/// A connection of any transport.
pub(crate) trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// The two halves of a connection.
pub(crate) struct Session {
    pub(crate) input: Input,
    pub(crate) output: Output,
}

pub(crate) type Input = BufReader<ReadHalf<Box<dyn Io>>>;

/// The write half, which can be limited to a number of bytes and a size of each write.
pub(crate) struct Output {
    io: WriteHalf<Box<dyn Io>>,
    pub(crate) bytes_left: Option<usize>,
    pub(crate) chunk_size: Option<usize>,
}

impl Session {
    pub(crate) fn new(io: Box<dyn Io>) -> Self {
        let (input, output) = tokio::io::split(io);
        Self { input: BufReader::new(input), output: Output { io: output, bytes_left: None, chunk_size: None } }
    }

    /// The connection as one stream.
    #[cfg(feature = "buildkit")]
    pub(crate) fn into_stream(self) -> tokio::io::Join<Input, Output> {
        tokio::io::join(self.input, self.output)
    }
}

impl Output {
    /// Writes and flushes `bytes`; an error if that exhausts the byte limit.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let within = &bytes[..self.bytes_left.unwrap_or(usize::MAX).min(bytes.len())];
        for chunk in within.chunks(self.chunk_size.unwrap_or(usize::MAX)) {
            self.io.write_all(chunk).await?;
            self.io.flush().await?;
            tokio::task::yield_now().await;
        }
        self.bytes_left = self.bytes_left.map(|left| left - within.len());
        if within.len() < bytes.len() || self.bytes_left == Some(0) {
            return Err(io::Error::other("the connection was truncated on request"));
        }
        Ok(())
    }

    /// Writes a chunk of a body with chunked transfer encoding.
    pub(crate) async fn write_chunk(&mut self, chunk: &[u8]) -> io::Result<()> {
        // An empty chunk would end the body.
        if chunk.is_empty() {
            return Ok(());
        }
        self.write(&[format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat()).await
    }

    /// Ends a body with chunked transfer encoding.
    pub(crate) async fn write_last_chunk(&mut self) -> io::Result<()> {
        self.write(b"0\r\n\r\n").await
    }
}

#[cfg(feature = "buildkit")]
impl AsyncWrite for Output {
    /// Writes at most one chunk; fails if the byte limit is exhausted.
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let limit = self.bytes_left.unwrap_or(usize::MAX).min(self.chunk_size.unwrap_or(usize::MAX));
        if limit == 0 {
            return Poll::Ready(Err(io::Error::other("the connection was truncated on request")));
        }
        let within = &bytes[..limit.min(bytes.len())];
        let written = ready!(Pin::new(&mut self.io).poll_write(context, within))?;
        self.bytes_left = self.bytes_left.map(|left| left - written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}

/// Waits until the client closes its half. Bytes received in the meantime stay in the buffer.
pub(crate) async fn input_closed(input: &mut Input) {
    match input.fill_buf().await {
        Ok(bytes) if !bytes.is_empty() => std::future::pending().await,
        _ => {}
    }
}
