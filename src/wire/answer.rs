//! The bodies of answers, watched: none may grow without bound or fall silent for ever.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode, header::CONTENT_ENCODING};
use http_body_util::{BodyExt, Collected, Limited};
use hyper::body::{Body, Frame, SizeHint};

use super::{broken, silence::Silence};
use crate::{
    Error, Result,
    connect::{Answer, Connection},
    error::Kind,
};

/// The longest single document that is read, in bytes.
pub(super) const LONGEST_DOCUMENT: usize = 256 << 20;

/// The longest text of an error that is kept, in bytes.
const LONGEST_ERROR: usize = 64 << 10;

/// A body that fails if it falls silent for longer than its limit, or grows too long.
pub(super) struct Watched {
    body: Answer,
    silence: Silence,
    left: usize,
}

impl Watched {
    /// A body that is one document.
    pub(super) fn document(body: Answer, limit: Option<Duration>) -> Self {
        Self { body, silence: Silence::new(limit), left: LONGEST_DOCUMENT }
    }

    fn count(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>> {
        let length = frame.data_ref().map_or(0, Bytes::len);
        self.left = self
            .left
            .checked_sub(length)
            .ok_or_else(|| Error::new(Kind::Decode(format!("it is longer than {LONGEST_DOCUMENT} bytes"))))?;
        Ok(frame)
    }
}

impl Body for Watched {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        let frame = match ready!(self.silence.watch(cx, frame)) {
            Ok(frame) => frame.map(|frame| self.count(frame.map_err(broken)?)),
            Err(silent) => Some(Err(silent)),
        };
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Fails if the body of an answer is not what was asked for, but something else made of it: nobody asks for that.
pub(super) fn plain(headers: &HeaderMap) -> Result<()> {
    match headers.get(CONTENT_ENCODING) {
        Some(encoding) if encoding != "identity" => {
            let encoding = String::from_utf8_lossy(encoding.as_bytes());
            Err(Error::new(Kind::Decode(format!("it is encoded as {encoding}, which was not asked for"))))
        }
        _ => Ok(()),
    }
}

/// The whole body of an answer that is one document.
pub(super) async fn collect(response: Response<Answer>, limit: Option<Duration>) -> Result<Bytes> {
    Ok(Watched::document(response.into_body(), limit).collect().await?.to_bytes())
}

/// The error that the engine answered with.
pub(super) async fn engine_error(response: Response<Answer>, limit: Option<Duration>) -> Error {
    let status = response.status();
    let body = Limited::new(Watched::document(response.into_body(), limit), LONGEST_ERROR);
    // An error whose text cannot be read is still the error its status says.
    let text = body.collect().await.map(Collected::to_bytes).unwrap_or_default();
    error(status, &text)
}

/// The error that the engine answered with, on a connection of its own.
pub(super) async fn session_error(response: Response<Connection>, limit: Option<Duration>) -> Error {
    let (head, connection) = response.into_parts();
    let text = connection.read(LONGEST_ERROR);
    let text = match limit {
        Some(limit) => tokio::time::timeout(limit, text).await.unwrap_or_default(),
        None => text.await,
    };
    error(head.status, &text)
}

/// What a port that wants TLS says to plain HTTP, before any engine sees it.
const WANTS_TLS: &str = "Client sent an HTTP request to an HTTPS server.";

fn error(status: StatusCode, text: &[u8]) -> Error {
    let mut message = message(text);
    if message == WANTS_TLS {
        return Error::new(Kind::Connect(
            "the engine wants TLS; set DOCKER_TLS_VERIFY and DOCKER_CERT_PATH, or use the builder's `tls`".into(),
        ));
    }
    if message.is_empty() {
        status.canonical_reason().unwrap_or("no reason given").clone_into(&mut message);
    }
    Error::new(Kind::Engine { status: status.as_u16(), message })
}

/// The text of an error: the whole body from engines asked below 1.24, `{"message": …}` from others.
fn message(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Document {
        message: String,
    }

    match serde_json::from_slice::<Document>(body) {
        Ok(document) => document.message.trim().to_owned(),
        Err(_) => String::from_utf8_lossy(body).trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::message;

    #[test]
    fn both_forms_of_an_error_are_read_and_trimmed() {
        assert_eq!(message(b"No such container: ghost\n"), "No such container: ghost");
        assert_eq!(message(b"{\"message\":\"No such container: ghost\"}\n"), "No such container: ghost");
        assert_eq!(message(b"{\"message\":\" in use\\n\"}"), "in use");
        assert_eq!(message(b"{\"error\": 1}"), "{\"error\": 1}");
        assert_eq!(message(b"not utf-8: \xff\r\n"), "not utf-8: \u{fffd}");
        assert_eq!(message(b""), "");
    }
}
