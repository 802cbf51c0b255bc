//! The stream of events.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::Stream;

use super::{Event, EventKind};
use crate::{
    Filters, Result, Timestamp,
    stream::{Decoded, DocumentDecoder},
    wire::Body,
};

/// Options of [`DockerClient::events`](crate::DockerClient::events). By default, all events from now on.
#[doc(alias = "MonitorEventsOptions")]
#[doc(alias = "MonitorEventsFilters")]
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct EventsOptions {
    pub(crate) since: Option<Timestamp>,
    pub(crate) until: Option<Timestamp>,
    pub(super) filters: Filters,
}

impl EventsOptions {
    /// Begin with what happened since, by the engine's clock, in whole seconds rounded down.
    ///
    /// Engines remember some of the last events only: 64 before 1.13, 256 since.
    pub fn since(mut self, since: Timestamp) -> Self {
        self.since = Some(since);
        self
    }

    /// End then, by the engine's clock, in whole seconds rounded up. Goes on for ever without.
    pub fn until(mut self, until: Timestamp) -> Self {
        self.until = Some(until);
        self
    }

    /// Only events of this container, by id or name; several calls widen the choice. Needs API 1.16.
    pub fn container(self, container: impl Into<String>) -> Self {
        self.filter("container", container)
    }

    /// Only events of this image and its containers; several calls widen the choice. Needs API 1.16.
    pub fn image(self, image: impl Into<String>) -> Self {
        self.filter("image", image)
    }

    /// Only this action, as `start`; several calls widen the choice. Needs API 1.16.
    pub fn action(self, action: impl Into<String>) -> Self {
        self.filter("event", action)
    }

    /// Only events of containers and images with this label, `key` or `key=value`; several calls narrow the choice. Needs
    /// API 1.21.
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
    }

    /// Only events of this kind of thing; several calls widen the choice. Needs API 1.22.
    pub fn kind(self, kind: impl Into<EventKind>) -> Self {
        let kind = kind.into();
        self.filter("type", kind.as_str())
    }

    /// Only events of this volume; several calls widen the choice. Needs API 1.22.
    pub fn volume(self, name: impl Into<String>) -> Self {
        self.filter("volume", name)
    }

    /// Only events of this network, by id or name; several calls widen the choice. Needs API 1.22.
    pub fn network(self, network: impl Into<String>) -> Self {
        self.filter("network", network)
    }

    /// A filter that has no method of its own.
    pub fn filter(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.filters.add(key, value);
        self
    }

    /// Filters that come from somewhere else.
    pub fn filters(mut self, filters: impl Into<Filters>) -> Self {
        self.filters.extend(filters);
        self
    }

    pub(super) fn to_since(&self) -> Option<String> {
        self.since.map(|since| since.unix_seconds().to_string())
    }

    pub(super) fn to_until(&self) -> Option<String> {
        let rounded_up = |until: Timestamp| {
            until.unix_nanoseconds().div_euclid(1_000_000_000)
                + i128::from(until.unix_nanoseconds().rem_euclid(1_000_000_000) > 0)
        };
        self.until.map(|until| rounded_up(until).to_string())
    }
}

/// What happens in an engine, in order. Made by [`DockerClient::events`](crate::DockerClient::events).
///
/// Ends at the time that was asked for, when the engine stops, or with the first
/// error; it does not reconnect.
///
/// # Cancellation
///
/// Dropping this closes its connection; nothing keeps running behind it. Waiting
/// for the next event is cancel safe: none is lost when the wait is dropped.
#[doc(alias = "EventOrError")]
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Events {
    events: Decoded<DocumentDecoder<Event>>,
    answered_at: Timestamp,
}

impl Events {
    pub(super) fn new(body: Body, longest: usize, answered_at: Timestamp) -> Self {
        Self { events: Decoded::new(body, DocumentDecoder::new(longest), "system_events"), answered_at }
    }

    /// When the engine answered, by its clock; the second it lies in.
    pub(crate) fn answered_at(&self) -> Timestamp {
        self.answered_at
    }

    /// Fails if nothing happens for longer than `limit`. Without, waits for as long as it takes.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.events.set_idle_timeout(limit);
        self
    }
}

impl Stream for Events {
    type Item = Result<Event>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.events).poll_next(cx)
    }
}
