//! The monitor of events.
//!
//! ```text
//! Begin → ReadingClock ▶ Connecting ── Connected, Gap? ──▶ Watching ◀── nothing stalled, Gap? ──┐
//!            │        ▲      │                             │    │                              │
//!            │        │      │                      lost   │    └─── idle, many events ───▶ Checking
//!            │     retry_in  │                             │                                   │
//!            ▼        │      ▼                             ▼                   stalled, failed ▼
//!            └─────── Waiting ◀──────────────────── Disconnected ──────────────────────────────┘
//! ```
//!
//! `event_queries.rs` has the requests, and `event_history.rs` detects repetitions and gaps.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use futures_util::{FutureExt as _, StreamExt, future::BoxFuture};
use tokio::time::{Instant, Sleep};

use super::{
    Gap, RetryPolicy,
    event_history::EventHistory,
    event_queries::{self, Check, Connection, PastEvents},
    idle_timer::{DEFAULT_IDLE_TIMEOUT, IdleTimer, response_timeout},
    retry::Backoff,
};
use crate::{
    DockerClient, Error, Result, Timestamp,
    system::{Event, EventStream, ReadEvents},
};

/// A connection that lasted this long resets the backoff.
const STABLE: Duration = Duration::from_secs(5);

/// After more events than this, the next check is due after [`BURST_IDLE_TIMEOUT`]: the engine drops events if they are
/// read too slowly.
const BURST: usize = 64;

/// Idle timeout after a burst of events.
const BURST_IDLE_TIMEOUT: Duration = Duration::from_secs(1);

/// An item of an [`EventMonitor`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum EventUpdate {
    /// Connected to the engine; events follow.
    Connected,
    /// An event.
    Event(Event),
    /// Events may have been missed: the engine no longer has them, or dropped them.
    Gap(Gap),
    /// The connection was lost, or could not be made.
    Disconnected {
        /// The cause.
        error: Error,
        /// Time until the next attempt. `None` if the monitor gives up: it ends.
        retry_in: Option<Duration>,
    },
}

/// A stream of events that reconnects and resumes. Returned by
/// [`DockerClient::monitor_events`](crate::DockerClient::monitor_events) and [`ReadEvents::monitor`].
///
/// Returns each event once and in order, across lost connections and restarts of the engine. The stream ends if the
/// [retry policy](Self::retry) gives up, if the engine rejects the request or does not support it, or at the time `until`
/// of the request.
///
/// # Start
///
/// Without a time `since`, the monitor reads the engine's clock when it is first polled, in whole seconds, and requests
/// events from that second on. So it may return events from up to a second before it began. Events between that moment and
/// the first connection are not lost.
///
/// # Gaps
///
/// After a reconnect, the monitor requests events from a second before the last one it returned, and drops the repeated
/// ones. Engines keep only their last events, and Docker keeps none across a restart. If events may have been missed, it
/// returns a [`Gap`] for that time.
///
/// # Backpressure
///
/// Nothing is read ahead of the consumer. If the consumer is slow, the engine buffers about a thousand events and then
/// drops some. The monitor detects this by comparing the events it received with those that the engine keeps, and returns
/// a [`Gap`].
///
/// # Cancellation
///
/// Dropping the monitor closes its connection; it spawns no task. Waiting for the next update is cancel safe: no update is
/// lost when the wait is dropped.
#[must_use = "streams do nothing unless polled"]
pub struct EventMonitor {
    docker: DockerClient,
    request: ReadEvents,
    idle_timeout: Option<Duration>,
    backoff: Backoff,
    history: EventHistory,
    /// Whether the next connection is the first one, so that no events can have been missed.
    first: bool,
    /// Whether the monitor is dropped when its connection is lost, so that it need not be able to resume.
    without_resume: bool,
    state: State,
    updates: VecDeque<EventUpdate>,
}

enum State {
    /// Not polled yet.
    Begin,
    /// Reading the engine's clock: events are returned from that time on.
    ReadingClock(BoxFuture<'static, Result<Timestamp>>),
    /// Connecting, and requesting the events that the engine keeps.
    Connecting(BoxFuture<'static, Result<Connection>>),
    /// Reading events.
    Watching(Watch),
    /// Idle for too long: comparing with the events that the engine keeps.
    Checking(Watch, BoxFuture<'static, Result<Check>>),
    /// Disconnected: waiting for the next attempt.
    Waiting(Pin<Box<Sleep>>),
    Ended,
}

struct Watch {
    events: EventStream,
    since: Instant,
    idle_timer: IdleTimer,
    /// Number of events that were received since the last check.
    unchecked: usize,
}

impl EventMonitor {
    pub(crate) fn new(docker: DockerClient, request: ReadEvents) -> Self {
        let mut history = EventHistory::default();
        if let Some(since) = request.since {
            history.begin(since);
        }
        Self {
            docker,
            request,
            idle_timeout: Some(DEFAULT_IDLE_TIMEOUT),
            backoff: Backoff::default(),
            history,
            first: false,
            without_resume: false,
            state: State::Begin,
            updates: VecDeque::new(),
        }
    }

    /// Sets the delays and the number of attempts to reconnect.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.backoff = Backoff::new(policy);
        self
    }

    /// Sets the idle timeout: after this time without data, the monitor checks that the engine is still reachable, and that
    /// no events were missed. Defaults to 60 seconds; `None` disables it.
    ///
    /// This detects a host that has vanished, and a connection that a proxy or a NAT has dropped. Without it, events that the
    /// engine dropped are not detected either.
    pub fn idle_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.idle_timeout = timeout.into();
        self
    }

    /// Sets the actions that the caller needs, see [`ReadEvents::sufficient_actions`].
    pub(super) fn sufficient_actions(mut self, actions: &'static [&'static str]) -> Self {
        self.request = self.request.sufficient_actions(actions);
        self
    }

    /// Does not prepare to resume: for a monitor that is dropped when its connection is lost.
    pub(super) fn without_resume(mut self) -> Self {
        self.without_resume = true;
        self
    }

    /// Connects; before the first time, reads the engine's clock.
    fn connect(&self) -> State {
        let docker = self.docker.clone();
        if !self.history.has_begun() {
            return State::ReadingClock(async move { docker.engine_time().await }.boxed());
        }
        let timeout = self.idle_timeout.map(|limit| response_timeout(Some(limit)));
        let (request, history) = (self.request.clone(), self.history.clone());
        let past = match (self.first, self.without_resume) {
            (false, _) => PastEvents::Proof,
            (true, false) => PastEvents::Anchor,
            (true, true) => PastEvents::Nothing,
        };
        State::Connecting(event_queries::connect(docker, request, history, past, timeout).boxed())
    }

    fn connected(&mut self, connection: Connection) {
        let Connection { events, since, at, past } = connection;
        self.updates.push_back(EventUpdate::Connected);
        self.updates.extend(self.history.connected(&past, since, at, self.first).map(EventUpdate::Gap));
        self.first = false;
        let (since, idle_timer) = (Instant::now(), IdleTimer::new());
        self.state = State::Watching(Watch { events, since, idle_timer, unchecked: 0 });
    }

    /// The connection could not be made.
    fn failed(&mut self, error: Error) {
        let is_final = error.is_unsupported() || error.is_bad_request();
        let retry_in = if is_final { None } else { self.backoff.next() };
        self.disconnected(error, retry_in);
    }

    /// The connection was lost after `lasted`.
    fn connection_lost(&mut self, error: Error, lasted: Duration) {
        if lasted >= STABLE {
            self.backoff.reset();
        }
        let retry_in = self.backoff.next();
        self.disconnected(error.during("system_events"), retry_in);
    }

    fn disconnected(&mut self, error: Error, retry_in: Option<Duration>) {
        self.first = false;
        self.state = match retry_in {
            Some(wait) => State::Waiting(Box::pin(tokio::time::sleep(wait))),
            None => State::Ended,
        };
        self.updates.push_back(EventUpdate::Disconnected { error, retry_in });
    }

    /// Advances the state machine by one step.
    fn step(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.state {
            State::Begin => self.state = self.connect(),
            State::ReadingClock(time) => match ready!(time.as_mut().poll(cx)) {
                Ok(now) => {
                    self.history.begin(now);
                    self.first = true;
                    self.state = self.connect();
                }
                Err(error) => self.failed(error),
            },
            State::Connecting(connection) => match ready!(connection.as_mut().poll(cx)) {
                Ok(connection) => self.connected(connection),
                Err(error) => self.failed(error),
            },
            State::Watching(watch) | State::Checking(watch, _) => {
                if let Poll::Ready(item) = Pin::new(&mut watch.events).poll_next(cx) {
                    self.received(item);
                    return Poll::Ready(());
                }
                return self.poll_check(cx);
            }
            State::Waiting(sleep) => {
                ready!(sleep.as_mut().poll(cx));
                self.state = self.connect();
            }
            State::Ended => {}
        }
        Poll::Ready(())
    }

    /// Handles an item or the end of the event stream. It takes precedence over a check.
    fn received(&mut self, item: Option<Result<Event>>) {
        let mut watch = match std::mem::replace(&mut self.state, State::Ended) {
            State::Watching(watch) | State::Checking(watch, _) => watch,
            other => return self.state = other,
        };
        let lasted = watch.since.elapsed();
        let error = match item {
            Some(Ok(event)) => {
                watch.idle_timer.reset();
                watch.unchecked += 1;
                self.state = State::Watching(watch);
                if self.history.take(&event) {
                    self.backoff.reset();
                    self.updates.push_back(EventUpdate::Event(event));
                }
                return;
            }
            Some(Err(error)) => error,
            None => return,
        };
        self.connection_lost(error, lasted);
    }

    /// No event is ready: starts a check once the idle timeout is over, and polls it.
    fn poll_check(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.state {
            State::Watching(watch) => {
                let limit = self
                    .idle_timeout
                    .map(|limit| if watch.unchecked > BURST { limit.min(BURST_IDLE_TIMEOUT) } else { limit });
                ready!(watch.idle_timer.poll(cx, limit));
                let (docker, request, history) = (self.docker.clone(), self.request.clone(), self.history.clone());
                let check = event_queries::check(docker, request, history, response_timeout(self.idle_timeout)).boxed();
                if let State::Watching(watch) = std::mem::replace(&mut self.state, State::Ended) {
                    self.state = State::Checking(watch, check);
                }
            }
            State::Checking(_, check) => {
                let outcome = ready!(check.as_mut().poll(cx));
                self.checked(outcome);
            }
            _ => {}
        }
        Poll::Ready(())
    }

    fn checked(&mut self, outcome: Result<Check>) {
        let State::Checking(mut watch, _) = std::mem::replace(&mut self.state, State::Ended) else { return };
        let lasted = watch.since.elapsed();
        let check = match outcome {
            Ok(check) => check,
            Err(error) => return self.connection_lost(error, lasted),
        };
        let comparison = self.history.compare(&check.chosen);
        self.updates.extend(comparison.gap.map(EventUpdate::Gap));
        if comparison.stalled {
            return self
                .connection_lost(Error::truncated("the event stream stalled: the engine has newer events"), lasted);
        }
        self.history.nothing_new(&check.all, check.now);
        watch.idle_timer.reset();
        watch.unchecked = 0;
        self.state = State::Watching(watch);
    }

    /// Waits for the next update. Returns `None` once the monitor has ended. Cancel safe.
    pub async fn next(&mut self) -> Option<EventUpdate> {
        StreamExt::next(self).await
    }
}

impl Stream for EventMonitor {
    type Item = EventUpdate;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<EventUpdate>> {
        loop {
            if let Some(update) = self.updates.pop_front() {
                return Poll::Ready(Some(update));
            }
            if matches!(self.state, State::Ended) {
                return Poll::Ready(None);
            }
            ready!(self.step(cx));
        }
    }
}

impl fmt::Debug for EventMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match self.state {
            State::Begin => "begin",
            State::ReadingClock(_) => "reading clock",
            State::Connecting(_) => "connecting",
            State::Watching(_) => "watching",
            State::Checking(..) => "checking",
            State::Waiting(_) => "waiting",
            State::Ended => "ended",
        };
        f.debug_struct("EventMonitor").field("request", &self.request).field("state", &state).finish_non_exhaustive()
    }
}
