//! What goes back.

use std::{fmt, pin::Pin};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use tokio::sync::broadcast;

use crate::{connection::Session, gate::Gate};

/// An answer to a request.
#[must_use]
pub struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Body,
    pub(crate) pieces: Option<usize>,
    pub(crate) cut: Option<usize>,
    pub(crate) gate: Option<Gate>,
    pub(crate) then: Then,
}

pub(crate) enum Body {
    /// The whole answer, with its head.
    Raw(Bytes),
    /// A body whose length is known.
    Whole(Bytes),
    /// A body in chunks, for as long as it goes on.
    Stream(Pin<Box<dyn Stream<Item = Bytes> + Send>>),
    /// No HTTP any more.
    Session(Box<dyn FnOnce(Session) -> Talk + Send>),
}

/// What is said over a session, until it is over.
type Talk = Pin<Box<dyn Future<Output = ()> + Send>>;

#[derive(Debug)]
pub(crate) enum Then {
    TakeTheNextRequest,
    HangUp,
    SayNothingMore,
    Echo,
    Tell(broadcast::Receiver<String>),
}

impl Reply {
    /// A document, as engines of every age send it.
    pub fn json(status: u16, body: &str) -> Self {
        Self::with_type(status, "application/json", body.to_owned())
    }

    /// An error, as engines send it to requests below API 1.24.
    pub fn text(status: u16, body: &str) -> Self {
        Self::with_type(status, "text/plain; charset=utf-8", body.to_owned())
    }

    /// No body.
    pub fn empty(status: u16) -> Self {
        Self::new(status, Body::Whole(Bytes::new()))
    }

    /// Any body, of a type.
    pub fn with_type(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::new(status, Body::Whole(body.into().into())).header("Content-Type", content_type)
    }

    /// Whatever is sent, head and all.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(0, Body::Raw(bytes.into().into()))
    }

    /// Nothing is ever sent.
    pub fn silence() -> Self {
        Self::raw(Bytes::new()).then_say_nothing_more()
    }

    /// With one more header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Closes the connection after the answer.
    pub fn then_hang_up(self) -> Self {
        Self { then: Then::HangUp, ..self }
    }

    /// From here on, what comes goes back in frames of stdout, until the other side closes its half.
    pub fn then_echo(self) -> Self {
        Self { then: Then::Echo, ..self }
    }

    /// Sends whatever is told from now on.
    pub fn then_tell(self, news: &broadcast::Sender<String>) -> Self {
        Self { then: Then::Tell(news.subscribe()), ..self }
    }

    /// Keeps the connection open, and sends nothing more.
    pub fn then_say_nothing_more(self) -> Self {
        Self { then: Then::SayNothingMore, ..self }
    }

    /// In pieces of `size` bytes, each for itself.
    pub fn in_pieces(self, size: usize) -> Self {
        Self { pieces: Some(size), ..self }
    }

    /// Breaks the connection after so many bytes, the head among them.
    pub fn cut_after(self, bytes: usize) -> Self {
        Self { cut: Some(bytes), ..self }
    }

    /// Nothing is sent before the gate is open.
    pub fn waits_for(self, gate: &Gate) -> Self {
        Self { gate: Some(gate.clone()), ..self }
    }

    pub(crate) fn new(status: u16, body: Body) -> Self {
        Self { status, headers: Vec::new(), body, pieces: None, cut: None, gate: None, then: Then::TakeTheNextRequest }
    }

    pub(crate) fn stream(status: u16, pieces: impl Stream<Item = Bytes> + Send + 'static) -> Self {
        Self::new(status, Body::Stream(pieces.boxed()))
    }

    pub(crate) fn session<F: Future<Output = ()> + Send + 'static>(
        status: u16,
        session: impl FnOnce(Session) -> F + Send + 'static,
    ) -> Self {
        Self::new(status, Body::Session(Box::new(|io| Box::pin(session(io)))))
    }

    /// The status, also of what is raw.
    pub(crate) fn told_status(&self) -> String {
        match &self.body {
            Body::Raw(bytes) => {
                let line = String::from_utf8_lossy(bytes);
                let status = line.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3));
                status.unwrap_or(if bytes.is_empty() { "silence" } else { "garbage" }).to_owned()
            }
            _ => self.status.to_string(),
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({})", self.told_status())
    }
}
