//! The monitor of the logs of many containers.
//!
//! A container monitor reports which containers there are. Each has a log monitor (`logs.rs`), which ends when the container
//! is removed:
//!
//! ```text
//!                it appears                 its log monitor ends
//! unknown ──────────────────▶ followed ──────────────────────────▶ unknown (removed)
//!                                 │                  it is removed    ▲
//!                                 └─────▶ given up ───────────────────┘
//! ```
//!
//! A position in a log belongs to the line that was returned last, so nothing may be queued between a log monitor and the
//! consumer.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::Stream;
use futures_util::{StreamExt, stream::SelectAll};

use super::{
    ContainerMonitor, ContainerUpdate, Gap, LogBookmark, LogBookmarks, LogMonitor, LogUpdate, RetryPolicy,
    log_opening::Gate, log_selection::Exclusions, polled_if_woken::PolledIfWoken,
};
use crate::{
    DockerClient, Error, Line, Timestamp,
    containers::{Containers, Tail},
    models::ContainerSummary,
};

/// How many logs are opened at once, or read after their container has exited, unless that takes longer than 2 seconds.
const MAX_OPENINGS: usize = 3;

/// The actions of containers that create, rename, start, stop and remove one. Podman has its own names of two.
const ACTIONS: &[&str] = &["create", "rename", "start", "die", "died", "destroy", "remove"];

/// For conditions that other events may change.
const ALL_ACTIONS: &[&str] = &[];

/// Filters that a container matches or not until it is renamed or removed.
const FIXED: [&str; 3] = ["id", "label", "name"];

/// Default time without data after which a log is checked. The engine is checked by the event stream, and dead TCP
/// connections by keepalive probes.
const LOG_IDLE_TIMEOUT: Duration = Duration::from_secs(600);

/// An item of a [`CombinedLogMonitor`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CombinedLogUpdate {
    /// The log of a container was opened: for the first time, after the container was started again, or after a lost
    /// connection. Lines follow.
    Opened(Arc<ContainerSummary>),
    /// A line that a container wrote.
    Line {
        /// The container, as it was listed last. Shared by all of its lines.
        container: Arc<ContainerSummary>,
        /// The line.
        line: Line,
    },
    /// Lines of a container may have been missed: the engine no longer has the last line that was returned.
    Gap {
        /// The container, as it was listed last.
        container: Arc<ContainerSummary>,
        /// The time in which lines may have been missed.
        gap: Gap,
    },
    /// A container does not run, and all lines that it wrote were returned. It may be started again.
    Stopped(Arc<ContainerSummary>),
    /// A container was removed. All lines that its log had until then were returned.
    Removed(Arc<ContainerSummary>),
    /// The log of one container cannot be read. Other containers are not affected.
    Failed {
        /// The container, as it was listed last.
        container: Arc<ContainerSummary>,
        /// The cause.
        error: Error,
        /// Time until the next attempt. `None` if the monitor gave up on this log, for example because the log
        /// driver does not support reading.
        retry_in: Option<Duration>,
    },
    /// Connected to the engine: containers that appear are followed from now on.
    Connected,
    /// The connection that reports containers was lost or could not be made, or the containers could not be listed. Logs that
    /// are open are still read.
    Disconnected {
        /// The cause.
        error: Error,
        /// Time until the next attempt. `None` if the monitor gives up: it ends.
        retry_in: Option<Duration>,
    },
}

/// A stream of the lines that all containers write, also those that are created later. Returned by
/// [`Containers::monitor_logs`](crate::containers::Containers::monitor_logs).
///
/// Returns each line once. The lines of a container are in order, and each has its time; lines of different containers are
/// returned as they arrive. The logs of containers that do not run are read as well.
///
/// A container is selected when it appears, and followed until it is removed, even if it is renamed. The log of a container
/// that is removed as soon as it exits (`--rm`) can be read only until then.
///
/// # Resuming
///
/// [`bookmarks`](Self::bookmarks) returns the positions in all logs; they can be serialized. [`resume`](Self::resume)
/// continues there after a restart of the program, without losing or repeating lines, or returns a [`Gap`] of a container
/// whose log was rotated in the meantime. The log of a container that was created in the meantime is read from its beginning.
///
/// # Connections
///
/// A monitor has one connection for each container that runs, one for the events of containers and, if there are containers
/// that do not run, one for their starts, which it shares with other log monitors of the client. At most three logs are opened
/// at once, so that few connections are used for that: 60 containers need at most 65 connections. A log that takes longer
/// than 2 seconds to open, or to read after its container has exited, does not block others.
///
/// # Memory
///
/// A monitor keeps the last line of each source of each container, up to
/// [`max_item_size`](crate::DockerClientBuilder::max_item_size) each. If containers write long lines, set
/// [`max_part_size`](Self::max_part_size): then it keeps at most a part of this size.
///
/// # Backpressure
///
/// Nothing is read ahead of the consumer: a slow consumer slows down the engine's reading of the logs.
///
/// # Cancellation
///
/// Dropping the monitor closes its connections; it spawns no task. Waiting for the next update is cancel safe: no update is
/// lost when the wait is dropped.
#[must_use = "streams do nothing unless polled"]
pub struct CombinedLogMonitor {
    docker: DockerClient,
    watch: PolledIfWoken<ContainerMonitor>,
    exclusions: Exclusions,
    settings: LogSettings,
    retry: RetryPolicy,
    idle_timeout: Option<Duration>,
    gate: Gate,
    /// The positions of an earlier monitor, until the containers were listed.
    resume: Option<LogBookmarks>,
    /// Whether the containers were listed.
    has_snapshot: bool,
    ended: bool,
    /// The containers that are followed, or were given up, by id.
    containers: HashMap<Arc<str>, Followed>,
    /// Boxed, because they are moved for each item.
    logs: SelectAll<Box<ContainerLog>>,
    updates: VecDeque<CombinedLogUpdate>,
}

/// Settings of the logs.
#[derive(Clone, Copy, Debug)]
struct LogSettings {
    stdout: bool,
    stderr: bool,
    details: bool,
    since: Option<Timestamp>,
    tail: Tail,
    part_size: Option<usize>,
}

/// A container whose log is read, or was given up.
struct Followed {
    container: Arc<ContainerSummary>,
    /// Whether the log was opened.
    opened: bool,
    /// Whether the settings for the beginning of the log apply: the container was there when the monitor began.
    initial: bool,
    /// Set if the log is no longer read: the last position, if it was opened.
    given_up: Option<Option<LogBookmark>>,
}

/// The log of one container. Its last item is the end.
struct ContainerLog {
    id: Arc<str>,
    monitor: LogMonitor,
    ended: bool,
}

enum ContainerLogItem {
    Update(LogUpdate),
    /// The monitor has ended, at this position.
    Ended(Option<LogBookmark>),
}

impl CombinedLogMonitor {
    pub(crate) fn new(containers: &Containers) -> Self {
        Self {
            docker: containers.client().clone(),
            watch: PolledIfWoken::new(containers.monitor().sufficient_actions(ACTIONS)),
            exclusions: Exclusions::default(),
            settings: LogSettings {
                stdout: true,
                stderr: true,
                details: false,
                since: None,
                tail: Tail::All,
                part_size: None,
            },
            retry: RetryPolicy::default(),
            idle_timeout: Some(LOG_IDLE_TIMEOUT),
            gate: Gate::new(MAX_OPENINGS),
            resume: None,
            has_snapshot: false,
            ended: false,
            containers: HashMap::new(),
            logs: SelectAll::new(),
            updates: VecDeque::new(),
        }
    }

    /// Follows only containers with this label, `key` or `key=value` (repeat to require several labels).
    /// Requires API 1.18.
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
    }

    /// Follows only containers whose name matches this regular expression (repeat to match any of several). Requires API 1.16.
    pub fn name(self, pattern: impl Into<String>) -> Self {
        self.filter("name", pattern)
    }

    /// Follows only containers of this image, by name or id, or of one that was built from it (repeat to match any of several).
    /// Requires API 1.21.
    pub fn ancestor(self, image: impl Into<String>) -> Self {
        self.filter("ancestor", image)
    }

    /// Adds a filter that has no method.
    ///
    /// If the negotiated API version does not support a filter, or the engine rejects it, the monitor ends with the error.
    pub fn filter(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        let key = key.into();
        if !FIXED.contains(&&*key) {
            self.watch = self.watch.map(|watch| watch.sufficient_actions(ALL_ACTIONS));
        }
        self.watch = self.watch.map(|watch| watch.filter(key, value));
        self
    }

    /// Leaves out containers with this label, `key` or `key=value` (repeat for several). Needs API 1.18, below
    /// which engines do not send labels.
    pub fn exclude_label(mut self, label: impl Into<String>) -> Self {
        self.exclusions.label(label.into());
        self
    }

    /// Leaves out the container with this name, or an id of at least 12 digits, for example the container of the program
    /// itself (repeat for several).
    pub fn exclude_name(mut self, name: impl AsRef<str>) -> Self {
        self.exclusions.name(name.as_ref());
        self
    }

    /// Leaves out containers of this image, by name or id (repeat for several). A name without a tag leaves out all
    /// tags.
    pub fn exclude_image(mut self, image: impl Into<String>) -> Self {
        self.exclusions.image(image.into());
        self
    }

    /// Follows only containers for which `predicate` returns `true` (repeat to require several). It is called when a
    /// container appears, and after each change until the container is followed.
    pub fn only_if(mut self, predicate: impl Fn(&ContainerSummary) -> bool + Send + 'static) -> Self {
        self.watch = self.watch.map(|watch| watch.sufficient_actions(ALL_ACTIONS));
        self.exclusions.unless(predicate);
        self
    }

    /// Sets whether to read stdout. Defaults to `true`.
    pub fn stdout(mut self, stdout: bool) -> Self {
        self.settings.stdout = stdout;
        self
    }

    /// Sets whether to read stderr. Defaults to `true`.
    pub fn stderr(mut self, stderr: bool) -> Self {
        self.settings.stderr = stderr;
        self
    }

    /// Sets whether to read the attributes that the options of the container's log driver add to each line:
    /// [`Line::details`]. Defaults to `false`. Requires API 1.24.
    pub fn details(mut self, details: bool) -> Self {
        self.settings.details = details;
        self
    }

    /// Begins with output that was written at this time or later, of the containers that exist when the monitor begins.
    /// Requires API 1.19.
    pub fn since(mut self, since: Timestamp) -> Self {
        self.settings.since = Some(since);
        self
    }

    /// Begins with this number of lines from the end of each log, of the containers that exist when the monitor begins.
    /// Defaults to [`Tail::All`]; 0 for only lines that are written from now on.
    pub fn tail(mut self, tail: impl Into<Tail>) -> Self {
        self.settings.tail = tail.into();
        self
    }

    /// Returns lines that are longer than this number of bytes in parts of this size, all but the last of which are
    /// [`partial`](Line::partial). See [`LogMonitor::max_part_size`].
    pub fn max_part_size(mut self, bytes: usize) -> Self {
        self.settings.part_size = Some(bytes);
        self
    }

    /// Sets the delays and the number of attempts to reconnect.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.watch = self.watch.map(|watch| watch.retry(policy.clone()));
        self.retry = policy;
        self
    }

    /// Sets the idle timeout: after this time without data, the monitor checks that the engine is still reachable, and that
    /// no lines were missed. `None` disables it. Defaults to 60 seconds for the events of containers, and to 10 minutes for
    /// each log, because each check takes two requests, and for the starts of containers that do not run. The event stream
    /// of starts is shared with other log monitors of the client, and has the shortest of their idle timeouts.
    pub fn idle_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        let timeout = timeout.into();
        self.idle_timeout = timeout;
        self.watch = self.watch.map(|watch| watch.idle_timeout(timeout));
        self
    }

    /// Continues where an earlier monitor was when its [`bookmarks`](Self::bookmarks) were taken. The other settings must be
    /// the same; [`since`](Self::since) and [`tail`](Self::tail) apply only to containers whose logs the earlier monitor had
    /// not opened yet. If `tail` is more than 0, they also apply to a log of which no line was returned, until it is known to
    /// be empty: when the container has exited, or after the [idle timeout](Self::idle_timeout). `None` begins as the
    /// settings say.
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
    /// # let directory = tempfile::tempdir()?;
    /// # let path = directory.path().join("bookmarks.json");
    /// use dockerclient::monitor::CombinedLogUpdate;
    ///
    /// let stored = std::fs::read(&path).ok().map(|json| serde_json::from_slice(&json)).transpose()?;
    /// let mut monitor = docker.containers().monitor_logs().resume(stored);
    /// while let Some(update) = monitor.next().await {
    ///     if let CombinedLogUpdate::Line { container, line } = update {
    ///         println!("{}: {}", container.name(), line.text());
    ///         let Some(bookmarks) = monitor.bookmarks() else { continue }; // before the containers were listed
    ///         std::fs::write(&path, serde_json::to_vec(&bookmarks)?)?; // every second is enough: see `examples/ship_logs.rs`
    ///         # break;
    ///     }
    /// }
    /// # let stored = serde_json::from_slice(&std::fs::read(&path)?)?;
    /// # let mut monitor = docker.containers().monitor_logs().resume(Some(stored));
    /// # while let Some(update) = monitor.next().await {
    /// #     let CombinedLogUpdate::Line { line, .. } = update else { continue };
    /// #     assert_eq!(line.text(), "two");
    /// #     break;
    /// # }
    /// # Ok(())
    /// # }
    /// ```
    pub fn resume(mut self, bookmarks: impl Into<Option<LogBookmarks>>) -> Self {
        self.resume = bookmarks.into();
        self
    }

    /// Returns the positions in all logs, after the lines that were returned, to [`resume`](Self::resume) there later. `None`
    /// until the containers were listed.
    ///
    /// Computes a SHA-256 digest of the last line of each source of each container.
    #[must_use]
    pub fn bookmarks(&self) -> Option<LogBookmarks> {
        if !self.has_snapshot {
            return self.resume.clone();
        }
        let given_up = self.containers.iter().filter_map(|(id, followed)| Some((id, followed.given_up.clone()?)));
        let read = self.logs.iter().filter(|log| !log.ended).map(|log| (&log.id, log.monitor.bookmark()));
        let is_kept = |id: &Arc<str>, bookmark: &Option<LogBookmark>| {
            bookmark.is_some() || self.containers.get(id).is_some_and(|followed| followed.initial)
        };
        let all = given_up.chain(read).filter(|(id, bookmark)| is_kept(id, bookmark));
        Some(LogBookmarks { containers: all.map(|(id, bookmark)| (id.to_string(), bookmark)).collect() })
    }

    /// Begins and ends logs as containers appear and are removed.
    fn poll_containers(&mut self, cx: &mut Context<'_>) {
        while !self.ended {
            match Pin::new(&mut self.watch).poll_next(cx) {
                Poll::Ready(Some(update)) => self.received(update),
                Poll::Ready(None) => self.ended = true,
                Poll::Pending => break,
            }
        }
    }

    fn received(&mut self, update: ContainerUpdate) {
        match update {
            ContainerUpdate::Snapshot(containers) => {
                let resume = self.resume.take();
                for container in containers {
                    self.apply_initial(container, resume.as_ref());
                }
                self.has_snapshot = true;
            }
            ContainerUpdate::Appeared(container)
            | ContainerUpdate::Changed(container)
            | ContainerUpdate::Restarted(container) => self.apply(container),
            ContainerUpdate::Removed(id) => self.removed(&id),
            ContainerUpdate::Connected => self.updates.push_back(CombinedLogUpdate::Connected),
            ContainerUpdate::Disconnected { error, retry_in } => {
                self.updates.push_back(CombinedLogUpdate::Disconnected { error, retry_in });
            }
        }
    }

    /// A container of the first list.
    fn apply_initial(&mut self, container: ContainerSummary, resume: Option<&LogBookmarks>) {
        let known = match resume {
            Some(bookmarks) => bookmarks.containers.get(&container.id).cloned(),
            None => Some(None),
        };
        match known {
            Some(bookmark) => self.begin(container, true, bookmark),
            // Created since the bookmarks were taken.
            None => self.begin(container, false, None),
        }
    }

    fn apply(&mut self, container: ContainerSummary) {
        match self.containers.get_mut(&*container.id) {
            Some(followed) => followed.container = Arc::new(container),
            None => self.begin(container, false, None),
        }
    }

    fn begin(&mut self, container: ContainerSummary, initial: bool, bookmark: Option<LogBookmark>) {
        if self.exclusions.exclude(&container) {
            return;
        }
        let LogSettings { stdout, stderr, details, since, tail, part_size } = self.settings;
        let mut monitor = container
            .handle(&self.docker)
            .monitor_logs()
            .stdout(stdout)
            .stderr(stderr)
            .retry(self.retry.clone())
            .idle_timeout(self.idle_timeout)
            .resume(bookmark)
            .gate(self.gate.clone());
        if details {
            monitor = monitor.details(true);
        }
        if let Some(since) = since.filter(|_| initial) {
            monitor = monitor.since(since);
        }
        if initial {
            monitor = monitor.tail(tail);
        }
        if let Some(size) = part_size {
            monitor = monitor.max_part_size(size);
        }
        let id: Arc<str> = container.id.as_str().into();
        self.logs.push(Box::new(ContainerLog { id: Arc::clone(&id), monitor, ended: false }));
        let container = Arc::new(container);
        self.containers.insert(id, Followed { container, opened: false, initial, given_up: None });
    }

    /// The container was removed, or no longer matches the filters. Its log monitor ends if it was removed.
    fn removed(&mut self, id: &str) {
        if self.containers.get(id).is_some_and(|followed| followed.given_up.is_some()) {
            self.forget(id);
        }
    }

    fn forget(&mut self, id: &str) {
        let followed = self.containers.remove(id);
        let opened = followed.filter(|followed| followed.opened);
        self.updates.extend(opened.map(|followed| CombinedLogUpdate::Removed(followed.container)));
    }

    /// Converts an item of the log of a container.
    fn update(&mut self, id: &str, item: ContainerLogItem) -> Option<CombinedLogUpdate> {
        let followed = self.containers.get_mut(id)?;
        let container = Arc::clone(&followed.container);
        let update = match item {
            ContainerLogItem::Update(update) => update,
            ContainerLogItem::Ended(position) => {
                match &mut followed.given_up {
                    Some(given_up) => *given_up = position,
                    None => self.forget(id),
                }
                return None;
            }
        };
        Some(match update {
            LogUpdate::Line(line) => CombinedLogUpdate::Line { container, line },
            LogUpdate::Gap(gap) => CombinedLogUpdate::Gap { container, gap },
            LogUpdate::Stopped => CombinedLogUpdate::Stopped(container),
            LogUpdate::Connected => {
                followed.opened = true;
                CombinedLogUpdate::Opened(container)
            }
            // It was removed before its log was opened.
            LogUpdate::Disconnected { error, retry_in: None } if error.is_not_found() && !followed.opened => {
                return None;
            }
            // It is being removed.
            LogUpdate::Disconnected { error, retry_in: Some(_) } if error.is_conflict() => return None,
            LogUpdate::Disconnected { error, retry_in } => {
                if retry_in.is_none() && !error.is_not_found() {
                    followed.given_up = Some(None);
                }
                CombinedLogUpdate::Failed { container, error, retry_in }
            }
        })
    }

    /// Waits for the next update. Returns `None` once the monitor has ended. Cancel safe.
    pub async fn next(&mut self) -> Option<CombinedLogUpdate> {
        StreamExt::next(self).await
    }
}

impl Stream for CombinedLogMonitor {
    type Item = CombinedLogUpdate;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<CombinedLogUpdate>> {
        loop {
            self.poll_containers(cx);
            if let Some(update) = self.updates.pop_front() {
                return Poll::Ready(Some(update));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            match Pin::new(&mut self.logs).poll_next(cx) {
                Poll::Ready(Some((id, item))) => {
                    if let Some(update) = self.update(&id, item) {
                        return Poll::Ready(Some(update));
                    }
                }
                // No log is read. `poll_containers` has returned pending, so the next container wakes the task.
                Poll::Ready(None) | Poll::Pending => return Poll::Pending,
            }
        }
    }
}

impl Stream for ContainerLog {
    type Item = (Arc<str>, ContainerLogItem);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        Pin::new(&mut self.monitor).poll_next(cx).map(|update| {
            let item = match update {
                Some(update) => ContainerLogItem::Update(update),
                None => {
                    self.ended = true;
                    ContainerLogItem::Ended(self.monitor.bookmark())
                }
            };
            Some((Arc::clone(&self.id), item))
        })
    }
}

impl fmt::Debug for CombinedLogMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CombinedLogMonitor").field("containers", &self.containers.len()).finish_non_exhaustive()
    }
}
