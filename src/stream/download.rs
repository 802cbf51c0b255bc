//! Bytes from the engine: archives.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;

use super::Reader;
use crate::{Result, wire::Body};

/// An archive that the engine sends, in pieces, as they come.
///
/// Ends when it is complete, or with the first error; one that breaks off is an error.
///
/// # Cancellation
///
/// Dropping this closes its connection; nothing keeps running behind it. Waiting
/// for the next piece is cancel safe: nothing is lost when the wait is dropped.
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Download {
    body: Option<Body>,
    pub(super) operation: &'static str,
}

impl Download {
    pub(crate) fn new(body: Body, operation: &'static str) -> Self {
        Self { body: Some(body), operation }
    }

    /// Fails if nothing comes for longer than `limit`. Without, waits for as long as it takes.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        if let Some(body) = &mut self.body {
            body.set_idle_timeout(limit);
        }
        self
    }

    /// The archive, for whoever reads.
    #[must_use]
    pub fn into_reader(self) -> Reader<Self> {
        Reader::new(self)
    }
}

impl Stream for Download {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let bytes = ready!(Pin::new(body).poll_next(cx));
        if !matches!(bytes, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(bytes.map(|bytes| bytes.map_err(|error| error.during(self.operation))))
    }
}
