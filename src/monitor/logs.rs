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
//! After the log has ended, it is read again: it has the lines that the container wrote before the subscription to its
//! events. While the log is idle, the last line of the log is requested from time to time, to detect a stalled stream.
//! `log_opening.rs` has the requests, `log_position.rs` the position in the log, and `shared_events.rs` the events.

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
    LogBookmark, LogUpdate, RetryPolicy,
    idle_timer::{DEFAULT_IDLE_TIMEOUT, IdleTimer, response_timeout},
    log_opening::{Gate, Identity, Last, Log, Opened, OpeningPermit},
    log_position::LogPosition,
    retry::Backoff,
    shared_events::{Notification, Subscription},
};
use crate::{
    DockerClient, Error, Line, Lines, Result, Timestamp,
    containers::{Container, Tail},
    logs::LogQuery,
};

/// A connection that lasted this long resets the backoff.
const STABLE: Duration = Duration::from_secs(5);

/// The longest pause after a log that ended soon after it was opened.
const MAX_PAUSE: Duration = Duration::from_secs(1);

/// The status of a log driver that does not support reading.
const NOT_IMPLEMENTED: u16 = 501;

/// A stream of the lines that a container writes, across its restarts and lost connections. Returned by
/// [`Container::monitor_logs`](crate::containers::Container::monitor_logs).
///
/// Returns each line once and in order, with its time. The stream ends when the container is removed, or if the
/// [retry policy](Self::retry) gives up.
///
/// # Gaps
///
/// After a reconnect, the monitor reads the log from about a second before the last line it returned (below API 1.19, from
/// the beginning), and drops the repeated lines. If the last line is no longer in the log, because the log was rotated
/// or truncated, it returns a [`Gap`](LogUpdate::Gap).
///
/// [`bookmark`](Self::bookmark) returns the position in the log, and [`resume`](Self::resume) continues after it in the same
/// way, for example after a restart of the program.
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
    log: Log,
    /// Where to resume when the log is opened for the first time.
    bookmark: Option<LogBookmark>,
    /// Set once the log was opened for the first time.
    known: Option<Identity>,
    position: LogPosition,
    /// The position before the line in `updates`, if other updates are returned before it.
    returned: Option<LogPosition>,
    /// Time of the oldest line that had not ended when the connection was lost, or when the bookmark was taken.
    begun: Option<Timestamp>,
    /// Whether the position is valid without a line: the log was read to its end or is known to be empty, or was resumed.
    settled: bool,
    /// Whether the log was read to its end.
    drained: bool,
    permit: OpeningPermit,
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

/// The last status that was returned.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Status {
    Disconnected,
    Connected,
    Stopped,
}

enum State {
    Begin,
    /// Waiting until other logs are open.
    Entering(BoxFuture<'static, OpeningPermit>),
    /// Inspecting the container and opening its log.
    Opening(BoxFuture<'static, Result<Opened>>),
    /// Reading the log.
    Following {
        lines: Box<Lines>,
        since: Instant,
        /// Lines without an end: the container's last ones, or truncated by a lost connection.
        unfinished: VecDeque<Line>,
        /// Whether the log has ended, and the unfinished lines are returned.
        has_ended: bool,
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

impl LogMonitor {
    pub(crate) fn new(docker: DockerClient, container: Container) -> Self {
        let query = LogQuery { timestamps: Some(true), ..LogQuery::default() };
        Self {
            log: Log { docker, container, query, part_size: None, gate: None },
            bookmark: None,
            known: None,
            position: LogPosition::default(),
            returned: None,
            begun: None,
            settled: false,
            drained: false,
            permit: OpeningPermit::default(),
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

    /// Sets whether to read stdout. Defaults to `true`.
    pub fn stdout(mut self, stdout: bool) -> Self {
        self.log.query.stdout = Some(stdout);
        self
    }

    /// Sets whether to read stderr. Defaults to `true`.
    pub fn stderr(mut self, stderr: bool) -> Self {
        self.log.query.stderr = Some(stderr);
        self
    }

    /// Sets whether to read the attributes that the options of the container's log driver add to each line:
    /// [`Line::details`](crate::Line::details). Defaults to `false`. Requires API 1.24.
    pub fn details(mut self, details: bool) -> Self {
        self.log.query.details = Some(details);
        self
    }

    /// Begins with output that was written at this time or later; below API 1.22, in the second of this time or later.
    /// Requires API 1.19.
    pub fn since(mut self, since: Timestamp) -> Self {
        self.log.query.since = Some(since);
        self
    }

    /// Begins with this number of lines from the end of the log. Defaults to [`Tail::All`].
    pub fn tail(mut self, tail: impl Into<Tail>) -> Self {
        self.log.query.tail = tail.into();
        self
    }

    /// Returns lines that are longer than this number of bytes in parts of this size, all but the last of which are
    /// [`partial`](Line::partial). Does not apply to a container with a TTY. By default, a line is returned as a whole, and
    /// [`truncated`](Line::truncated) if it is longer than
    /// [`max_item_size`](crate::DockerClientBuilder::max_item_size).
    pub fn max_part_size(mut self, bytes: usize) -> Self {
        self.log.part_size = Some(bytes);
        self
    }

    /// Continues after the last line that was returned before the [`bookmark`](Self::bookmark) was taken, as after a lost
    /// connection: lines are not returned again, and if lines may have been missed, there is a [`Gap`](LogUpdate::Gap). The
    /// other settings must be the same, but [`since`](Self::since) and [`tail`](Self::tail) do not apply.
    ///
    /// Has no effect if the bookmark belongs to another container, for example to an earlier one with the same name.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = dockerclient_testkit::FakeEngine::new();
    /// # let docker = engine.client("1.41");
    /// # let created = docker.containers().create("busybox").cmd(["sh", "-c", "echo one; echo two"]).name("web").await?;
    /// # created.start().await?;
    /// # created.wait().await?;
    /// use dockerclient::monitor::{LogBookmark, LogUpdate};
    ///
    /// let mut monitor = docker.container("web").monitor_logs();
    /// let stored = loop {
    ///     if let Some(LogUpdate::Line(line)) = monitor.next().await {
    ///         assert_eq!(line.text(), "one");
    ///         break serde_json::to_string(&monitor.bookmark())?;
    ///     }
    /// };
    /// drop(monitor);
    ///
    /// // After a restart of the program:
    /// let mut monitor = docker.container("web").monitor_logs().resume(serde_json::from_str::<LogBookmark>(&stored)?);
    /// while let Some(update) = monitor.next().await {
    ///     if let LogUpdate::Line(line) = update {
    ///         assert_eq!(line.text(), "two");
    ///         break;
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn resume(mut self, bookmark: impl Into<Option<LogBookmark>>) -> Self {
        self.bookmark = bookmark.into();
        self
    }

    /// Returns the position in the log, after the last line that was returned, to [`resume`](Self::resume) there later.
    /// `None` until the log was opened for the first time and, if [`tail`](Self::tail) is more than 0, until a line was
    /// returned or the log is known to be empty: when the container has exited, or after the
    /// [idle timeout](Self::idle_timeout).
    ///
    /// Computes a SHA-256 digest of the last line of each source.
    #[must_use]
    pub fn bookmark(&self) -> Option<LogBookmark> {
        let Some(known) = &self.known else { return self.bookmark.clone() };
        let position = self.returned.as_ref().unwrap_or(&self.position);
        // The time of the first line is not known yet.
        if !self.settled && position.is_empty() && matches!(self.log.query.tail, Tail::Lines(1..)) {
            return None;
        }
        let pending = self.updates.iter().filter_map(|update| match update {
            LogUpdate::Line(line) => line.time,
            _ => None,
        });
        Some(position.save(&known.id, self.unfinished_since().into_iter().chain(pending).min()))
    }

    /// The time of the oldest line whose end has not been returned.
    fn unfinished_since(&self) -> Option<Timestamp> {
        match &self.state {
            State::Following { lines, unfinished, .. } => {
                // The beginning of that line may not have been read again.
                let before = self.begun.filter(|_| self.position.is_catching_up());
                unfinished.iter().filter_map(|line| line.time).chain(lines.begun_since()).chain(before).min()
            }
            _ => self.begun,
        }
    }

    /// Sends requests only as `gate` admits.
    pub(super) fn gate(mut self, gate: Gate) -> Self {
        self.log.gate = Some(gate);
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
        match self.log.gate {
            Some(_) => self.state = State::Entering(self.log.clone().enter().boxed()),
            None => self.entered(OpeningPermit::default()),
        }
    }

    fn entered(&mut self, permit: OpeningPermit) {
        self.permit = permit;
        self.idle_timer.reset();
        let log = self.log.clone();
        let opening = match &self.known {
            None => log.open_first(self.bookmark.clone()).boxed(),
            Some(known) => {
                let since = self.position.resume(known.version, self.begun);
                log.reopen(since, known.version).boxed()
            }
        };
        self.state = State::Opening(opening);
    }

    fn opened(&mut self, opened: Opened) {
        let Opened { known, running, lines, since, begin, position } = opened;
        let is_resumed = position.is_some();
        if self.known.is_none() {
            // From now on by id: the name may be given to another container.
            self.log.container = self.log.docker.container(&*known.id);
            match position {
                Some(position) => {
                    let begun = self.bookmark.as_ref().and_then(|bookmark| bookmark.begun);
                    (self.position, self.begun, self.settled) = (position, begun, true);
                }
                None => begin.or(self.log.query.since).into_iter().for_each(|begin| self.position.begin(begin)),
            }
        }
        if self.log.part_size.is_some() {
            self.position.read_in_parts();
        }
        if self.known.is_some() || is_resumed {
            self.position.read_again(since, known.version);
        }
        (self.known, self.bookmark) = (Some(known), None);
        // If the container does not run, the log probably has an end, and the permit is held until then.
        if running {
            self.events = None;
            self.permit.release();
        }
        if running || self.status == Status::Disconnected {
            self.connected();
        }
        let (since, unfinished) = (Instant::now(), VecDeque::new());
        self.state = State::Following { lines, since, unfinished, has_ended: false };
    }

    fn connected(&mut self) {
        if self.status != Status::Connected {
            self.status = Status::Connected;
            self.updates.push_back(LogUpdate::Connected);
        }
    }

    /// The log could not be opened, or the events could not be subscribed to.
    fn failed(&mut self, error: Error) {
        self.permit.release();
        if error.is_not_found() && self.drained {
            return self.state = State::Ended;
        }
        // It is being removed.
        if error.is_conflict() && self.drained {
            let pause = self.backoff.next().unwrap_or(MAX_PAUSE);
            return self.state = State::Waiting(Box::pin(tokio::time::sleep(pause)));
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
        if matches!(&self.state, State::Following { since, .. } if since.elapsed() >= STABLE) {
            self.backoff.reset();
        }
        self.begun = self.unfinished_since();
        let retry_in = self.backoff.next();
        self.disconnected(error.during("container_logs"), retry_in);
    }

    fn disconnected(&mut self, error: Error, retry_in: Option<Duration>) {
        self.permit.release();
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
        let may_follow = self.status != Status::Connected || self.position.is_catching_up();
        let before = may_follow.then(|| self.position.clone());
        let (gap, line) = self.position.take(line);
        if gap.is_some() || line.is_some() {
            self.connected();
        }
        self.updates.extend(gap.map(LogUpdate::Gap));
        if let Some(line) = line {
            self.backoff.reset();
            self.returned = before;
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
            State::Entering(entering) => {
                let permit = ready!(entering.as_mut().poll(cx));
                self.entered(permit);
            }
            State::Opening(opening) => match opening.as_mut().poll(cx) {
                Poll::Ready(Ok(opened)) => self.opened(opened),
                Poll::Ready(Err(error)) => self.failed(error),
                Poll::Pending => return self.poll_check(cx),
            },
            State::Following { unfinished, has_ended: true, .. } => match unfinished.pop_front() {
                Some(line) => self.add(line),
                None => self.ended(),
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
        let State::Following { unfinished, has_ended, .. } = &mut self.state else { return };
        self.idle_timer.reset();
        self.check = None;
        match item {
            Some(Ok(line)) if line.complete || line.truncated || line.partial => self.add(line),
            Some(Ok(line)) => unfinished.push_back(line),
            Some(Err(error)) => self.lost(error),
            None => *has_ended = true,
        }
    }

    /// The log has ended. If the container did not run when the log was opened, all its lines were read.
    fn ended(&mut self) {
        self.permit.release();
        (self.begun, self.drained, self.settled) = (None, true, true);
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
        let new = || Subscription::new(&self.log.docker, &known.id, self.idle_timeout);
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
        self.permit.poll_expiry(cx);
        let Some(check) = &mut self.check else {
            ready!(self.idle_timer.poll(cx, self.idle_timeout));
            self.check = Some(self.log.clone().check(response_timeout(self.idle_timeout)).boxed());
            return Poll::Ready(());
        };
        let outcome = ready!(check.as_mut().poll(cx));
        self.check = None;
        self.idle_timer.reset();
        // Podman and Docker before 1.7 send the response headers with the first new line. The last line is an older one.
        let is_new = self.known.is_none() && matches!(self.log.query.tail, Tail::Lines(0));
        match outcome {
            Ok(Last { line, running: true }) if is_new || line.iter().all(|line| self.position.has_returned(line)) => {
                self.settled |= self.known.is_some() && line.is_none();
            }
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

impl Stream for LogMonitor {
    type Item = LogUpdate;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<LogUpdate>> {
        loop {
            if let Some(update) = self.updates.pop_front() {
                if matches!(update, LogUpdate::Line(_)) {
                    self.returned = None;
                }
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
        f.debug_struct("LogMonitor").field("container", &self.log.container).finish_non_exhaustive()
    }
}
