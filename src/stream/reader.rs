//! Readers of byte streams.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, Bytes};
use futures_core::Stream;
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use crate::Result;

/// An [`AsyncRead`] of the bytes of a stream. Returned by the stream's `into_reader`.
///
/// An error of the stream is the source of the [`io::Error`]. Dropping this closes the connection.
#[derive(Debug)]
pub struct Reader<S> {
    stream: S,
    /// The rest of the last chunk.
    bytes: Bytes,
}

impl<S> Reader<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, bytes: Bytes::new() }
    }
}

impl<S: Stream<Item = Result<B>> + Unpin, B: Into<Bytes>> AsyncBufRead for Reader<S> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let Self { stream, bytes } = self.get_mut();
        while bytes.is_empty() {
            match ready!(Pin::new(&mut *stream).poll_next(cx)) {
                Some(item) => *bytes = item?.into(),
                None => break,
            }
        }
        Poll::Ready(Ok(bytes))
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        self.bytes.advance(amount);
    }
}

impl<S: Stream<Item = Result<B>> + Unpin, B: Into<Bytes>> AsyncRead for Reader<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let bytes = ready!(self.as_mut().poll_fill_buf(cx))?;
        let amount = bytes.len().min(buffer.remaining());
        buffer.put_slice(&bytes[..amount]);
        self.consume(amount);
        Poll::Ready(Ok(()))
    }
}
