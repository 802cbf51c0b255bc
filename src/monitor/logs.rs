//! The monitor of a container's output: across its restarts, and across broken connections.
//!
//! ```text
//! Opening ────▶ Following ──── the container ended ────▶ Resting
//!    ▲  │ failed    │ broke                                 │
//!    │  ▼           ▼                                       │
//!    ├─ Waiting ◀───┘                                       │
//!    └────────────── it starts again ◀──────────────────────┘
//! ```
//!
//! Lines come with their times. After a new connection, those that were told are told
//! apart by what they say: of each source, nothing is told before the last line that
//! was. If that line is not there any more, the log was cut, and a [`Gap`] says so.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::time::{Instant, Sleep};

use super::{EventMonitor, EventUpdate, Gap, GapReason, RetryPolicy, retry::Backoff};
use crate::{
    ApiVersion, DockerClient, Error, Line, Lines, Result, Source, Timestamp,
    containers::{Container, LogsOptions, Tail},
    system::{EventKind, EventsOptions},
};

/// Logs can be asked for since a time from this version on. Before, they are read from their beginning.
const SINCE: ApiVersion = ApiVersion::new(1, 19);

/// How far back to read beyond the last line: sources do not write in the order of their times.
const OVERLAP: i64 = 10;

/// A connection that held so long was a good one.
const STABLE: Duration = Duration::from_secs(5);

/// What a monitor of logs tells.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LogUpdate {
    /// There is a connection; lines follow.
    Connected,
    /// The container has written a line.
    Line(Line),
    /// Lines may be missing: the engine does not have the last line any more that was told.
    Gap(Gap),
    /// The container has ended, and all it wrote was told. It may start again.
    Stopped,
    /// There is no connection.
    Disconnected {
        /// Why.
        error: Error,
        /// When there will be another try. None if there will be none: the monitor ends.
        retry_in: Option<Duration>,
    },
}

/// The lines a container writes, across its restarts and broken connections. Made by
/// [`Container::monitor_logs`](crate::containers::Container::monitor_logs).
///
/// Each line is told once, with its time, and in order; where the engine has lost
/// some, a [`Gap`] says so. Ends when the container is removed.
///
/// # Cancellation
///
/// Dropping this closes its connections; nothing keeps running behind it. Waiting for
/// the next update is cancel safe: none is lost when the wait is dropped.
#[must_use = "streams do nothing unless polled"]
pub struct LogMonitor {
    docker: DockerClient,
    container: Container,
    options: LogsOptions,
    /// Starts and the removal of the container.
    events: EventMonitor,
    events_ended: bool,
    /// The container's full id, once it is known.
    id: Option<String>,
    /// It was started since it was last asked for.
    started: bool,
    anchors: Vec<Anchor>,
    backoff: Backoff,
    state: State,
    updates: VecDeque<LogUpdate>,
}

/// The last line of a source that was told.
#[derive(Debug)]
struct Anchor {
    source: Source,
    time: Timestamp,
    bytes: Bytes,
    /// Whether it is to come again, and nothing is told before it has.
    awaited: bool,
}

enum State {
    Begin,
    Opening(BoxFuture<'static, Result<Opened>>),
    Following {
        lines: Box<Lines>,
        since: Instant,
        /// Lines without an end: the container's last, or cut by a broken connection.
        begun: Vec<Line>,
    },
    /// The container does not run.
    Resting,
    Waiting(Pin<Box<Sleep>>),
    Ended,
}

enum Opened {
    /// The lines, from a moment on or from the beginning.
    Lines { id: String, lines: Box<Lines>, from: Option<Timestamp> },
    /// The container does not run, and all it wrote was told.
    Stopped,
}

impl LogMonitor {
    pub(crate) fn new(docker: DockerClient, container: Container, options: LogsOptions) -> Self {
        Self {
            events: docker.monitor_events(&EventsOptions::default()),
            docker,
            container,
            options: options.follow().timestamps(),
            events_ended: false,
            id: None,
            started: false,
            anchors: Vec::new(),
            backoff: Backoff::default(),
            state: State::Begin,
            updates: VecDeque::new(),
        }
    }

    /// When to try again after a connection broke.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.backoff = Backoff::new(policy.clone());
        self.events = self.events.retry(policy);
        self
    }

    /// Hears whether the container starts or is removed.
    fn listen(&mut self, cx: &mut Context<'_>) {
        while !self.events_ended {
            match Pin::new(&mut self.events).poll_next(cx) {
                Poll::Ready(Some(EventUpdate::Event(event))) if event.kind == EventKind::Container => {
                    if self.id.as_ref() == Some(&event.id) {
                        self.happened(&event.action);
                    }
                }
                // What was not heard may have been a start.
                Poll::Ready(Some(EventUpdate::Gap(_))) => self.happened("start"),
                Poll::Ready(Some(_)) => {}
                Poll::Ready(None) => self.events_ended = true,
                Poll::Pending => break,
            }
        }
    }

    fn happened(&mut self, action: &str) {
        match action {
            "start" => self.started = true,
            "destroy" if matches!(self.state, State::Resting) => self.state = State::Ended,
            _ => {}
        }
    }

    /// Opens the log, unless all of it was told and the container does not run.
    fn open(&mut self, all_told: bool) {
        self.started = false;
        let last = self.anchors.iter().map(|anchor| anchor.time).max();
        let (docker, container, options) = (self.docker.clone(), self.container.clone(), self.options.clone());
        self.state = State::Opening(open(docker, container, options, last, all_told).boxed());
    }

    fn opened(&mut self, opened: Opened) {
        let Opened::Lines { id, lines, from } = opened else {
            self.updates.push_back(LogUpdate::Stopped);
            self.state = State::Resting;
            return;
        };
        self.id = Some(id);
        for anchor in &mut self.anchors {
            anchor.awaited = from.is_none_or(|from| anchor.time >= from);
        }
        self.updates.push_back(LogUpdate::Connected);
        self.state = State::Following { lines, since: Instant::now(), begun: Vec::new() };
    }

    fn disconnected(&mut self, error: Error) {
        let is_final = error.is_not_found() || error.is_bad_request() || error.is_unsupported();
        let retry_in = if is_final { None } else { self.backoff.next() };
        self.state = match retry_in {
            Some(wait) => State::Waiting(Box::pin(tokio::time::sleep(wait))),
            None => State::Ended,
        };
        self.updates.push_back(LogUpdate::Disconnected { error, retry_in });
    }

    /// Tells a line, unless it was told before.
    fn tell(&mut self, line: Line) {
        let Some(time) = line.time else {
            return self.updates.push_back(LogUpdate::Line(line));
        };
        let Some(anchor) = self.anchors.iter_mut().find(|anchor| anchor.source == line.source) else {
            self.anchors.push(Anchor { source: line.source, time, bytes: line.bytes.clone(), awaited: false });
            return self.updates.push_back(LogUpdate::Line(line));
        };
        if anchor.awaited {
            if time == anchor.time && line.bytes == anchor.bytes {
                anchor.awaited = false;
                return;
            }
            if time <= anchor.time {
                return;
            }
            anchor.awaited = false;
            let gap = Gap { since: anchor.time, until: time, reason: GapReason::Overflow };
            self.updates.push_back(LogUpdate::Gap(gap));
        }
        (anchor.time, anchor.bytes) = (time, line.bytes.clone());
        self.updates.push_back(LogUpdate::Line(line));
    }

    /// One step of the machine.
    fn step(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.state {
            State::Begin => self.open(false),
            State::Waiting(sleep) => {
                ready!(sleep.as_mut().poll(cx));
                self.open(false);
            }
            State::Opening(opening) => match ready!(opening.as_mut().poll(cx)) {
                Ok(opened) => self.opened(opened),
                // It was there, and is not any more.
                Err(error) if error.is_not_found() && self.id.is_some() => self.state = State::Ended,
                Err(error) => self.disconnected(error),
            },
            State::Following { lines, since, begun } => match ready!(Pin::new(&mut **lines).poll_next(cx)) {
                Some(Ok(line)) if !line.complete => begun.push(line),
                Some(Ok(line)) => {
                    self.backoff.reset();
                    self.tell(line);
                }
                Some(Err(error)) => {
                    if since.elapsed() >= STABLE {
                        self.backoff.reset();
                    }
                    self.disconnected(error);
                }
                None => {
                    let begun = std::mem::take(begun);
                    begun.into_iter().for_each(|line| self.tell(line));
                    self.open(true);
                }
            },
            State::Resting if self.started => self.open(false),
            State::Resting if self.events_ended => self.state = State::Ended,
            State::Resting => return Poll::Pending,
            State::Ended => {}
        }
        Poll::Ready(())
    }
}

/// Opens the log from a little before `last` on, or as the options say if nothing was told yet.
async fn open(
    docker: DockerClient,
    container: Container,
    mut options: LogsOptions,
    last: Option<Timestamp>,
    all_told: bool,
) -> Result<Opened> {
    let seen = container.inspect().await.map_err(|error| error.on_behalf_of("container_logs"))?;
    if all_told && (!seen.state.running || seen.state.restarting) {
        return Ok(Opened::Stopped);
    }
    let mut from = None;
    if let Some(last) = last {
        options.tail = Tail::All;
        // A clock that was set back would hide what was written since.
        let knows_since = docker.api_version().await? >= SINCE && docker.engine_time().await? >= last;
        from = knows_since.then(|| Timestamp::from_unix_seconds(last.unix_seconds() - OVERLAP)).transpose()?;
        options.since = from;
    }
    let lines = Box::new(container.logs(&options).await?.lines());
    Ok(Opened::Lines { id: seen.id, lines, from })
}

impl Stream for LogMonitor {
    type Item = LogUpdate;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<LogUpdate>> {
        loop {
            if let Some(update) = self.updates.pop_front() {
                return Poll::Ready(Some(update));
            }
            if matches!(self.state, State::Ended) {
                return Poll::Ready(None);
            }
            self.listen(cx);
            ready!(self.step(cx));
        }
    }
}

impl fmt::Debug for LogMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogMonitor").field("container", &self.container).finish_non_exhaustive()
    }
}
