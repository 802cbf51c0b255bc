//! The state machine of the monitors of swarm objects: lists the objects, watches events, and lists the objects again.
//!
//! ```text
//!      connected, an event, or the poll interval is over
//! Idle ────────────────────────────────────────────────▶ Listing ── Snapshot, or the differences ──▶ Idle
//!   ▲                                                       │ failed: Disconnected
//!   └──────────────────── retry_in ─────────────────────  Waiting
//! ```
//!
//! Events are processed in all states. Each of them causes a list of all objects: an event and a list come from
//! different managers if the engine is not the leader, so the content and the time of an event are not used. An event
//! that is received while a list is requested causes another list, so the last list is always later than the last
//! event. A new connection causes a list even if the event monitor missed no event: swarm events have the time of the
//! leader's clock, which need not be the engine's clock, by which the event monitor resumes.
//!
//! Not all changes have events, and an engine that can no longer watch its store sends none, so the objects are
//! also listed at an interval. `object_cache.rs` has the objects.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream as _;
use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::time::Sleep;

use super::{EventMonitor, EventUpdate, RetryPolicy, idle_timer::IdleTimer, object_cache::ObjectCache, retry::Backoff};
use crate::{ApiVersion, DockerClient, Error, Result, system::EventKind};

/// Since this version, engines send events of swarm objects.
const SWARM_EVENTS: ApiVersion = ApiVersion::new(1, 30);

/// Default interval between two lists if there are no events.
const POLL_INTERVAL: Duration = Duration::from_secs(30);

/// Default interval between two lists if engines may send no events.
const POLL_INTERVAL_WITHOUT_EVENTS: Duration = Duration::from_secs(5);

/// Minimum time between two lists.
const LIST_PAUSE: Duration = Duration::from_millis(100);

/// Maximum number of events that are processed per poll before other tasks have their turn.
const MAX_EVENTS_PER_POLL: usize = 128;

/// An object of a swarm that has events.
pub(super) trait Object: Clone + PartialEq + Send + 'static {
    /// The request that lists the objects.
    type List: Clone
        + fmt::Debug
        + Send
        + 'static
        + IntoFuture<Output = Result<Vec<Self>>, IntoFuture = BoxFuture<'static, Result<Vec<Self>>>>;

    fn id(&self) -> &str;
}

/// An item of a monitor.
#[derive(Debug)]
pub(super) enum Update<T> {
    /// All objects. Returned once, before any other update of an object.
    Snapshot(Vec<T>),
    Appeared(T),
    Changed(T),
    /// The id of an object.
    Removed(String),
    Connected,
    Disconnected {
        error: Error,
        /// Time until the next attempt. `None` if the monitor gives up: it ends.
        retry_in: Option<Duration>,
    },
}

/// A snapshot of the objects of a swarm, then each change.
pub(super) struct ObjectMonitor<T: Object> {
    docker: DockerClient,
    /// The request for each list, with the filters of the caller.
    list: T::List,
    /// `None` once the event monitor has ended, with which this monitor ends too.
    events: Option<EventMonitor>,
    /// Whether the event stream is connected. While it is not, no lists are requested.
    connected: bool,
    /// Whether a failed list was reported, and no successful one since.
    failing: bool,
    /// Whether the objects may have changed since the last list was requested.
    dirty: bool,
    /// Whether engines of the negotiated API version send events of the objects.
    has_events: bool,
    /// The interval between two lists, if the caller has set it; `Some(None)` is no interval.
    poll_interval: Option<Option<Duration>>,
    /// Measures the time since the last list.
    last_list: IdleTimer,
    cache: ObjectCache<T>,
    state: State<T>,
    backoff: Backoff,
    updates: VecDeque<Update<T>>,
}

enum State<T> {
    /// Waiting for an event, or for the end of the poll interval.
    Idle,
    /// Listing the objects.
    Listing(BoxFuture<'static, Result<(ApiVersion, Vec<T>)>>),
    /// A list failed: waiting for the next attempt.
    Waiting(Pin<Box<Sleep>>),
}

impl<T: Object> ObjectMonitor<T> {
    /// Watches the objects that `list` returns, which have events of this `kind`.
    pub(super) fn new(docker: DockerClient, kind: EventKind, list: T::List) -> Self {
        Self {
            events: Some(docker.events().kind(kind).monitor()),
            docker,
            list,
            connected: false,
            failing: false,
            dirty: true,
            has_events: true,
            poll_interval: None,
            last_list: IdleTimer::new(),
            cache: ObjectCache::new(),
            state: State::Idle,
            backoff: Backoff::default(),
            updates: VecDeque::new(),
        }
    }

    /// Changes the request for each list.
    pub(super) fn with_list(mut self, change: impl FnOnce(T::List) -> T::List) -> Self {
        self.list = change(self.list);
        self
    }

    pub(super) fn poll_interval(mut self, interval: Option<Duration>) -> Self {
        self.poll_interval = Some(interval);
        self
    }

    pub(super) fn retry(mut self, policy: RetryPolicy) -> Self {
        self.backoff = Backoff::new(policy.clone());
        self.events = self.events.map(|events| events.retry(policy));
        self
    }

    pub(super) fn idle_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.events = self.events.map(|events| events.idle_timeout(timeout));
        self
    }

    /// The current objects by id: the snapshot, with all changes applied.
    pub(super) fn view(&self) -> &BTreeMap<String, T> {
        self.cache.objects()
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
            EventUpdate::Event(_) | EventUpdate::Gap(_) => self.dirty = true,
            EventUpdate::Connected => {
                (self.connected, self.failing, self.dirty) = (true, false, true);
                self.updates.push_back(Update::Connected);
            }
            EventUpdate::Disconnected { error, retry_in } => {
                self.connected = false;
                // The list is requested again once the event stream is connected.
                self.state = State::Idle;
                self.updates.push_back(Update::Disconnected { error, retry_in });
            }
        }
    }

    /// Advances the state machine by one step, after events were processed.
    fn step(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.state {
            State::Idle if !self.connected => return Poll::Pending,
            State::Idle => {
                if self.cache.has_snapshot() {
                    let pause = self.pause();
                    ready!(self.last_list.poll(cx, pause));
                }
                self.dirty = false;
                self.state = State::Listing(list::<T>(self.docker.clone(), self.list.clone()).boxed());
            }
            State::Listing(listing) => {
                let outcome = ready!(listing.as_mut().poll(cx));
                self.state = State::Idle;
                self.listed(outcome);
            }
            State::Waiting(sleep) => {
                ready!(sleep.as_mut().poll(cx));
                self.state = State::Idle;
            }
        }
        Poll::Ready(())
    }

    /// The time between the last list and the next one; `None` if it is not requested without an event.
    fn pause(&self) -> Option<Duration> {
        let default = if self.has_events { POLL_INTERVAL } else { POLL_INTERVAL_WITHOUT_EVENTS };
        let interval = if self.dirty { Some(LIST_PAUSE) } else { self.poll_interval.unwrap_or(Some(default)) };
        interval.map(|interval| interval.max(LIST_PAUSE))
    }

    fn listed(&mut self, outcome: Result<(ApiVersion, Vec<T>)>) {
        let error = match outcome {
            Ok((version, objects)) => {
                self.has_events = version >= SWARM_EVENTS;
                self.backoff.reset();
                self.last_list.reset();
                if std::mem::take(&mut self.failing) {
                    self.updates.push_back(Update::Connected);
                }
                return self.updates.extend(self.cache.apply_list(objects));
            }
            Err(error) => error,
        };
        (self.failing, self.dirty) = (true, true);
        let is_final = error.is_unsupported() || error.is_bad_request();
        let retry_in = if is_final { None } else { self.backoff.next() };
        match retry_in {
            Some(wait) => self.state = State::Waiting(Box::pin(tokio::time::sleep(wait))),
            None => self.events = None,
        }
        self.updates.push_back(Update::Disconnected { error, retry_in });
    }

    /// Waits for the next update. Returns `None` once the monitor has ended.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Update<T>>> {
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

/// Lists the objects. Returns the negotiated API version with them.
async fn list<T: Object>(docker: DockerClient, request: T::List) -> Result<(ApiVersion, Vec<T>)> {
    let objects = request.await?;
    Ok((docker.api_version().await?, objects))
}

impl<T: Object> fmt::Debug for ObjectMonitor<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectMonitor").field("list", &self.list).field("events", &self.events).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use super::*;
    use crate::{
        Timestamp,
        models::Node,
        monitor::{Gap, GapReason},
    };

    const VERSION: ApiVersion = ApiVersion::new(1, 41);

    fn node(id: &str) -> Node {
        Node { id: id.to_owned(), ..Default::default() }
    }

    fn error() -> Error {
        Error::truncated("the engine ended the stream")
    }

    /// A monitor whose event stream is connected.
    fn connected() -> ObjectMonitor<Node> {
        let docker = DockerClient::connect("tcp://127.0.0.1:1").unwrap();
        let list = docker.nodes().list();
        let mut monitor = ObjectMonitor::<Node>::new(docker, EventKind::Node, list);
        assert!(!requests_list(&mut monitor), "not connected yet");
        monitor.received(EventUpdate::Connected);
        monitor
    }

    /// Whether a list is requested now.
    fn requests_list(monitor: &mut ObjectMonitor<Node>) -> bool {
        let _ = monitor.step(&mut Context::from_waker(Waker::noop()));
        matches!(monitor.state, State::Listing(_))
    }

    /// Ends the list that is requested.
    fn listed(monitor: &mut ObjectMonitor<Node>, version: ApiVersion, ids: &[&str]) {
        assert!(matches!(monitor.state, State::Listing(_)));
        monitor.state = State::Idle;
        monitor.listed(Ok((version, ids.iter().map(|id| node(id)).collect())));
    }

    fn updates(monitor: &mut ObjectMonitor<Node>) -> String {
        let updates = monitor.updates.drain(..).map(|update| match update {
            Update::Snapshot(list) => format!("{} listed", list.len()),
            Update::Appeared(node) => format!("+{}", node.id),
            Update::Changed(node) => node.id,
            Update::Removed(id) => format!("-{id}"),
            Update::Connected => "connected".to_owned(),
            Update::Disconnected { retry_in: Some(_), .. } => "disconnected".to_owned(),
            Update::Disconnected { retry_in: None, .. } => "gave up".to_owned(),
        });
        updates.collect::<Vec<_>>().join(", ")
    }

    #[tokio::test(start_paused = true)]
    async fn object_monitor_lists_after_a_gap() {
        let mut monitor = connected();
        assert!(requests_list(&mut monitor));
        listed(&mut monitor, VERSION, &["a"]);
        assert_eq!(updates(&mut monitor), "connected, 1 listed");
        tokio::time::sleep(LIST_PAUSE * 2).await;
        assert!(!requests_list(&mut monitor));
        let now = Timestamp::now();
        monitor.received(EventUpdate::Gap(Gap { since: now, until: now, reason: GapReason::Dropped }));
        assert!(requests_list(&mut monitor));
        listed(&mut monitor, VERSION, &["b"]);
        assert_eq!(updates(&mut monitor), "-a, +b");
    }

    #[tokio::test(start_paused = true)]
    async fn object_monitor_pauses_between_two_lists() {
        let mut monitor = connected();
        assert!(requests_list(&mut monitor));
        monitor.received(EventUpdate::Connected);
        listed(&mut monitor, VERSION, &[]);
        assert!(!requests_list(&mut monitor), "too early");
        tokio::time::sleep(LIST_PAUSE * 2).await;
        assert!(requests_list(&mut monitor), "because of the event during the first list");
    }

    #[tokio::test(start_paused = true)]
    async fn object_monitor_polls_at_an_interval() {
        let second = Duration::from_secs(1);
        for (version, set, want) in [
            (ApiVersion::new(1, 29), None, Some(POLL_INTERVAL_WITHOUT_EVENTS)),
            (SWARM_EVENTS, None, Some(POLL_INTERVAL)),
            (VERSION, Some(Some(3 * second)), Some(3 * second)),
            (VERSION, Some(Some(Duration::ZERO)), Some(LIST_PAUSE)),
            (VERSION, Some(None), None),
        ] {
            let mut monitor = connected();
            monitor.poll_interval = set;
            assert!(requests_list(&mut monitor));
            listed(&mut monitor, version, &[]);
            assert_eq!(monitor.pause(), want, "{version}");
            assert!(!requests_list(&mut monitor), "{version}");
            tokio::time::sleep(want.unwrap_or(600 * second) + second).await;
            assert_eq!(requests_list(&mut monitor), want.is_some(), "{version}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn object_monitor_drops_a_list_when_disconnected() {
        let mut monitor = connected();
        assert!(requests_list(&mut monitor));
        monitor.received(EventUpdate::Disconnected { error: error(), retry_in: Some(LIST_PAUSE) });
        assert!(!requests_list(&mut monitor));
        monitor.received(EventUpdate::Connected);
        assert!(requests_list(&mut monitor));
        listed(&mut monitor, VERSION, &["a"]);
        assert_eq!(updates(&mut monitor), "connected, disconnected, connected, 1 listed");
    }

    #[tokio::test(start_paused = true)]
    async fn object_monitor_waits_after_a_failed_list() {
        let mut monitor = connected();
        for _ in 0..2 {
            assert!(requests_list(&mut monitor));
            monitor.listed(Err(error()));
            assert!(!requests_list(&mut monitor));
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert!(!requests_list(&mut monitor), "this step ends the pause");
        }
        assert!(requests_list(&mut monitor));
        listed(&mut monitor, VERSION, &["a"]);
        assert_eq!(updates(&mut monitor), "connected, disconnected, disconnected, connected, 1 listed");
    }
}
