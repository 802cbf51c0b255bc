//! The monitor of a container's logs: across restarts of the container, and across lost connections.
//!
//! ```text
//! Begin → Opening ─── opened ───▶ Following ── the log ended ──▶ Pausing → Subscribing
//!            ▲  │                    │    ▲   │                                  │
//!            │  │ failed        lost │    │   │ subscribed before                │ subscribed:
//!            │  ▼                    ▼    └─  │ it was opened                    │ open again
//!            ├─ Waiting ◀─── Disconnected     ▼                                  ▼
//!            │                    ▲        Stopped → Resting ── removed ──▶   Opening
//!            │                    └───────────────────┤
//!            └─────────────── started ────────────────┘
//! ```
//!
//! After the log has ended, it is read once more: it has the lines that the container wrote before the subscription to its
//! events. While the log is idle, the last line of the log is requested from time to time, to detect a stalled stream.
//! `log_position.rs` has the position in the log, and `shared_events.rs` the events.

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
    idle_timer::{DEFAULT_IDLE_TIMEOUT, IdleTimer, response_timeout, within},
    log_position::LogPosition,
    retry::Backoff,
    shared_events::{Notification, Subscription},
};
use crate::{
    ApiVersion, DockerClient, Error, Line, Lines, Result, Timestamp,
    containers::{Container, Tail},
    logs::LogQuery,
    request::Settings,
};

/// A connection that lasted this long resets the backoff.
const STABLE: Duration = Duration::from_secs(5);

/// The longest pause after a log that ended soon after it was opened.
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// The status of a log driver that does not support reading.
const NOT_IMPLEMENTED: u16 = 501;

/// An item of a [`LogMonitor`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LogUpdate {
    /// The log was opened, after the monitor began, a lost connection or [`Stopped`](Self::Stopped); lines follow.
    Connected,
    /// A line that the container wrote.
    Line(Line),
    /// Lines may have been missed: the engine no longer has the last line that was returned.
    Gap(Gap),
    /// The container does not run, and all lines that it wrote were returned. It may be started again.
    Stopped,
    /// The connection was lost, or could not be made.
    Disconnected {
        /// The cause.
        error: Error,
        /// Time until the next attempt. `None` if the monitor gives up: it ends.
        retry_in: Option<Duration>,
    },
}

/// A stream of the lines that a container writes, across its restarts and lost connections. Returned by
/// [`Container::monitor_logs`](crate::containers::Container::monitor_logs).
///
/// Returns each line once and in order, with its time. The stream ends when the container is removed, or if the
/// [retry policy](Self::retry) gives up.
///
/// # Gaps
///
/// After a reconnect, the monitor reads the log from about a second before the last line it returned (below API 1.19, from
/// the beginning), and drops the repeated lines. If the last line is not in the log any more, because the log was rotated
/// or truncated, it returns a [`Gap`].
///
/// # Connections
///
/// While the container runs, a monitor has one connection, for its log. The monitors of containers that do not run share
/// one event stream per client and Tokio runtime.
///
/// # Backpressure
///
/// Nothing is read ahead of the consumer: a slow consumer slows down the engine's reading of the log.
///
/// # Cancellation
///
/// Dropping the monitor closes its connections; it spawns no task. Waiting for the next update is cancel safe: no update is
/// lost when the wait is dropped.
#[must_use = "streams do nothing unless polled"]
pub struct LogMonitor {
    docker: DockerClient,
    container: Container,
    query: LogQuery,
    /// Set once the log was opened for the first time.
    known: Option<Identity>,
    position: LogPosition,
    /// Time of the oldest line that had not ended when the connection was lost.
    begun: Option<Timestamp>,
    /// Whether the log was read to its end.
    drained: bool,
    /// Starts and the removal of the container, subscribed to before the log was opened last. None while it runs.
    events: Option<Subscription>,
    idle_timeout: Option<Duration>,
    idle_timer: IdleTimer,
    /// Requests the last line of the log.
    check: Option<BoxFuture<'static, Result<Last>>>,
    backoff: Backoff,
    /// Delays after logs that ended soon after they were opened.
    pause_backoff: Backoff,
    status: Status,
    state: State,
    updates: VecDeque<LogUpdate>,
}

/// The container's full id, and the API version.
struct Identity {
    id: String,
    version: ApiVersion,
}

/// The last status that was returned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Disconnected,
    Connected,
    Stopped,
}

enum State {
    Begin,
    /// Inspecting the container and opening its log.
    Opening(BoxFuture<'static, Result<Opened>>),
    /// Reading the log.
    Following {
        lines: Box<Lines>,
        since: Instant,
        /// Lines without an end: the container's last ones, or truncated by a lost connection.
        unfinished: Vec<Line>,
    },
    /// The log has ended.
    Pausing(Pin<Box<Sleep>>),
    /// Subscribing to the events of the container, so that no start is missed.
    Subscribing,
    /// The container does not run, and all lines were returned.
    Resting,
    /// Disconnected, until the next attempt.
    Waiting(Pin<Box<Sleep>>),
    Ended,
}

/// A log that was opened.
struct Opened {
    known: Identity,
    /// Whether the container ran before the log was opened.
    running: bool,
    lines: Box<Lines>,
    /// The time from which on the log is read; `None` for all of it.
    since: Option<Timestamp>,
    /// The engine's time before the log was opened for the first time, if only the last lines were requested.
    begin: Option<Timestamp>,
}

/// The last line of the log, and whether the container runs.
struct Last {
    line: Option<Line>,
    running: bool,
}

impl LogMonitor {
    pub(crate) fn new(docker: DockerClient, container: Container) -> Self {
        Self {
            docker,
            container,
            query: LogQuery { timestamps: Some(true), ..LogQuery::default() },
            known: None,
            position: LogPosition::default(),
            begun: None,
            drained: false,
            events: None,
            idle_timeout: Some(DEFAULT_IDLE_TIMEOUT),
            idle_timer: IdleTimer::new(),
            check: None,
            backoff: Backoff::default(),
            pause_backoff: Backoff::new(RetryPolicy::default().first(Duration::from_millis(1)).longest(MAX_PAUSE)),
            status: Status::Disconnected,
            state: State::Begin,
            updates: VecDeque::new(),
        }
    }

    /// Sets whether to read the standard output. Defaults to `true`.
    pub fn stdout(mut self, stdout: bool) -> Self {
        self.query.stdout = Some(stdout);
        self
    }

    /// Sets whether to read the standard error. Defaults to `true`.
    pub fn stderr(mut self, stderr: bool) -> Self {
        self.query.stderr = Some(stderr);
        self
    }

    /// Sets whether to read the attributes that the options of the container's log driver add to each line:
    /// [`Line::details`](crate::Line::details). Defaults to `false`. Requires API 1.24.
    pub fn details(mut self, details: bool) -> Self {
        self.query.details = Some(details);
        self
    }

    /// Begins with output that was written at this time or later; below API 1.22, in the second of this time or later.
    /// Requires API 1.19.
    pub fn since(mut self, since: Timestamp) -> Self {
        self.query.since = Some(since);
        self
    }

    /// Begins with this number of lines from the end of the log. Defaults to [`Tail::All`].
    pub fn tail(mut self, tail: impl Into<Tail>) -> Self {
        self.query.tail = tail.into();
        self
    }

    /// Sets the delays and the number of attempts to reconnect.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.backoff = Backoff::new(policy);
        self
    }

    /// Sets the idle timeout: after this time without data, the monitor checks that the engine is still reachable, and that
    /// no lines were missed. Defaults to 60 seconds; `None` disables it.
    ///
    /// This detects a host that has vanished, and a connection that a proxy or a NAT has dropped. The event stream that the
    /// monitors of a client share has the shortest of their idle timeouts.
    pub fn idle_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.idle_timeout = timeout.into();
        self
    }

    fn open(&mut self) {
        self.idle_timer.reset();
        let (container, query) = (self.container.clone(), self.query.clone());
        let opening = match &self.known {
            None => open_first(self.docker.clone(), container, query).boxed(),
            Some(known) => {
                let since = self.position.resume(known.version, self.begun);
                reopen(container, query, since, known.version).boxed()
            }
        };
        self.state = State::Opening(opening);
    }

    fn opened(&mut self, opened: Opened) {
        let Opened { known, running, lines, since, begin } = opened;
        if self.known.is_some() {
            self.position.read_again(since, known.version);
        } else {
            // From now on by id: the name may be given to another container.
            self.container = self.docker.container(&*known.id);
            begin.or(self.query.since).into_iter().for_each(|begin| self.position.begin(begin));
        }
        self.known = Some(known);
        if running {
            self.events = None;
        }
        if running || self.status == Status::Disconnected {
            self.connected();
        }
        self.state = State::Following { lines, since: Instant::now(), unfinished: Vec::new() };
    }

    fn connected(&mut self) {
        if self.status != Status::Connected {
            self.status = Status::Connected;
            self.updates.push_back(LogUpdate::Connected);
        }
    }

    /// The log could not be opened, or the events could not be subscribed to.
    fn failed(&mut self, error: Error) {
        if error.is_not_found() && self.drained {
            return self.state = State::Ended;
        }
        let is_final = error.is_not_found()
            || error.is_bad_request()
            || error.is_unsupported()
            || error.status() == Some(NOT_IMPLEMENTED);
        let retry_in = if is_final { None } else { self.backoff.next() };
        self.disconnected(error, retry_in);
    }

    /// The connection was lost.
    fn lost(&mut self, error: Error) {
        if let State::Following { lines, since, unfinished } = &self.state {
            if since.elapsed() >= STABLE {
                self.backoff.reset();
            }
            self.begun = unfinished.iter().filter_map(|line| line.time).chain(lines.begun_since()).min();
        }
        let retry_in = self.backoff.next();
        self.disconnected(error.during("container_logs"), retry_in);
    }

    fn disconnected(&mut self, error: Error, retry_in: Option<Duration>) {
        self.check = None;
        self.drained = false;
        self.status = Status::Disconnected;
        self.state = match retry_in {
            Some(wait) => State::Waiting(Box::pin(tokio::time::sleep(wait))),
            None => State::Ended,
        };
        self.updates.push_back(LogUpdate::Disconnected { error, retry_in });
    }

    /// Returns the part of a line that was not returned before.
    fn add(&mut self, line: Line) {
        let (gap, line) = self.position.take(line);
        if gap.is_some() || line.is_some() {
            self.connected();
        }
        self.updates.extend(gap.map(LogUpdate::Gap));
        if let Some(line) = line {
            self.backoff.reset();
            self.updates.push_back(LogUpdate::Line(line));
        }
    }

    /// Advances the state machine by one step.
    fn step(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.state {
            State::Begin => self.open(),
            State::Waiting(sleep) => {
                ready!(sleep.as_mut().poll(cx));
                self.open();
            }
            State::Opening(opening) => match opening.as_mut().poll(cx) {
                Poll::Ready(Ok(opened)) => self.opened(opened),
                Poll::Ready(Err(error)) => self.failed(error),
                Poll::Pending => return self.poll_check(cx),
            },
            State::Following { lines, .. } => match Pin::new(&mut **lines).poll_next(cx) {
                Poll::Ready(item) => self.followed(item),
                Poll::Pending => return self.poll_check(cx),
            },
            State::Pausing(sleep) => {
                ready!(sleep.as_mut().poll(cx));
                self.state = State::Subscribing;
            }
            State::Subscribing => match self.subscription().map(|events| events.poll_connected(cx)) {
                Some(outcome) => self.subscribed(ready!(outcome)),
                None => self.open(),
            },
            State::Resting => match self.subscription().map(|events| events.poll_notification(cx)) {
                Some(notification) => self.notified(ready!(notification)),
                None => self.state = State::Subscribing,
            },
            State::Ended => {}
        }
        Poll::Ready(())
    }

    fn followed(&mut self, item: Option<Result<Line>>) {
        let State::Following { unfinished, .. } = &mut self.state else { return };
        self.idle_timer.reset();
        self.check = None;
        match item {
            Some(Ok(line)) if line.complete || line.truncated => self.add(line),
            Some(Ok(line)) => unfinished.push(line),
            Some(Err(error)) => self.lost(error),
            None => {
                let unfinished = std::mem::take(unfinished);
                unfinished.into_iter().for_each(|line| self.add(line));
                self.ended();
            }
        }
    }

    /// The log has ended. If the container did not run when the log was opened, all its lines were read.
    fn ended(&mut self) {
        (self.begun, self.drained) = (None, true);
        let lasted = matches!(&self.state, State::Following { since, .. } if since.elapsed() >= STABLE);
        if lasted || self.events.is_some() {
            self.pause_backoff.reset();
        }
        if self.events.is_none() {
            let pause = self.pause_backoff.next().unwrap_or(MAX_PAUSE);
            return self.state = State::Pausing(Box::pin(tokio::time::sleep(pause)));
        }
        self.backoff.reset();
        self.state = State::Resting;
        if self.status == Status::Connected {
            self.status = Status::Stopped;
            self.updates.push_back(LogUpdate::Stopped);
        }
    }

    /// The subscription to the events of the container, once its id is known.
    fn subscription(&mut self) -> Option<&mut Subscription> {
        let known = self.known.as_ref()?;
        let new = || Subscription::new(&self.docker, known.version, &known.id, self.idle_timeout);
        Some(self.events.get_or_insert_with(new))
    }

    fn subscribed(&mut self, outcome: Result<()>) {
        match outcome {
            Ok(()) => self.open(),
            Err(error) => {
                self.events = None;
                self.failed(error);
            }
        }
    }

    fn notified(&mut self, notification: Notification) {
        match notification {
            Notification::Started => self.open(),
            Notification::Removed => self.state = State::Ended,
            Notification::Lost(error) => {
                self.events = None;
                let retry_in = self.backoff.next();
                self.disconnected(error, retry_in);
            }
        }
    }

    /// No line is ready: starts a check once the idle timeout is over, and polls it.
    fn poll_check(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(check) = &mut self.check else {
            ready!(self.idle_timer.poll(cx, self.idle_timeout));
            let last = last(self.container.clone(), self.query.clone());
            self.check = Some(within(response_timeout(self.idle_timeout), last).boxed());
            return Poll::Ready(());
        };
        let outcome = ready!(check.as_mut().poll(cx));
        self.check = None;
        self.idle_timer.reset();
        match outcome {
            Ok(Last { line, running }) if running && line.iter().all(|line| self.position.has_returned(line)) => {}
            Ok(_) => self.lost(Error::truncated("the log stream stalled: the engine has newer lines")),
            Err(error) => self.lost(error),
        }
        Poll::Ready(())
    }

    /// Waits for the next update. Returns `None` once the monitor has ended. Cancel safe.
    pub async fn next(&mut self) -> Option<LogUpdate> {
        StreamExt::next(self).await
    }
}

/// Opens the log for the first time, with the settings of the monitor.
async fn open_first(docker: DockerClient, container: Container, mut query: LogQuery) -> Result<Opened> {
    let (id, running, tty) = inspect(&container).await?;
    let version = docker.api_version().await?;
    let begin = match query.tail {
        Tail::All => None,
        Tail::Lines(_) => Some(docker.engine_time().await?),
    };
    query.follow = Some(true);
    let (_, output) = container.read_logs(&query, tty, &Settings::default()).await?;
    Ok(Opened { known: Identity { id, version }, running, lines: Box::new(output.lines()), since: None, begin })
}

/// Opens the log again, from a time on or all of it.
async fn reopen(
    container: Container,
    mut query: LogQuery,
    mut since: Option<Timestamp>,
    version: ApiVersion,
) -> Result<Opened> {
    let (id, running, tty) = inspect(&container).await?;
    (query.follow, query.since, query.tail) = (Some(true), since, Tail::All);
    let settings = Settings::default();
    let (at, mut output) = container.read_logs(&query, tty, &settings).await?;
    // The engine's clock was set back: new lines may have earlier times.
    if since.is_some_and(|since| at < since) {
        (query.since, since) = (None, None);
        output = container.read_logs(&query, tty, &settings).await?.1;
    }
    Ok(Opened { known: Identity { id, version }, running, lines: Box::new(output.lines()), since, begin: None })
}

/// The full id of a container, whether it runs, and whether it has a TTY.
async fn inspect(container: &Container) -> Result<(String, bool, bool)> {
    let seen = container.inspect().await.map_err(|error| error.on_behalf_of("container_logs"))?;
    Ok((seen.id, seen.state.running && !seen.state.restarting, seen.config.tty))
}

/// Requests the last line of the log, and whether the container runs.
async fn last(container: Container, mut query: LogQuery) -> Result<Last> {
    let (_, running, tty) = inspect(&container).await?;
    (query.follow, query.tail) = (None, Tail::Lines(1));
    let (_, output) = container.read_logs(&query, tty, &Settings::default()).await?;
    let mut lines = output.lines();
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
            ready!(self.step(cx));
        }
    }
}

impl fmt::Debug for LogMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogMonitor").field("container", &self.container).finish_non_exhaustive()
    }
}
