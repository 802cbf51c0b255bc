//! The monitor of events.
//!
//! ```text
//!            ┌──────────────── retry_in ────────────────┐
//!            ▼                                          │
//! Begin → Connecting ──── Connected, Gap? ──▶ Watching ─┴▶ Waiting
//!            │                                 ▲    │          ▲
//!            │                            fine │    │ silence  │
//!            │                                 └ Checking ─────┤
//!            └────────────── Disconnected ─────────────────────┘
//! ```

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use futures_util::{FutureExt as _, TryStreamExt as _, future::BoxFuture};
use tokio::time::{Instant, Sleep};

use super::{Gap, RetryPolicy, memory::Memory, retry::Backoff};
use crate::{
    DockerClient, Error, Result, Timestamp,
    error::{Kind, Phase},
    system::{Event, Events, EventsOptions},
};

/// How long nothing may happen before the engine is asked whether that is so.
const WATCHDOG: Duration = Duration::from_secs(60);

/// A connection that held so long was a good one.
const STABLE: Duration = Duration::from_secs(5);

/// What a monitor of events tells.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum EventUpdate {
    /// There is a connection; events follow.
    Connected,
    /// Something happened.
    Event(Event),
    /// Something may have happened that is not told: the engine does not remember enough.
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
/// Every event is told once and in order, from the first poll on (give or take the
/// second in which that was), or a [`Gap`] covers its time. The monitor ends only if
/// its [policy](Self::retry) says so, if the engine refuses what is asked for, or
/// when it is dropped.
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
    state: State,
    updates: VecDeque<EventUpdate>,
}

enum State {
    /// Nothing was done yet.
    Begin,
    /// A connection is being made and, if it is not the first, what the engine remembers is asked for.
    Connecting(BoxFuture<'static, Result<Connection>>),
    /// Events come.
    Watching(Watch),
    /// No event came for a while: what the engine remembers is asked for.
    Checking(Watch, BoxFuture<'static, Result<Vec<Event>>>),
    /// There is no connection, and none is tried for a while.
    Waiting(Pin<Box<Sleep>>),
    /// There will be nothing more.
    Ended,
}

struct Watch {
    events: Events,
    since: Instant,
    /// Runs out when nothing happens.
    silence: Option<Pin<Box<Sleep>>>,
}

/// A new connection, and what was found out on the way.
struct Connection {
    events: Events,
    /// The moment of the connection, by the engine's clock; the second it lies in.
    at: Timestamp,
    /// The moment since which the connection tells what happened.
    since: Timestamp,
    /// What the engine remembers, unless there is nothing to compare it with.
    remembered: Option<Vec<Event>>,
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
            watchdog: Some(WATCHDOG),
            backoff: Backoff::default(),
            memory,
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
    /// A peer that died without a word is noticed so, and a connection that something in between has forgotten.
    pub fn watchdog(mut self, silence: impl Into<Option<Duration>>) -> Self {
        self.watchdog = silence.into();
        self
    }

    fn connect(&self) -> State {
        let (docker, options, resume) = (self.docker.clone(), self.options.clone(), self.memory.resume());
        let connection = connect(docker, options, resume);
        // Some engines answer only when something happens; one that is dead never does.
        State::Connecting(match self.watchdog {
            Some(limit) => within(limit, connection).boxed(),
            None => connection.boxed(),
        })
    }

    fn connected(&mut self, connection: Connection) {
        let Connection { events, at, since, remembered } = connection;
        self.updates.push_back(EventUpdate::Connected);
        self.memory.begin(since);
        if let Some(gap) = remembered.and_then(|remembered| self.memory.gap(&remembered, at)) {
            self.updates.push_back(EventUpdate::Gap(gap));
            self.memory.begin_anew(at);
        }
        self.memory.expect_replay(at);
        let silence = self.watchdog.map(|limit| Box::pin(tokio::time::sleep(limit)));
        self.state = State::Watching(Watch { events, since: Instant::now(), silence });
    }

    fn disconnected(&mut self, error: Error, held: Option<Instant>) {
        if held.is_some_and(|since| since.elapsed() >= STABLE) {
            self.backoff.reset();
        }
        let is_final = error.is_unsupported() || error.is_bad_request();
        let retry_in = if is_final { None } else { self.backoff.next() };
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
            State::Waiting(sleep) => {
                ready!(sleep.as_mut().poll(cx));
                self.state = self.connect();
            }
            State::Connecting(connection) => match ready!(connection.as_mut().poll(cx)) {
                Ok(connection) => self.connected(connection),
                Err(error) => self.disconnected(error, None),
            },
            State::Watching(_) => return self.watch(cx),
            State::Checking(watch, check) => {
                // What comes by itself goes before the answer.
                if let Poll::Ready(item) = Pin::new(&mut watch.events).poll_next(cx) {
                    self.resume_watching();
                    self.heard(item);
                    return Poll::Ready(());
                }
                match ready!(check.as_mut().poll(cx)) {
                    Ok(remembered) if remembered.iter().all(|event| self.memory.knows(event)) => self.resume_watching(),
                    Ok(_) => self.disconnected(Error::truncated("the engine went on, and this stream did not"), None),
                    Err(error) => self.disconnected(error, None),
                }
            }
            State::Ended => {}
        }
        Poll::Ready(())
    }

    fn watch(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let State::Watching(watch) = &mut self.state else { return Poll::Ready(()) };
        if let Poll::Ready(item) = Pin::new(&mut watch.events).poll_next(cx) {
            self.heard(item);
            return Poll::Ready(());
        }
        let Some(silence) = &mut watch.silence else { return Poll::Pending };
        ready!(silence.as_mut().poll(cx));
        let since = self.memory.resume();
        let check = remembered(self.docker.clone(), self.options.clone(), since, None).boxed();
        if let State::Watching(watch) = std::mem::replace(&mut self.state, State::Ended) {
            self.state = State::Checking(watch, check);
        }
        Poll::Ready(())
    }

    fn resume_watching(&mut self) {
        if let State::Checking(mut watch, _) = std::mem::replace(&mut self.state, State::Ended) {
            watch.rewind(self.watchdog);
            self.state = State::Watching(watch);
        }
    }

    /// Takes what the stream of events brought, or that it ended.
    fn heard(&mut self, item: Option<Result<Event>>) {
        let State::Watching(watch) = &mut self.state else { return };
        let held = Some(watch.since);
        match item {
            Some(Ok(event)) => {
                watch.rewind(self.watchdog);
                self.backoff.reset();
                if self.memory.take(&event) {
                    self.updates.push_back(EventUpdate::Event(event));
                }
            }
            Some(Err(error)) => self.disconnected(error, held),
            None if self.options.until.is_some() => self.state = State::Ended,
            None => self.disconnected(Error::truncated("the engine ended the stream").during("system_events"), held),
        }
    }
}

impl Watch {
    fn rewind(&mut self, watchdog: Option<Duration>) {
        if let (Some(silence), Some(limit)) = (&mut self.silence, watchdog) {
            silence.as_mut().reset(Instant::now() + limit);
        }
    }
}

/// Waits for `connection`, but not for longer than `limit`.
async fn within(limit: Duration, connection: impl Future<Output = Result<Connection>>) -> Result<Connection> {
    let timeout = || Error::new(Kind::Timeout { phase: Phase::Answer, limit }).during("system_events");
    tokio::time::timeout(limit, connection).await.unwrap_or_else(|_| Err(timeout()))
}

/// Connects, and asks what the engine remembers if there was a connection before.
async fn connect(docker: DockerClient, options: EventsOptions, resume: Option<Timestamp>) -> Result<Connection> {
    let since = match resume {
        Some(since) => since,
        // Engines answer before they listen. What happens in between is replayed if it is asked for.
        None => docker.engine_time().await?,
    };
    let events = docker.events(&options.clone().since(since)).await?;
    let at = events.answered_at();
    let remembered = match resume {
        Some(since) => Some(proof(docker, since, at).await?),
        None => None,
    };
    Ok(Connection { events, at, since, remembered })
}

/// What the engine remembers at the moment `at`, of all kinds: a filter may leave nothing that proves anything.
///
/// The second of that moment is not over. It is waited for only if what came before it does not reach back far enough.
async fn proof(docker: DockerClient, since: Timestamp, at: Timestamp) -> Result<Vec<Event>> {
    let all = EventsOptions::default();
    let before = remembered(docker.clone(), all.clone(), None, Some(at)).await?;
    if before.first().is_some_and(|first| first.time.unix_seconds() < since.unix_seconds()) {
        return Ok(before);
    }
    let second_later = Timestamp::from_unix_seconds(at.unix_seconds() + 1)?;
    remembered(docker, all, None, Some(second_later)).await
}

/// What the engine remembers since and until the given moments, if any.
async fn remembered(
    docker: DockerClient,
    options: EventsOptions,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
) -> Result<Vec<Event>> {
    let since = match since {
        Some(since) => since,
        None => Timestamp::from_unix_seconds(1)?,
    };
    let until = match until {
        Some(until) => until,
        None => docker.engine_time().await?,
    };
    docker.events(&options.since(since).until(until)).await?.try_collect().await
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
            State::Connecting(_) => "connecting",
            State::Watching(_) => "watching",
            State::Checking(..) => "checking",
            State::Waiting(_) => "waiting",
            State::Ended => "ended",
        };
        f.debug_struct("EventMonitor").field("options", &self.options).field("state", &state).finish_non_exhaustive()
    }
}
