//! The monitor of containers: lists them, then watches events and lists the affected containers again.
//!
//! ```text
//!        containers are dirty              the list: Snapshot, or the differences
//! Idle ────────────────────────▶ Listing ─────────────────────────────────────────▶ Idle
//!   │ ▲                             │ failed: Disconnected
//!   │ └───────── retry_in ──────── Waiting ◀┘
//!   │ ▲
//!   │ └── containers are dirty, or the pause is over ── Pausing
//!   └──── the list does not show all events yet ──────────▶┘
//! ```
//!
//! Events are processed in all states. They mark their containers as dirty; a gap marks all containers. Events that are
//! received while a list is requested cause another list, so the last list is always later than the last event.
//! `container_cache.rs` has the containers, and which of them are dirty.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use futures_util::{FutureExt as _, StreamExt, future::BoxFuture};
use tokio::time::Sleep;

use super::{
    EventMonitor, EventUpdate, RetryPolicy,
    container_cache::{ContainerCache, Dirty},
    retry::Backoff,
};
use crate::{ApiVersion, DockerClient, Error, Filters, Result, containers::ListContainers, models::ContainerSummary};

/// Since this version, lists can be filtered by id.
const FILTER_BY_ID: ApiVersion = ApiVersion::new(1, 16);

/// Maximum number of events that are processed per poll before other tasks have their turn.
const MAX_EVENTS_PER_POLL: usize = 128;

/// Delay before the first repetition of a list that does not show the effect of an event yet.
const RELIST_DELAY: Duration = Duration::from_millis(50);

/// Delay before all containers are listed again after events.
const FULL_RELIST_DELAY: Duration = Duration::from_secs(1);

/// How long the first list waits for the response headers of the event stream. Some engines send them with the first event.
const FIRST_LIST_DELAY: Duration = Duration::from_secs(1);

/// An item of a [`ContainerMonitor`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ContainerUpdate {
    /// All containers that match the filters, stopped ones included. Returned once, before any other update of a container.
    Snapshot(Vec<ContainerSummary>),
    /// A container that was created, or matches the filters now.
    Appeared(ContainerSummary),
    /// A container that has changed.
    Changed(ContainerSummary),
    /// A container that exited and was started again between two lists. If a list showed that it had exited, there are two
    /// [`Changed`](Self::Changed) instead.
    Restarted(ContainerSummary),
    /// The full id of a container that was removed, or no longer matches the filters.
    Removed(String),
    /// Connected to the engine. After a lost connection, the changes in the meantime follow.
    Connected,
    /// The connection was lost or could not be made, or the containers could not be listed.
    Disconnected {
        /// The cause.
        error: Error,
        /// Time until the next attempt. `None` if the monitor gives up: it ends.
        retry_in: Option<Duration>,
    },
}

/// A snapshot of an engine's containers, then each change. Returned by
/// [`Containers::monitor`](crate::containers::Containers::monitor).
///
/// Lists the containers, then watches the engine's events, and lists the containers again that the events may have changed.
/// When no updates are pending, [`view`](Self::view) equals what [`list`](crate::containers::Containers::list) returns with
/// the same filters, stopped containers included. Changes of relative times in a status (`Up 5 minutes`) are not returned, and
/// neither are changes without an event: Docker sends none when a stopped container is connected to a network.
///
/// After a lost connection, it lists again and returns the differences, so it has no gaps.
///
/// # Backpressure
///
/// Nothing is read ahead of the consumer. Changes are batched: a slow consumer may miss intermediate states of a
/// container, but never the last one.
///
/// # Cancellation
///
/// Dropping the monitor closes its connections; it spawns no task. Waiting for the next update is cancel safe: no update is
/// lost when the wait is dropped.
#[must_use = "streams do nothing unless polled"]
pub struct ContainerMonitor {
    docker: DockerClient,
    /// The filters of all lists.
    filters: Filters,
    /// `None` once the event monitor has ended, with which this monitor ends too.
    events: Option<EventMonitor>,
    /// Whether the event stream is connected. While it is not, no requests are sent.
    connected: bool,
    /// Timer after which the first list is requested even if the event stream is not connected.
    first_list_timer: Option<Pin<Box<Sleep>>>,
    /// Whether the first list was requested before the event stream was connected, so that it has to be repeated.
    listed_early: bool,
    /// Whether a failed list was reported, and no successful one since.
    failing: bool,
    cache: ContainerCache,
    state: State,
    backoff: Backoff,
    /// Backoff for listing containers again whose list does not show the effect of an event yet.
    relist_backoff: Backoff,
    updates: VecDeque<ContainerUpdate>,
}

enum State {
    /// The list shows the effects of all events.
    Idle,
    /// Listing the dirty containers.
    Listing(Dirty, BoxFuture<'static, Result<Vec<ContainerSummary>>>),
    /// A list failed: waiting for the next attempt.
    Waiting(Pin<Box<Sleep>>),
    /// No containers are dirty: waiting to list all containers again, or those whose list does not show the effect of
    /// an event yet.
    Pausing(Pin<Box<Sleep>>),
}

impl ContainerMonitor {
    pub(crate) fn new(docker: DockerClient) -> Self {
        Self {
            events: Some(docker.monitor_events()),
            docker,
            filters: Filters::default(),
            connected: false,
            first_list_timer: None,
            listed_early: false,
            failing: false,
            cache: ContainerCache::new(),
            state: State::Idle,
            backoff: Backoff::default(),
            relist_backoff: Backoff::new(RetryPolicy::default().first(RELIST_DELAY)),
            updates: VecDeque::new(),
        }
    }

    /// Watches only containers with this label, `key` or `key=value` (repeat to require several labels).
    /// Requires API 1.18.
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
    }

    /// Watches only containers whose name matches this regular expression (repeat to match any of several). Requires API 1.16.
    pub fn name(self, pattern: impl Into<String>) -> Self {
        self.filter("name", pattern)
    }

    /// Watches only containers of this image, by name or id, or of one that was built from it (repeat to match any of several).
    /// Requires API 1.21.
    pub fn ancestor(self, image: impl Into<String>) -> Self {
        self.filter("ancestor", image)
    }

    /// Adds a filter that has no method.
    ///
    /// If the negotiated API version does not support a filter, or the engine rejects it, the monitor ends with the error.
    pub fn filter(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.filters.add(key, value);
        self
    }

    /// Sets the delays and the number of attempts to reconnect.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.backoff = Backoff::new(policy.clone());
        self.events = self.events.map(|events| events.retry(policy));
        self
    }

    /// Sets the idle timeout: after this time without events, the monitor checks that the engine is still reachable, and that
    /// no events were missed. Defaults to 60 seconds; `None` disables it.
    pub fn idle_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.events = self.events.map(|events| events.idle_timeout(timeout));
        self
    }

    /// Sets the actions of events after which containers are listed again. No actions: all that may change a list.
    pub(super) fn sufficient_actions(mut self, actions: &'static [&'static str]) -> Self {
        self.events = self.events.map(|events| events.sufficient_actions(actions));
        self
    }

    /// Returns the current containers by id: the snapshot, with all changes applied.
    #[must_use]
    pub fn view(&self) -> &BTreeMap<String, ContainerSummary> {
        self.cache.containers()
    }

    /// Processes the events that were received.
    fn poll_events(&mut self, cx: &mut Context<'_>) {
        for _ in 0..MAX_EVENTS_PER_POLL {
            let Some(events) = &mut self.events else { return };
            match Pin::new(events).poll_next(cx) {
                Poll::Ready(Some(update)) => self.received(update),
                Poll::Ready(None) => self.events = None,
                Poll::Pending => return,
            }
        }
        cx.waker().wake_by_ref();
    }

    fn received(&mut self, update: EventUpdate) {
        match update {
            EventUpdate::Event(event) => self.cache.apply_event(&event),
            EventUpdate::Gap(_) => self.cache.invalidate(),
            EventUpdate::Connected => {
                (self.connected, self.failing) = (true, false);
                if std::mem::take(&mut self.listed_early) {
                    self.cache.invalidate();
                }
                self.updates.push_back(ContainerUpdate::Connected);
                if matches!(self.state, State::Waiting(_)) {
                    self.state = State::Idle;
                }
            }
            EventUpdate::Disconnected { error, retry_in } => {
                self.connected = false;
                self.updates.push_back(ContainerUpdate::Disconnected { error, retry_in });
            }
        }
    }

    /// Advances the state machine by one step, after events were processed.
    fn step(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.state {
            State::Idle if !self.connected => {
                if self.listed_early || self.cache.has_snapshot() {
                    return Poll::Pending;
                }
                let new = || Box::pin(tokio::time::sleep(FIRST_LIST_DELAY));
                let timer = self.first_list_timer.get_or_insert_with(new);
                ready!(timer.as_mut().poll(cx));
                self.listed_early = true;
                self.state = ready!(self.next_state());
            }
            State::Idle => self.state = ready!(self.next_state()),
            State::Pausing(_) if self.cache.is_dirty() => self.state = State::Idle,
            State::Pausing(sleep) => {
                ready!(sleep.as_mut().poll(cx));
                self.cache.mark_dirty_again();
                self.state = State::Idle;
            }
            State::Waiting(sleep) => {
                ready!(sleep.as_mut().poll(cx));
                self.state = State::Idle;
            }
            State::Listing(_, listing) => {
                let outcome = ready!(listing.as_mut().poll(cx));
                if let State::Listing(dirty, _) = std::mem::replace(&mut self.state, State::Idle) {
                    self.listed(dirty, outcome);
                }
            }
        }
        Poll::Ready(())
    }

    /// The state that follows [`State::Idle`].
    fn next_state(&mut self) -> Poll<State> {
        if let Some(dirty) = self.cache.take_dirty() {
            let listing = list(self.docker.clone(), dirty.clone(), self.filters.clone()).boxed();
            return Poll::Ready(State::Listing(dirty, listing));
        }
        if self.cache.has_expected() {
            let pause = self.relist_backoff.next().unwrap_or(FULL_RELIST_DELAY);
            return Poll::Ready(State::Pausing(Box::pin(tokio::time::sleep(pause))));
        }
        self.relist_backoff.reset();
        if self.cache.needs_full_list() {
            return Poll::Ready(State::Pausing(Box::pin(tokio::time::sleep(FULL_RELIST_DELAY))));
        }
        Poll::Pending
    }

    fn listed(&mut self, dirty: Dirty, outcome: Result<Vec<ContainerSummary>>) {
        let error = match outcome {
            Ok(listed) => {
                self.backoff.reset();
                if std::mem::take(&mut self.failing) {
                    self.updates.push_back(ContainerUpdate::Connected);
                }
                return self.updates.extend(self.cache.apply_list(&dirty, listed));
            }
            Err(error) => error,
        };
        if error.is_unsupported() || error.is_bad_request() {
            self.events = None;
            return self.updates.push_back(ContainerUpdate::Disconnected { error, retry_in: None });
        }
        self.cache.mark_dirty(dirty);
        // Without a connection, the monitor of events has reported that and reconnects.
        if self.connected {
            self.failing = true;
            let retry_in = self.backoff.next();
            match retry_in {
                Some(wait) => self.state = State::Waiting(Box::pin(tokio::time::sleep(wait))),
                None => self.events = None,
            }
            self.updates.push_back(ContainerUpdate::Disconnected { error, retry_in });
        }
    }

    /// Waits for the next update. Returns `None` once the monitor has ended. Cancel safe.
    pub async fn next(&mut self) -> Option<ContainerUpdate> {
        StreamExt::next(self).await
    }
}

/// Lists the dirty containers, stopped ones included.
async fn list(docker: DockerClient, dirty: Dirty, filters: Filters) -> Result<Vec<ContainerSummary>> {
    // With a filter by id of the caller, more ids would include more containers, not fewer.
    let by_id = !filters.has("id") && docker.api_version().await? >= FILTER_BY_ID;
    let all = docker.containers().list().all(true).filters(filters);
    match dirty {
        Dirty::Some(ids) if by_id => ids.into_iter().fold(all, ListContainers::id).await,
        _ => all.await,
    }
}

impl Stream for ContainerMonitor {
    type Item = ContainerUpdate;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ContainerUpdate>> {
        loop {
            if let Some(update) = self.updates.pop_front() {
                return Poll::Ready(Some(update));
            }
            self.poll_events(cx);
            if !self.updates.is_empty() {
                continue;
            }
            if self.events.is_none() {
                return Poll::Ready(None);
            }
            ready!(self.step(cx));
        }
    }
}

impl fmt::Debug for ContainerMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContainerMonitor").field("events", &self.events).finish_non_exhaustive()
    }
}
