//! Response bodies with a maximum size and a read timeout, and the errors of unsuccessful responses.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Response, StatusCode, header::CONTENT_ENCODING};
use http_body_util::BodyExt;
use hyper::body::{Body, Frame};

use super::{connection_lost, decode::Limit, error_response, read_timeout::ReadTimeout};
use crate::{
    Error, Result,
    error::Kind,
    transport::{Connection, Limits, ResponseBody},
};

/// Maximum size of the body of an error response that is read, in bytes.
const MAX_ERROR_SIZE: usize = 64 << 10;

/// A body that fails if it is larger than its limit, or if no data is received within the read timeout.
pub(super) struct LimitedBody {
    body: ResponseBody,
    read_timeout: ReadTimeout,
    limit: Limit,
    received: usize,
}

impl LimitedBody {
    /// Limits a body that is one object or list.
    pub(super) fn document(body: ResponseBody, read_timeout: Option<Duration>, limit: Limit) -> Self {
        Self { body, read_timeout: ReadTimeout::new(read_timeout), limit, received: 0 }
    }

    fn count(&mut self, frame: Frame<Bytes>) -> Result<Frame<Bytes>> {
        self.received = self.received.saturating_add(frame.data_ref().map_or(0, Bytes::len));
        if self.received > self.limit.bytes() {
            return Err(self.limit.too_long("the response"));
        }
        Ok(frame)
    }
}

impl Body for LimitedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        let frame = Pin::new(&mut self.body).poll_frame(cx);
        let frame = match ready!(self.read_timeout.apply(cx, frame)) {
            Ok(frame) => frame.map(|frame| self.count(frame.map_err(connection_lost)?)),
            Err(timeout) => Some(Err(timeout)),
        };
        Poll::Ready(frame)
    }
}

/// Fails if a body is encoded (`Content-Encoding`): the client never requests that.
fn check_encoding(headers: &HeaderMap) -> Result<()> {
    match headers.get(CONTENT_ENCODING) {
        Some(encoding) if encoding != "identity" => {
            let encoding = String::from_utf8_lossy(encoding.as_bytes());
            Err(Error::new(Kind::Decode(format!("unexpected Content-Encoding {encoding}"))))
        }
        _ => Ok(()),
    }
}

/// Reads a whole body. A body of one chunk is not copied.
pub(super) async fn collect(mut body: impl Body<Data = Bytes, Error = Error> + Unpin) -> Result<Bytes> {
    let (mut first, mut all) = (Bytes::new(), BytesMut::new());
    while let Some(frame) = body.frame().await {
        let Ok(chunk) = frame?.into_data() else { continue };
        if first.is_empty() && all.is_empty() {
            first = chunk;
        } else {
            all.extend_from_slice(&std::mem::take(&mut first));
            all.extend_from_slice(&chunk);
        }
    }
    Ok(if all.is_empty() { first } else { all.freeze() })
}

/// Returns the response, or an error if its status is not a success or its body is encoded.
pub(super) async fn checked(response: Response<ResponseBody>, limits: &Limits) -> Result<Response<ResponseBody>> {
    if !response.status().is_success() {
        return Err(engine_error(response, limits).await);
    }
    check_encoding(response.headers())?;
    Ok(response)
}

/// Returns the response on a dedicated connection, or an error if its status is not a success or its body is encoded.
/// The connection is open after any successful response.
pub(super) async fn checked_session(response: Response<Connection>, limits: &Limits) -> Result<Response<Connection>> {
    let status = response.status();
    if status != StatusCode::SWITCHING_PROTOCOLS && !status.is_success() {
        return Err(session_error(response, limits.read_timeout).await);
    }
    check_encoding(response.headers())?;
    Ok(response)
}

/// The error of an unsuccessful response.
async fn engine_error(response: Response<ResponseBody>, limits: &Limits) -> Error {
    let status = response.status();
    let mut body = response.into_body();
    let mut text = BytesMut::new();
    let read = async {
        while let Some(Ok(frame)) = body.frame().await {
            let chunk = frame.into_data().unwrap_or_default();
            text.extend_from_slice(&chunk[..chunk.len().min(MAX_ERROR_SIZE - text.len())]);
            if text.len() == MAX_ERROR_SIZE {
                break;
            }
        }
    };
    // If the body cannot be read completely or in time, the status is still the error.
    match limits.read_timeout {
        Some(limit) => tokio::time::timeout(limit, read).await.unwrap_or_default(),
        None => read.await,
    }
    error_response::error(status, &text)
}

/// The error of an unsuccessful response on a dedicated connection.
async fn session_error(response: Response<Connection>, limit: Option<Duration>) -> Error {
    let (head, connection) = response.into_parts();
    let text = connection.read(MAX_ERROR_SIZE);
    let text = match limit {
        Some(limit) => tokio::time::timeout(limit, text).await.unwrap_or_default(),
        None => text.await,
    };
    error_response::error(head.status, &text)
}
