//! The monitor of a container's output: across its restarts, and across broken connections.
//!
//! ```text
//! Begin → Opening ── Connected ──▶ Following ── the log ended ──▶ Opening ── Stopped ──▶ Resting
//!            ▲  │                    │    ▲                                                │
//!            │  │ failed       broke │    │ Gap?, Line                                     │
//!            │  ▼                    ▼    └─                                               │
//!            ├─ Waiting ◀─── Disconnected                                                  │
//!            └──────────────────────────── it starts again ◀───────────────────────────────┘
//! ```
//!
//! It ends when the container is removed. While the log is silent, the engine is asked now
//! and then what its last line is. How far the log was told stands in `bookmark.rs`.

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

use super::{
    EventMonitor, EventUpdate, Gap, RetryPolicy,
    bookmark::Bookmark,
    retry::Backoff,
    watchdog::{SILENCE, Watchdog, patience, within},
};
use crate::{
    DockerClient, Error, Line, Lines, Result, Timestamp,
    containers::{Container, LogsOptions, Tail},
    system::{EventKind, EventsOptions},
};

/// A connection that held so long was a good one.
const STABLE: Duration = Duration::from_secs(5);

/// So many events are heard at a time, then others have their turn.
const TURN: usize = 128;

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
    /// Starts and the removal of the container; none once they have ended.
    events: Option<EventMonitor>,
    /// Why they have ended.
    deaf: Option<Error>,
    /// The container's full id, once it is known.
    id: Option<String>,
    /// The container was started since the log was last opened.
    started: bool,
    bookmark: Bookmark,
    watchdog: Option<Duration>,
    silence: Watchdog,
    /// Asks what the last line of the log is.
    check: Option<BoxFuture<'static, Result<Last>>>,
    backoff: Backoff,
    state: State,
    updates: VecDeque<LogUpdate>,
}

enum State {
    Begin,
    /// The log is asked for, and whether the container runs.
    Opening {
        opening: BoxFuture<'static, Result<Opened>>,
        all_told: bool,
    },
    /// Lines come.
    Following {
        lines: Box<Lines>,
        since: Instant,
        /// Lines without an end: the container's last, or cut by a broken connection.
        begun: Vec<Line>,
    },
    /// The container does not run.
    Resting,
    /// There is no connection, and none is tried for a while.
    Waiting(Pin<Box<Sleep>>),
    Ended,
}

enum Opened {
    /// The lines, and the moment before which nothing more is to be told.
    Lines { id: String, lines: Box<Lines>, begin: Option<Timestamp> },
    /// The container does not run, and all it wrote was told.
    Stopped,
}

/// How the log ends, and whether the container runs.
struct Last {
    line: Option<Line>,
    running: bool,
}

impl LogMonitor {
    pub(crate) fn new(docker: DockerClient, container: Container, options: LogsOptions) -> Self {
        Self {
            events: Some(docker.monitor_events(&EventsOptions::default())),
            docker,
            container,
            options: options.timestamps().without_end(),
            deaf: None,
            id: None,
            started: false,
            bookmark: Bookmark::default(),
            watchdog: Some(SILENCE),
            silence: Watchdog::new(),
            check: None,
            backoff: Backoff::default(),
            state: State::Begin,
            updates: VecDeque::new(),
        }
    }

    /// When to try again after a connection broke.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.backoff = Backoff::new(policy.clone());
        self.events = self.events.map(|events| events.retry(policy));
        self
    }

    /// How long no line may come before the engine is asked whether there is one; `None` for ever. Defaults to a minute.
    ///
    /// A peer that died without a word is noticed so, and a connection that something in between has forgotten.
    pub fn watchdog(mut self, silence: impl Into<Option<Duration>>) -> Self {
        self.watchdog = silence.into();
        self.events = self.events.map(|events| events.watchdog(self.watchdog));
        self
    }

    /// Hears whether the container starts or is removed.
    fn listen(&mut self, cx: &mut Context<'_>) {
        for _ in 0..TURN {
            let Some(events) = &mut self.events else { return };
            match Pin::new(events).poll_next(cx) {
                Poll::Ready(Some(update)) => self.heard(update),
                Poll::Ready(None) => self.events = None,
                Poll::Pending => return,
            }
        }
        cx.waker().wake_by_ref();
    }

    fn heard(&mut self, update: EventUpdate) {
        let is_resting = matches!(self.state, State::Resting);
        match update {
            EventUpdate::Event(event) if event.kind == EventKind::Container && self.id.as_ref() == Some(&event.id) => {
                match &*event.action {
                    "start" => self.started = true,
                    "destroy" if is_resting => self.state = State::Ended,
                    _ => {}
                }
            }
            EventUpdate::Event(_) => {}
            // What was not heard may have been a start.
            EventUpdate::Gap(_) => self.started = true,
            // While the container does not run, that is the only connection.
            EventUpdate::Connected if is_resting => self.updates.push_back(LogUpdate::Connected),
            EventUpdate::Connected => {}
            EventUpdate::Disconnected { error, retry_in: retry_in @ Some(_) } if is_resting => {
                self.updates.push_back(LogUpdate::Disconnected { error, retry_in });
            }
            EventUpdate::Disconnected { retry_in: Some(_), .. } => {}
            EventUpdate::Disconnected { error, retry_in: None } => self.deaf = Some(error),
        }
    }

    /// Opens the log, unless all of it was told and the container does not run.
    fn open(&mut self, all_told: bool) {
        self.started = false;
        self.silence.calm();
        let is_first = self.id.is_none();
        let opening = open(self.docker.clone(), self.container.clone(), self.options.clone(), is_first, all_told);
        self.state = State::Opening { opening: opening.boxed(), all_told };
    }

    fn opened(&mut self, opened: Opened) {
        let Opened::Lines { id, lines, begin } = opened else {
            self.updates.push_back(LogUpdate::Stopped);
            return self.state = State::Resting;
        };
        if self.id.is_none() {
            // Its name may go to another.
            self.container = self.docker.container(&*id);
            self.id = Some(id);
            begin.into_iter().for_each(|begin| self.bookmark.begin(begin));
        } else {
            self.bookmark.read_again();
        }
        self.updates.push_back(LogUpdate::Connected);
        self.state = State::Following { lines, since: Instant::now(), begun: Vec::new() };
    }

    /// The log could not be opened.
    fn failed(&mut self, error: Error, all_told: bool) {
        if error.is_not_found() && self.id.is_some() && all_told {
            return self.state = State::Ended;
        }
        let is_final = error.is_not_found() || error.is_bad_request() || error.is_unsupported();
        let retry_in = if is_final { None } else { self.backoff.next() };
        self.disconnected(error, retry_in);
    }

    /// The connection broke.
    fn broke(&mut self, error: Error) {
        if matches!(&self.state, State::Following { since, .. } if since.elapsed() >= STABLE) {
            self.backoff.reset();
        }
        let retry_in = self.backoff.next();
        self.disconnected(error.during("container_logs"), retry_in);
    }

    fn disconnected(&mut self, error: Error, retry_in: Option<Duration>) {
        self.check = None;
        self.state = match retry_in {
            Some(wait) => State::Waiting(Box::pin(tokio::time::sleep(wait))),
            None => State::Ended,
        };
        self.updates.push_back(LogUpdate::Disconnected { error, retry_in });
    }

    /// Tells a line, as far as it was not told before.
    fn tell(&mut self, line: Line) {
        let (gap, line) = self.bookmark.take(line);
        self.updates.extend(gap.map(LogUpdate::Gap));
        if let Some(line) = line {
            self.backoff.reset();
            self.updates.push_back(LogUpdate::Line(line));
        }
    }

    /// One step of the machine, after events were heard.
    fn step(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.state {
            State::Begin => self.open(false),
            State::Waiting(sleep) => {
                ready!(sleep.as_mut().poll(cx));
                self.open(false);
            }
            State::Opening { opening, all_told } => {
                let all_told = *all_told;
                match opening.as_mut().poll(cx) {
                    Poll::Ready(Ok(opened)) => self.opened(opened),
                    Poll::Ready(Err(error)) => self.failed(error, all_told),
                    Poll::Pending => return self.doubt(cx),
                }
            }
            State::Following { lines, .. } => match Pin::new(&mut **lines).poll_next(cx) {
                Poll::Ready(item) => self.followed(item),
                Poll::Pending => return self.doubt(cx),
            },
            State::Resting if self.started => self.open(false),
            State::Resting if self.events.is_none() => {
                let error = self.deaf.take().unwrap_or_else(|| Error::truncated("the engine's events have ended"));
                self.disconnected(error, None);
            }
            State::Resting => return Poll::Pending,
            State::Ended => {}
        }
        Poll::Ready(())
    }

    /// Takes what the log brought, or that it ended.
    fn followed(&mut self, item: Option<Result<Line>>) {
        let State::Following { begun, .. } = &mut self.state else { return };
        self.silence.calm();
        self.check = None;
        match item {
            Some(Ok(line)) if line.complete => self.tell(line),
            Some(Ok(line)) => begun.push(line),
            Some(Err(error)) => self.broke(error),
            None => {
                let begun = std::mem::take(begun);
                begun.into_iter().for_each(|line| self.tell(line));
                // If it has started meanwhile, it may have written more, and ended again.
                self.open(!self.started);
            }
        }
    }

    /// Nothing came: is that so?
    fn doubt(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(check) = &mut self.check else {
            ready!(self.silence.poll(cx, self.watchdog));
            let last = last(self.container.clone(), self.options.clone());
            self.check = Some(within(patience(self.watchdog), last).boxed());
            return Poll::Ready(());
        };
        let outcome = ready!(check.as_mut().poll(cx));
        self.check = None;
        self.silence.calm();
        match outcome {
            Ok(Last { line, running }) if running && line.iter().all(|line| self.bookmark.knows(line)) => {}
            Ok(_) => self.broke(Error::truncated("the log went on, and this stream did not")),
            Err(error) => self.broke(error),
        }
        Poll::Ready(())
    }
}

/// Opens the log: as the options say if it `is_first`, and from its beginning later.
async fn open(
    docker: DockerClient,
    container: Container,
    options: LogsOptions,
    is_first: bool,
    all_told: bool,
) -> Result<Opened> {
    let seen = container.inspect().await.map_err(|error| error.on_behalf_of("container_logs"))?;
    if all_told && (!seen.state.running || seen.state.restarting) {
        return Ok(Opened::Stopped);
    }
    // From API 1.19 on, logs can be asked for since a time.
    let tail = if is_first { options.tail } else { Tail::All };
    let begin = match tail {
        Tail::All => None,
        Tail::Lines(_) => Some(docker.engine_time().await?),
    };
    let lines = Box::new(container.logs(&options.tail(tail).follow()).await?.lines());
    Ok(Opened::Lines { id: seen.id, lines, begin })
}

/// Asks for the last line of the log.
async fn last(container: Container, mut options: LogsOptions) -> Result<Last> {
    let running = container.inspect().await?.state.running;
    options.follow = None;
    let mut lines = container.logs(&options.tail(1)).await?.lines();
    let mut line = None;
    while let Some(next) = lines.try_next().await? {
        line = Some(next);
    }
    Ok(Last { line, running })
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
