//! A connection of its own for one request.
//!
//! Sessions need one: behind the head of the answer, both directions stay open. Engines
//! answer a request to hijack with 101, or with 200 and no length (engines 1.3 and 1.4
//! know nothing else), and no HTTP library gives the connection back after a 200.
//! Streams profit from one: see [`Transfer`].

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

use super::{Connector, Stream, head, transfer::Transfer};
use crate::{Error, Result, error::Kind};

/// The longest head of an answer, in bytes.
const LONGEST_HEAD: usize = 64 << 10;

/// How much is read at once, in bytes: at first, and at most, if so much comes.
const READ: (usize, usize) = (4 << 10, 128 << 10);

/// A connection behind the head of an answer.
pub(crate) struct Connection {
    stream: Stream,
    /// What came behind the head already.
    received: BytesMut,
    /// How the body lies in what comes.
    transfer: Transfer,
}

impl Connection {
    /// Sends `request` on a new connection, and returns the head of the answer and the connection behind it.
    pub(crate) async fn open(connector: &Connector, request: Request<Bytes>) -> Result<Response<Self>> {
        let mut stream = connector.dial().await?;
        let broken = |error| connector.explain(error);
        stream.write_all(&head::write(&request)).await.map_err(broken)?;
        stream.write_all(request.body()).await.map_err(broken)?;
        stream.flush().await.map_err(broken)?;

        let mut received = BytesMut::with_capacity(READ.0);
        loop {
            if let Some((response, length)) = head::parse(&received)? {
                let _ = received.split_to(length);
                if response.status().is_informational() && response.status() != http::StatusCode::SWITCHING_PROTOCOLS {
                    continue;
                }
                let transfer = Transfer::of(response.status(), response.headers())?;
                return Ok(response.map(|()| Self { stream, received, transfer }));
            }
            if received.len() >= LONGEST_HEAD {
                return Err(head::no_http("its head does not end"));
            }
            if stream.read_buf(&mut received).await.map_err(broken)? == 0 {
                return Err(broken(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }

    /// Up to `most` bytes of the body, as far as they come.
    pub(crate) async fn read(self, most: usize) -> Bytes {
        let mut body = BytesMut::new();
        let mut received = self.split().0;
        while let Some(Ok(piece)) = received.next().await {
            body.extend_from_slice(&piece[..piece.len().min(most - body.len())]);
            if body.len() == most {
                break;
            }
        }
        body.freeze()
    }

    /// The connection, and what came over it already.
    #[cfg(feature = "websocket")]
    pub(crate) fn into_parts(self) -> (Stream, BytesMut) {
        (self.stream, self.received)
    }

    /// The two directions, to be used apart.
    pub(crate) fn split(self) -> (Received, WriteHalf<Stream>) {
        let (half, write) = tokio::io::split(self.stream);
        (Received { half, buffer: self.received, transfer: self.transfer, read: READ.0 }, write)
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connection")
    }
}

/// The body of the answer, as it comes over a connection.
pub(crate) struct Received {
    half: ReadHalf<Stream>,
    buffer: BytesMut,
    transfer: Transfer,
    /// How much to read at once.
    read: usize,
}

impl Received {
    /// Reads what has come. Whether anything has, or the engine has hung up.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        self.buffer.reserve(self.read);
        let length = ready!(poll_read_buf(Pin::new(&mut self.half), cx, &mut self.buffer))?;
        if length >= self.read {
            self.read = (self.read * 2).min(READ.1);
        }
        Poll::Ready(Ok(length > 0))
    }
}

impl ItemStream for Received {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Self { buffer, transfer, .. } = &mut *self;
            if let Some(piece) = transfer.next(buffer)? {
                return Poll::Ready(Some(Ok(piece)));
            }
            if transfer.is_done() {
                return Poll::Ready(None);
            }
            match ready!(self.poll_read(cx)) {
                Ok(true) => {}
                Ok(false) if self.transfer.may_end() => return Poll::Ready(None),
                Ok(false) => return Poll::Ready(Some(Err(broken(io::ErrorKind::UnexpectedEof.into())))),
                Err(error) => return Poll::Ready(Some(Err(broken(error)))),
            }
        }
    }
}

fn broken(error: io::Error) -> Error {
    Error::with_source(Kind::Connection("the connection broke in the middle of the answer".into()), error)
}
