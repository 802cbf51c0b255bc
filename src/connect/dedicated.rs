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
use http::{HeaderName, HeaderValue, Request, Response, header::CONTENT_LENGTH};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio_util::io::poll_read_buf;

use super::{Connector, connector::Stream};
use crate::{Error, Result, error::Kind};

/// The longest head of an answer, in bytes.
const LONGEST_HEAD: usize = 64 << 10;

/// The most headers an answer may have.
const MOST_HEADERS: usize = 64;

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
        let broken = |error| {
            let message = format!("the connection to {} broke before the engine answered", connector.address());
            Error::with_source(Kind::Connection(message), error)
        };
        stream.write_all(&head(&request)).await.map_err(broken)?;
        stream.write_all(request.body()).await.map_err(broken)?;
        stream.flush().await.map_err(broken)?;

        let mut received = BytesMut::with_capacity(READ);
        loop {
            if let Some((response, length)) = answer(&received)? {
                let _ = received.split_to(length);
                if response.status().is_informational() && response.status() != http::StatusCode::SWITCHING_PROTOCOLS {
                    continue;
                }
                return Ok(response.map(|()| Self { stream, received }));
            }
            if received.len() >= LONGEST_HEAD {
                return Err(no_http("its head does not end"));
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

/// The head of a request, as it is written.
fn head(request: &Request<Bytes>) -> Vec<u8> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    let mut text = format!("{} {target} HTTP/1.1\r\n", request.method()).into_bytes();
    let mut line = |name: &str, value: &[u8]| {
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value);
        text.extend_from_slice(b"\r\n");
    };
    line("host", request.uri().authority().map_or("", |authority| authority.as_str()).as_bytes());
    for (name, value) in request.headers().iter().filter(|(name, _)| *name != CONTENT_LENGTH) {
        line(name.as_str(), value.as_bytes());
    }
    line("content-length", request.body().len().to_string().as_bytes());
    text.extend_from_slice(b"\r\n");
    text
}

/// The head of the answer that begins `bytes`, and its length, if it came as a whole.
fn answer(bytes: &[u8]) -> Result<Option<(Response<()>, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let mut head = httparse::Response::new(&mut headers);
    let length = match head.parse(bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(error) => return Err(no_http(&error.to_string())),
    };
    let mut response = Response::builder().status(head.code.unwrap_or_default());
    for header in head.headers {
        let name = HeaderName::from_bytes(header.name.as_bytes());
        let value = HeaderValue::from_bytes(header.value);
        if let (Ok(name), Ok(value)) = (name, value) {
            response = response.header(name, value);
        }
    }
    let response = response.body(()).map_err(|error| no_http(&error.to_string()))?;
    Ok(Some((response, length)))
}

fn no_http(why: &str) -> Error {
    Error::new(Kind::Connection(format!("the engine does not answer in HTTP: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_once_it_is_whole() {
        let wire = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\nraw";
        for end in 0..wire.len() - 3 {
            assert!(answer(&wire[..end]).unwrap().is_none(), "{end}");
        }
        let (response, length) = answer(wire).unwrap().unwrap();
        assert_eq!((response.status().as_u16(), length), (101, wire.len() - 3));
        assert_eq!(response.headers()["upgrade"], "tcp");
    }

    #[test]
    fn what_is_no_head_is_an_error() {
        for wire in [&b"\x15\x03\x01\0\x02\x02"[..], b"HTTP/1.1 9999 Odd\r\n\r\n", b"SSH-2.0-OpenSSH\r\n"] {
            assert!(answer(wire).is_err(), "{wire:?}");
        }
    }
}
