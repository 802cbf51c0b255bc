//! Streams of bytes, for whoever reads.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Buf as _, Bytes};
use futures_core::Stream;
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use crate::Result;

/// The bytes of a stream, to be read. Made by `into_reader` of that stream.
///
/// An error of the stream is an [`io::Error`] with it inside. Dropping this closes
/// the connection.
#[derive(Debug)]
pub struct Reader<S> {
    stream: S,
    /// What came last, as far as it is not read.
    bytes: Bytes,
}

impl<S> Reader<S> {
    pub(super) fn new(stream: S) -> Self {
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
