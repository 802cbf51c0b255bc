//! A connection of its own for one request, whose two directions stay open behind the answer.
//!
//! Engines answer a request to hijack with 101, or with 200 and no length (engines
//! 1.3 and 1.4 know nothing else); either way raw bytes follow, both ways. No HTTP
//! library gives the connection back after a 200, so the few lines of a request and
//! the head of an answer are written and read here.

use std::{
    fmt, io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use futures_core::Stream as ItemStream;
use http::{Request, Response};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio_util::io::poll_read_buf;

use super::{Connector, Stream, head};
use crate::Result;

/// The longest head of an answer, in bytes.
const LONGEST_HEAD: usize = 64 << 10;

/// How much is read at once, in bytes.
const READ: usize = 32 << 10;

/// A connection behind the head of an answer.
pub(crate) struct Connection {
    stream: Stream,
    /// What came behind the head already.
    received: BytesMut,
}

impl Connection {
    /// Sends `request` on a new connection, and returns the head of the answer and the connection behind it.
    pub(crate) async fn open(connector: &Connector, request: Request<Bytes>) -> Result<Response<Self>> {
        let mut stream = connector.dial().await?;
        let broken = |error| connector.explain(error);
        stream.write_all(&head::write(&request)).await.map_err(broken)?;
        stream.write_all(request.body()).await.map_err(broken)?;
        stream.flush().await.map_err(broken)?;

        let mut received = BytesMut::with_capacity(READ);
        loop {
            if let Some((response, length)) = head::parse(&received)? {
                let _ = received.split_to(length);
                if response.status().is_informational() && response.status() != http::StatusCode::SWITCHING_PROTOCOLS {
                    continue;
                }
                return Ok(response.map(|()| Self { stream, received }));
            }
            if received.len() >= LONGEST_HEAD {
                return Err(head::no_http("its head does not end"));
            }
            if stream.read_buf(&mut received).await.map_err(broken)? == 0 {
                return Err(broken(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }

    /// Up to `most` bytes of what comes, until `enough` have come or the engine hangs up.
    pub(crate) async fn read(mut self, enough: usize, most: usize) -> Bytes {
        while self.received.len() < enough.min(most) {
            match self.stream.read_buf(&mut self.received).await {
                Ok(0) | Err(_) => break,
                Ok(_) => {}
            }
        }
        self.received.truncate(most);
        self.received.freeze()
    }

    /// The connection, and what came over it already.
    #[cfg(feature = "websocket")]
    pub(crate) fn into_parts(self) -> (Stream, BytesMut) {
        (self.stream, self.received)
    }

    /// The two directions, to be used apart.
    pub(crate) fn split(self) -> (Received, WriteHalf<Stream>) {
        let (read, write) = tokio::io::split(self.stream);
        (Received { half: read, buffer: self.received }, write)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

/// What comes over a connection, until the engine hangs up.
pub(crate) struct Received {
    half: ReadHalf<Stream>,
    buffer: BytesMut,
}

impl ItemStream for Received {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { half, buffer } = &mut *self;
        if buffer.is_empty() {
            buffer.reserve(READ);
            if ready!(poll_read_buf(Pin::new(half), cx, buffer))? == 0 {
                return Poll::Ready(None);
            }
        }
        Poll::Ready(Some(Ok(buffer.split().freeze())))
    }
}
