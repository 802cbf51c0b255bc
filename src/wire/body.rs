//! The body of an answer, as it comes.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use futures_core::Stream;
use progenitor_client::ByteStream;

use super::body_error;
use crate::Result;

/// The bytes an engine answers with. Dropping this closes the connection.
pub(crate) struct Body(ByteStream);

impl Body {
    pub(super) fn new(bytes: ByteStream) -> Self {
        Self(bytes)
    }
}

impl Stream for Body {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let bytes = ready!(self.0.as_mut().poll_next(cx));
        Poll::Ready(bytes.map(|bytes| bytes.map_err(body_error)))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}
