//! Responses to requests.

use std::{fmt, io, pin::Pin};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use tokio::sync::broadcast;

use crate::{latch::Latch, session::Session};

/// A response to a request.
#[must_use]
pub struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    pub(crate) chunk_size: Option<usize>,
    pub(crate) truncate_after: Option<usize>,
    pub(crate) latch: Option<Latch>,
    pub(crate) then: Then,
}

pub(crate) enum Body {
    /// The whole response, including its status line and headers.
    Raw(Bytes),
    /// A body of known length.
    Whole(Bytes),
    /// A body with chunked transfer encoding.
    Stream(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
    /// A task that takes over the connection after the headers.
    Session(Box<dyn FnOnce(Session) -> SessionTask + Send>),
}

type SessionTask = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The use of the connection after the response.
#[derive(Debug)]
pub(crate) enum Then {
    KeepAlive,
    Close,
    Stall,
    Echo,
    Stream(broadcast::Receiver<String>),
}

impl Response {
    /// Creates a response with a JSON body.
    pub fn json(status: u16, body: &str) -> Self {
        Self::with_type(status, "application/json", body.to_owned())
    }

    /// Creates a response with a plain-text body, as engines send errors to requests below API 1.24.
    pub fn text(status: u16, body: &str) -> Self {
        Self::with_type(status, "text/plain; charset=utf-8", body.to_owned())
    }

    /// Creates a response without a body.
    pub fn empty(status: u16) -> Self {
        Self::new(status, Body::Whole(Bytes::new()))
    }

    /// Creates a response with a body of any content type.
    pub fn with_type(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, Body::Whole(body.into().into())).header("Content-Type", content_type)
    }

    /// Creates a response from raw bytes, which must include the status line and headers.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(0, Body::Raw(bytes.into().into()))
    }

    /// Creates a response of which no byte is ever sent; the connection stays open.
    pub fn never() -> Self {
        Self::raw(Bytes::new()).then_stall()
    }

    /// Adds a header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Closes the connection after the response.
    pub fn then_close(self) -> Self {
        Self { then: Then::Close, ..self }
    }

    /// Sends all further input back as stdout frames, and the stderr frame `met the end` when the client closes its half
    /// of the connection.
    pub fn then_echo(self) -> Self {
        Self { then: Then::Echo, ..self }
    }

    /// Sends every message that is sent on `channel` from now on, after the response.
    pub fn then_stream(self, channel: &broadcast::Sender<String>) -> Self {
        Self { then: Then::Stream(channel.subscribe()), ..self }
    }

    /// Keeps the connection open after the response, and sends nothing more.
    pub fn then_stall(self) -> Self {
        Self { then: Then::Stall, ..self }
    }

    /// Sends the response in separate writes of at most `size` bytes.
    pub fn in_chunks(self, size: usize) -> Self {
        Self { chunk_size: Some(size), ..self }
    }

    /// Closes the connection after `bytes` bytes of the response, including the status line and headers.
    pub fn truncate_after(self, bytes: usize) -> Self {
        Self { truncate_after: Some(bytes), ..self }
    }

    /// Delays the response until `latch` is open.
    pub fn waits_for(self, latch: &Latch) -> Self {
        Self { latch: Some(latch.clone()), ..self }
    }

    pub(crate) fn new(status: u16, body: Body) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body,
            chunk_size: None,
            truncate_after: None,
            latch: None,
            then: Then::KeepAlive,
        }
    }

    /// Adds headers.
    pub(crate) fn headers(mut self, headers: impl IntoIterator<Item = (String, String)>) -> Self {
        self.headers.extend(headers);
        self
    }

    /// A response with a body of known length.
    pub(crate) fn whole(status: u16, body: impl Into<Bytes>) -> Self {
        Self::new(status, Body::Whole(body.into()))
    }

    /// A response whose chunks are sent by `send`, which closes the connection.
    pub(crate) fn chunked<F: Future<Output = io::Result<()>> + Send + 'static>(
        status: u16,
        send: impl FnOnce(Session) -> F + Send + 'static,
    ) -> Self {
        let response = Self::session(status, move |session| async move {
            // The client closed the connection.
            let _ = send(session).await;
        });
        response.header("Transfer-Encoding", "chunked").header("Connection", "close")
    }

    pub(crate) fn stream(status: u16, chunks: impl Stream<Item = Bytes> + Send + 'static) -> Self {
        Self::new(status, Body::Stream(chunks.boxed()))
    }

    pub(crate) fn session<F: Future<Output = ()> + Send + 'static>(
        status: u16,
        session: impl FnOnce(Session) -> F + Send + 'static,
    ) -> Self {
        Self::new(status, Body::Session(Box::new(|io| Box::pin(session(io)))))
    }

    /// The status code for the transcript, even of a raw response.
    pub(crate) fn status_text(&self) -> String {
        match &self.body {
            Body::Raw(bytes) => {
                let line = String::from_utf8_lossy(bytes);
                let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
                status.unwrap_or(if bytes.is_empty() { "no response" } else { "not HTTP" }).to_owned()
            }
            _ => self.status.to_string(),
        }
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Response({})", self.status_text())
    }
}
