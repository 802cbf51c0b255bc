//! The stream of engine events.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use futures_util::TryStreamExt;
use tokio::time::Instant;

use super::Event;
use crate::{
    Error, Result, Timestamp,
    generated::Body,
    stream::{Decoded, DocumentDecoder},
};

/// Events of an engine, in order. Returned by [`DockerClient::events`](crate::DockerClient::events).
///
/// Ends at the time [`until`](super::ReadEvents::until) of the request, or after the first error; it does not reconnect. If
/// the engine ends the stream earlier, for example because it stops, the last item is an error
/// ([`is_truncated`](Error::is_truncated)).
///
/// # Cancellation
///
/// Dropping this closes its connection. Waiting for the next event is cancel safe: no event is lost when the wait is
/// dropped.
#[doc(alias = "EventOrError")]
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct EventStream {
    events: Decoded<DocumentDecoder<Event>>,
    until: Option<Timestamp>,
    responded_at: Timestamp,
    opened: Instant,
    ended: bool,
}

impl EventStream {
    pub(super) fn new(body: Body, limit: usize, until: Option<Timestamp>, responded_at: Timestamp) -> Self {
        let events = Decoded::new(body, DocumentDecoder::new(limit), "system_events");
        Self { events, until, responded_at, opened: Instant::now(), ended: false }
    }

    /// Whether the time `until` has passed by the engine's clock, within a second.
    fn is_over(&self) -> bool {
        let now = self.responded_at.unix_seconds().saturating_add_unsigned(self.opened.elapsed().as_secs() + 1);
        self.until.is_some_and(|until| until.unix_seconds() <= now)
    }

    /// Returns the time of the response by the engine's clock, in whole seconds.
    pub(crate) fn responded_at(&self) -> Timestamp {
        self.responded_at
    }

    /// Fails if nothing arrives for longer than `limit`. Defaults to `None`: no limit.
    pub fn read_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.events.set_read_timeout(limit.into());
        self
    }

    /// Waits for the next event. Returns `None` at the end of the requested period. Cancel safe.
    ///
    /// # Errors
    ///
    /// Fails if the connection is lost or the response is not valid. The stream ends after an error.
    pub async fn try_next(&mut self) -> Result<Option<Event>> {
        TryStreamExt::try_next(self).await
    }
}

impl Stream for EventStream {
    type Item = Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(Pin::new(&mut self.events).poll_next(cx));
        // Also ends after an error.
        let ended = std::mem::replace(&mut self.ended, !matches!(item, Some(Ok(_))));
        if item.is_none() && !ended && !self.is_over() {
            return Poll::Ready(Some(Err(Error::truncated("the engine ended the stream").during("system_events"))));
        }
        Poll::Ready(item)
    }
}
