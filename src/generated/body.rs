//! Response bodies as streams of bytes.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use hyper::body::Body as _;

use super::{connection_lost, read_timeout::ReadTimeout};
use crate::{
    Result,
    transport::{BodyStream, ResponseBody},
};

/// The body of a response, as a stream. Dropping it closes the connection.
pub(crate) struct Body {
    bytes: Incoming,
    read_timeout: ReadTimeout,
}

/// The source of the bytes.
enum Incoming {
    /// A pooled connection; `None` if the response was received on a dedicated connection, which the caller has.
    Http(Option<ResponseBody>),
    /// A dedicated connection.
    Dedicated(BodyStream),
}

impl Body {
    pub(super) fn http(body: Option<ResponseBody>) -> Self {
        Self { bytes: Incoming::Http(body), read_timeout: ReadTimeout::default() }
    }

    pub(crate) fn dedicated(received: BodyStream) -> Self {
        Self { bytes: Incoming::Dedicated(received), read_timeout: ReadTimeout::default() }
    }

    /// Sets the read timeout: the stream fails if no data is received for `limit`; none is no limit.
    pub(crate) fn set_read_timeout(&mut self, limit: Option<Duration>) {
        self.read_timeout = ReadTimeout::new(limit);
    }
}

impl Stream for Body {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let bytes = match &mut self.bytes {
            Incoming::Http(Some(body)) => poll_data(body, cx),
            Incoming::Http(None) => Poll::Ready(None),
            Incoming::Dedicated(received) => Pin::new(received).poll_next(cx),
        };
        Poll::Ready(ready!(self.read_timeout.apply(cx, bytes)).unwrap_or_else(|timeout| Some(Err(timeout))))
    }
}

/// Polls the next data of a body; skips trailers.
fn poll_data(body: &mut ResponseBody, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
    loop {
        match ready!(Pin::new(&mut *body).poll_frame(cx)) {
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Poll::Ready(Some(Ok(data)));
                }
            }
            Some(Err(error)) => return Poll::Ready(Some(Err(connection_lost(error)))),
            None => return Poll::Ready(None),
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}
