//! The monitor of events.
//!
//! ```text
//! Begin → Asking ──▶ Connecting ──── Connected, Gap? ───▶ Watching ◀── all is known, Gap? ──┐
//!            │        ▲      │                             │    │                            │
//!            │        │      │                  it broke   │    └── silence, many events ─▶ Checking
//!            │     retry_in  │                             │                                 │
//!            ▼        │      ▼                             ▼           it stalled, it failed ▼
//!            └─────── Waiting ◀──────────────────── Disconnected ────────────────────────────┘
//! ```
//!
//! What is asked of the engine stands in `connection.rs`, what its answers prove in `memory.rs`.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::time::{Instant, Sleep};

use super::{
    Gap, RetryPolicy,
    connection::{self, Check, Connection},
    memory::Memory,
    retry::Backoff,
    watchdog::{SILENCE, Watchdog, patience},
};
use crate::{
    DockerClient, Error, Result, Timestamp,
    system::{Event, Events, EventsOptions},
};

/// A connection that held so long was a good one.
const STABLE: Duration = Duration::from_secs(5);

/// After so many events the engine is asked at the next pause whether they were all: it drops some if they are read too slowly.
const MANY: usize = 64;

/// A pause, after many events.
const PAUSE: Duration = Duration::from_secs(1);

/// What a monitor of events tells.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum EventUpdate {
    /// There is a connection; events follow.
    Connected,
    /// Something happened.
    Event(Event),
    /// Something may have happened that is not told: the engine does not remember enough, or dropped it.
    Gap(Gap),
    /// There is no connection.
    Disconnected {
        /// Why.
        error: Error,
        /// When there will be another try. None if there will be none: the monitor ends.
        retry_in: Option<Duration>,
    },
}

/// Events, across broken connections and engines that restart. Made by
/// [`DockerClient::monitor_events`](crate::DockerClient::monitor_events).
///
/// Every event is told once and in order, from the moment on at which the engine first
/// answered (give or take the second in which that was), or a [`Gap`] covers its time.
/// The monitor ends only if its [policy](Self::retry) says so, if the engine refuses
/// what is asked for, at the time `until` of the options, or when it is dropped.
///
/// # Backpressure
///
/// Nothing is read that is not asked for, so a slow consumer slows the engine down,
/// which holds back about a thousand events and then drops some. That is found out by
/// comparing what came with what the engine remembers, and told as a [`Gap`].
///
/// # Cancellation
///
/// Dropping this closes its connection; nothing keeps running behind it. Waiting for
/// the next update is cancel safe: none is lost when the wait is dropped.
#[must_use = "streams do nothing unless polled"]
pub struct EventMonitor {
    docker: DockerClient,
    options: EventsOptions,
    watchdog: Option<Duration>,
    backoff: Backoff,
    memory: Memory,
    /// The next connection is the first, and misses nothing.
    first: bool,
    state: State,
    updates: VecDeque<EventUpdate>,
}

enum State {
    /// Nothing was done yet.
    Begin,
    /// The engine is asked what time it is: nothing is missed from then on.
    Asking(BoxFuture<'static, Result<Timestamp>>),
    /// A connection is being made, and what the engine remembers is asked for.
    Connecting(BoxFuture<'static, Result<Connection>>),
    /// Events come.
    Watching(Watch),
    /// No event came for a while: what the engine remembers is asked for.
    Checking(Watch, BoxFuture<'static, Result<Check>>),
    /// There is no connection, and none is tried for a while.
    Waiting(Pin<Box<Sleep>>),
    /// There will be nothing more.
    Ended,
}

struct Watch {
    events: Events,
    at: Timestamp,
    since: Instant,
    watchdog: Watchdog,
    /// How many events came since it was checked that they were all.
    unreviewed: usize,
}

impl EventMonitor {
    pub(crate) fn new(docker: DockerClient, options: EventsOptions) -> Self {
        let mut memory = Memory::default();
        if let Some(since) = options.since {
            memory.begin(since);
        }
        Self {
            docker,
            options,
            watchdog: Some(SILENCE),
            backoff: Backoff::default(),
            memory,
            first: false,
            state: State::Begin,
            updates: VecDeque::new(),
        }
    }

    /// When to try again after a connection broke.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.backoff = Backoff::new(policy);
        self
    }

    /// How long nothing may happen before the engine is asked whether that is so; `None` for never. Defaults to a minute.
    ///
    /// A peer that died without a word is noticed so, and a connection that something in between has forgotten. Without
    /// it, the engine is not asked either whether it dropped something.
    pub fn watchdog(mut self, silence: impl Into<Option<Duration>>) -> Self {
        self.watchdog = silence.into();
        self
    }

    /// Connects; before the first time, the engine is asked what time it is.
    fn connect(&self) -> State {
        let docker = self.docker.clone();
        if !self.memory.has_begun() {
            return State::Asking(async move { docker.engine_time().await }.boxed());
        }
        let patience = self.watchdog.map(|limit| patience(Some(limit)));
        let (options, memory) = (self.options.clone(), self.memory.clone());
        State::Connecting(connection::connect(docker, options, memory, self.first, patience).boxed())
    }

    fn connected(&mut self, connection: Connection) {
        let Connection { events, at, past } = connection;
        self.updates.push_back(EventUpdate::Connected);
        self.updates.extend(self.memory.connected(&past, at, self.first).map(EventUpdate::Gap));
        self.first = false;
        let (since, watchdog) = (Instant::now(), Watchdog::new());
        self.state = State::Watching(Watch { events, at, since, watchdog, unreviewed: 0 });
    }

    /// No connection came about.
    fn failed(&mut self, error: Error) {
        let is_final = error.is_unsupported() || error.is_bad_request();
        let retry_in = if is_final { None } else { self.backoff.next() };
        self.disconnected(error, retry_in);
    }

    /// The connection broke, after it `held` for a while.
    fn broke(&mut self, error: Error, held: Duration) {
        if held >= STABLE {
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

    /// One step of the machine: an event, a change of state, or nothing yet.
    fn step(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.state {
            State::Begin => self.state = self.connect(),
            State::Asking(time) => match ready!(time.as_mut().poll(cx)) {
                Ok(now) => {
                    self.memory.begin(now);
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
                    self.heard(item);
                    return Poll::Ready(());
                }
                return self.doubt(cx);
            }
            State::Waiting(sleep) => {
                ready!(sleep.as_mut().poll(cx));
                self.state = self.connect();
            }
            State::Ended => {}
        }
        Poll::Ready(())
    }

    /// Takes what the stream of events brought, or that it ended. That goes before what a check may tell.
    fn heard(&mut self, item: Option<Result<Event>>) {
        let mut watch = match std::mem::replace(&mut self.state, State::Ended) {
            State::Watching(watch) | State::Checking(watch, _) => watch,
            other => return self.state = other,
        };
        let held = watch.since.elapsed();
        let error = match item {
            Some(Ok(event)) => {
                watch.watchdog.calm();
                watch.unreviewed += 1;
                self.state = State::Watching(watch);
                if self.memory.take(&event) {
                    self.backoff.reset();
                    self.updates.push_back(EventUpdate::Event(event));
                }
                return;
            }
            Some(Err(error)) => error,
            None if self.is_over(watch.at, held) => return,
            None => Error::truncated("the engine ended the stream"),
        };
        self.broke(error, held);
    }

    /// Whether a connection that was made at the moment `at`, by the engine's clock, has held until all was told.
    fn is_over(&self, at: Timestamp, held: Duration) -> bool {
        let now = at.unix_seconds().saturating_add_unsigned(held.as_secs() + 1);
        self.options.until.is_some_and(|until| until.unix_seconds() <= now)
    }

    /// Nothing came: is that so?
    fn doubt(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.state {
            State::Watching(watch) => {
                let limit = self.watchdog.map(|limit| if watch.unreviewed > MANY { limit.min(PAUSE) } else { limit });
                ready!(watch.watchdog.poll(cx, limit));
                let (docker, options, memory) = (self.docker.clone(), self.options.clone(), self.memory.clone());
                let check = connection::check(docker, options, memory, patience(self.watchdog)).boxed();
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
        let held = watch.since.elapsed();
        let check = match outcome {
            Ok(check) => check,
            Err(error) => return self.broke(error, held),
        };
        let review = self.memory.review(&check.chosen);
        self.updates.extend(review.gap.map(EventUpdate::Gap));
        if review.stalled {
            return self.broke(Error::truncated("the engine went on, and this stream did not"), held);
        }
        self.memory.nothing_new(&check.all, check.now);
        watch.watchdog.calm();
        watch.unreviewed = 0;
        self.state = State::Watching(watch);
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
            State::Asking(_) => "asking",
            State::Connecting(_) => "connecting",
            State::Watching(_) => "watching",
            State::Checking(..) => "checking",
            State::Waiting(_) => "waiting",
            State::Ended => "ended",
        };
        f.debug_struct("EventMonitor").field("options", &self.options).field("state", &state).finish_non_exhaustive()
    }
}
