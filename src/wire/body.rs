//! The body of an answer, as it comes.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use progenitor_client::ByteStream;

use super::{body_error, silence::Silence};
use crate::{Result, connect::Received};

/// The bytes an engine answers with. Dropping this closes the connection.
pub(crate) struct Body {
    bytes: Incoming,
    silence: Silence,
}

/// Where they come from.
enum Incoming {
    /// From the pool.
    Http(ByteStream),
    /// From a connection of its own.
    Dedicated(Received),
}

impl Body {
    pub(super) fn http(bytes: ByteStream) -> Self {
        Self { bytes: Incoming::Http(bytes), silence: Silence::default() }
    }

    pub(crate) fn dedicated(received: Received) -> Self {
        Self { bytes: Incoming::Dedicated(received), silence: Silence::default() }
    }

    /// Fails if nothing comes for longer than `limit`.
    pub(crate) fn set_idle_timeout(&mut self, limit: Duration) {
        self.silence = Silence::new(Some(limit));
    }
}

impl Stream for Body {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let bytes = match &mut self.bytes {
            Incoming::Http(bytes) => bytes.as_mut().poll_next(cx).map(|bytes| bytes.map(|b| b.map_err(body_error))),
            Incoming::Dedicated(received) => Pin::new(received).poll_next(cx),
        };
        Poll::Ready(ready!(self.silence.watch(cx, bytes)).unwrap_or_else(|silent| Some(Err(silent))))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Body")
    }
}
