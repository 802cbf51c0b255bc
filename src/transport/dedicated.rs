//! Dedicated connection for one request.
//!
//! Sessions (hijacked connections) require one, because both directions stay open after the response head. Engines respond
//! to a hijack request with 101, or with 200 and no length (engines 1.3 and 1.4 always do), and no HTTP library returns the
//! connection after a 200. Streams use one for performance, see [`BodyFraming`].

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use futures_core::Stream as ItemStream;
use futures_util::StreamExt as _;
use http::{Request, Response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio_util::io::poll_read_buf;

use super::{
    Connector, Io,
    body_framing::BodyFraming,
    http1_head::{self, MAX_HEAD_SIZE},
};
use crate::{Error, Result, error::Kind};

/// Initial and maximum size of a read, in bytes.
const READ_SIZE: (usize, usize) = (4 << 10, 128 << 10);

/// A connection after the response head.
pub(crate) struct Connection {
    stream: Io,
    /// Bytes that were received after the head.
    received: BytesMut,
    /// Decoder for the body.
    framing: BodyFraming,
}

impl Connection {
    /// Sends `request` over the new connection `stream`, and returns the response head and the connection.
    pub(super) async fn open(connector: &Connector, mut stream: Io, request: Request<Bytes>) -> Result<Response<Self>> {
        let broken = |error| connector.explain(error);
        stream.write_all(&http1_head::write(&request)).await.map_err(broken)?;
        stream.write_all(request.body()).await.map_err(broken)?;
        stream.flush().await.map_err(broken)?;

        let mut received = BytesMut::with_capacity(READ_SIZE.0);
        // Total length of the informational responses before the final one.
        let mut skipped = 0;
        loop {
            if let Some((response, length)) = http1_head::parse(&received)? {
                let _ = received.split_to(length);
                if response.status().is_informational() && response.status() != http::StatusCode::SWITCHING_PROTOCOLS {
                    skipped += length;
                    continue;
                }
                let framing = BodyFraming::of(&response)?;
                return Ok(response.map(|()| Self { stream, received, framing }));
            }
            if received.len() >= MAX_HEAD_SIZE || skipped >= MAX_HEAD_SIZE {
                return Err(http1_head::invalid_http("response headers too large"));
            }
            if stream.read_buf(&mut received).await.map_err(broken)? == 0 {
                return Err(broken(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }

    /// Reads up to `limit` bytes of the body, and ignores errors.
    pub(crate) async fn read(self, limit: usize) -> Bytes {
        let mut body = BytesMut::new();
        let mut received = self.split().0;
        while let Some(Ok(chunk)) = received.next().await {
            body.extend_from_slice(&chunk[..chunk.len().min(limit - body.len())]);
            if body.len() == limit {
                break;
            }
        }
        body.freeze()
    }

    /// Returns the connection, and the bytes that were received after the head.
    #[cfg(feature = "websocket")]
    pub(crate) fn into_parts(self) -> (Io, BytesMut) {
        (self.stream, self.received)
    }

    /// Splits the connection into the response body and the write half.
    pub(crate) fn split(self) -> (BodyStream, WriteHalf<Io>) {
        let (half, write) = tokio::io::split(self.stream);
        (BodyStream { half, buffer: self.received, framing: self.framing, read_size: READ_SIZE.0 }, write)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

/// The response body of a dedicated connection, as a stream.
pub(crate) struct BodyStream {
    half: ReadHalf<Io>,
    buffer: BytesMut,
    framing: BodyFraming,
    /// Size of the next read, in bytes.
    read_size: usize,
}

impl BodyStream {
    /// Reads available bytes. Returns false at EOF.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        self.buffer.reserve(self.read_size);
        let length = ready!(poll_read_buf(Pin::new(&mut self.half), cx, &mut self.buffer))?;
        if length >= self.read_size {
            self.read_size = (self.read_size * 2).min(READ_SIZE.1);
        }
        Poll::Ready(Ok(length > 0))
    }
}

impl ItemStream for BodyStream {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Self { buffer, framing, .. } = &mut *self;
            if let Some(chunk) = framing.next(buffer)? {
                return Poll::Ready(Some(Ok(chunk)));
            }
            if framing.is_done() {
                return Poll::Ready(None);
            }
            match ready!(self.poll_read(cx)) {
                Ok(true) => {}
                Ok(false) if self.framing.may_end() => return Poll::Ready(None),
                Ok(false) => return Poll::Ready(Some(Err(broken(io::ErrorKind::UnexpectedEof.into())))),
                Err(error) => return Poll::Ready(Some(Err(broken(error)))),
            }
        }
    }
}

fn broken(error: io::Error) -> Error {
    Error::with_source(Kind::ConnectionLost("connection lost before the end of the response".into()), error)
}
