//! The monitor of stats: samples every running container, from start to exit.
//!
//! The monitor of containers reports which containers run. Each of them has a stats stream (`container_stats.rs`) with its
//! own connection:
//!
//! ```text
//!                it runs: Began
//! not sampled ─────────────────▶ sampled ──▶ Sample, Sample, Failed, Sample …
//!       ▲                           │
//!       └───────────────────────────┘
//!        it exited, or is no longer selected: Ended
//! ```
//!
//! A restarted container has `Ended`, then `Began`.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::Stream;
use futures_util::{
    StreamExt,
    future::AbortHandle,
    stream::{Abortable, SelectAll},
};

use super::{
    ContainerMonitor, ContainerUpdate, RetryPolicy,
    container_cache::is_running,
    container_stats::{ContainerStats, StatsItem},
    idle_timer::DEFAULT_IDLE_TIMEOUT,
};
use crate::{
    Error,
    containers::{Containers, Traffic},
    models::{ContainerSummary, Stats},
};

/// An item of a [`StatsMonitor`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StatsUpdate {
    /// The resource usage of a container.
    Sample(Box<Sample>),
    /// A container runs: its samples follow.
    Began(Arc<ContainerSummary>),
    /// A container, as it was listed while it was sampled, has exited, or is no longer selected. No samples of it follow until it
    /// starts again.
    Ended(Arc<ContainerSummary>),
    /// The stats stream of one container failed. Other containers are not affected.
    Failed {
        /// The container, as it was listed last.
        container: Arc<ContainerSummary>,
        /// The cause.
        error: Error,
        /// Time until the next attempt. `None` if the next attempt is when the container is started again.
        retry_in: Option<Duration>,
    },
    /// Connected to the engine: starts and exits of containers are reported from now on.
    Connected,
    /// The connection that reports starts and exits was lost or could not be made, or the containers could not be listed.
    /// Samples of running containers continue.
    Disconnected {
        /// The cause.
        error: Error,
        /// Time until the next attempt. `None` if the monitor gives up: it ends.
        retry_in: Option<Duration>,
    },
}

/// The resource usage of a container at one time.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Sample {
    /// The container, as it was listed last. Shared by all of its samples.
    pub container: Arc<ContainerSummary>,
    /// CPU usage since the sample before, in percent of one CPU. `None` for the first sample of a connection if the engine
    /// sends no earlier values to compare it with.
    pub cpu_percent: Option<f64>,
    /// Memory usage without the page cache, in bytes; see [`Stats::memory_used`].
    pub memory_used: Option<u64>,
    /// Memory usage in percent of the container's limit, or of the host's memory.
    pub memory_percent: Option<f64>,
    /// Network traffic since the container was started.
    pub network: Option<Traffic>,
    /// Block device reads and writes since the container was started.
    pub block_io: Option<Traffic>,
    /// The complete stats.
    pub stats: Stats,
}

/// A stream of the resource usage of every running container, from start to exit. Returned by
/// [`Containers::monitor_stats`](crate::containers::Containers::monitor_stats). Requires API 1.17.
///
/// Watches which containers run, and reconnects each stats stream that is lost.
///
/// # Connections
///
/// A monitor has one connection for events, and one for each container that runs. A container whose connection is idle does
/// not delay the others.
///
/// # Backpressure
///
/// Nothing is read ahead of the consumer: a slow consumer delays the samples of all containers.
///
/// # Cancellation
///
/// Dropping the monitor closes its connections; it spawns no task. Waiting for the next update is cancel safe: no update is
/// lost when the wait is dropped.
#[must_use = "streams do nothing unless polled"]
pub struct StatsMonitor {
    containers: Containers,
    watch: ContainerMonitor,
    ended: bool,
    /// Ids and names of the containers to sample; `None` for all.
    selection: Option<BTreeSet<String>>,
    retry: RetryPolicy,
    idle_timeout: Option<Duration>,
    /// The containers that are sampled, by id.
    sampled: HashMap<String, SampledContainer>,
    streams: SelectAll<Abortable<ContainerStats>>,
    updates: VecDeque<StatsUpdate>,
}

/// A container that is sampled.
struct SampledContainer {
    container: Arc<ContainerSummary>,
    /// Ends its stats stream.
    abort: AbortHandle,
}

impl StatsMonitor {
    pub(crate) fn new(containers: Containers) -> Self {
        Self {
            watch: containers.monitor(),
            containers,
            ended: false,
            selection: None,
            retry: RetryPolicy::default(),
            idle_timeout: Some(DEFAULT_IDLE_TIMEOUT),
            sampled: HashMap::new(),
            streams: SelectAll::new(),
            updates: VecDeque::new(),
        }
    }

    /// Samples only these containers, by id or name, whenever they run (repeat to match any of several).
    pub fn only<S: Into<String>>(mut self, containers: impl IntoIterator<Item = S>) -> Self {
        let names = containers.into_iter().map(|name| without_slash(&name.into()).to_owned());
        self.selection.get_or_insert_default().extend(names);
        self
    }

    /// Samples only containers with this label, `key` or `key=value` (repeat to require several labels).
    /// Requires API 1.18.
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
    }

    /// Samples only containers whose name matches this regular expression (repeat to match any of several). Requires API 1.16.
    pub fn name(self, pattern: impl Into<String>) -> Self {
        self.filter("name", pattern)
    }

    /// Samples only containers of this image, by name or id, or of one that was built from it (repeat to match any of several).
    /// Requires API 1.21.
    pub fn ancestor(self, image: impl Into<String>) -> Self {
        self.filter("ancestor", image)
    }

    /// Adds a filter that has no method.
    ///
    /// If the negotiated API version does not support a filter, or the engine rejects it, the monitor ends with the error.
    pub fn filter(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.watch = self.watch.filter(key, value);
        self
    }

    /// Sets the delays and the number of attempts to reconnect.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.watch = self.watch.retry(policy.clone());
        self.retry = policy;
        self
    }

    /// Sets the idle timeout: after this time without a sample of a container, its connection is closed and made again. After
    /// this time without events, the monitor checks that the engine is still reachable, and that no events were missed.
    /// Defaults to 60 seconds; `None` disables it.
    ///
    /// Engines send a sample about once a second.
    pub fn idle_timeout(mut self, timeout: impl Into<Option<Duration>>) -> Self {
        self.idle_timeout = timeout.into();
        self.watch = self.watch.idle_timeout(self.idle_timeout);
        self
    }

    /// Processes starts and exits. They take precedence over samples: no sample follows an exit.
    fn poll_containers(&mut self, cx: &mut Context<'_>) {
        while !self.ended && self.updates.is_empty() {
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
                containers.into_iter().for_each(|container| self.apply(container));
            }
            ContainerUpdate::Appeared(container) | ContainerUpdate::Changed(container) => self.apply(container),
            ContainerUpdate::Restarted(container) => {
                self.end(&container.id);
                self.apply(container);
            }
            ContainerUpdate::Removed(id) => self.end(&id),
            ContainerUpdate::Connected => self.updates.push_back(StatsUpdate::Connected),
            ContainerUpdate::Disconnected { error, retry_in } => {
                self.updates.push_back(StatsUpdate::Disconnected { error, retry_in });
            }
        }
    }

    fn apply(&mut self, container: ContainerSummary) {
        if !is_running(&container) || !self.is_selected(&container) {
            self.end(&container.id);
        } else if let Some(sampled) = self.sampled.get_mut(&container.id) {
            sampled.container = container.into();
        } else {
            self.begin(container.into());
        }
    }

    fn begin(&mut self, container: Arc<ContainerSummary>) {
        let handle = self.containers.client().container(&*container.id);
        let stats = ContainerStats::new(handle, self.retry.clone(), self.idle_timeout);
        let (abort, registration) = AbortHandle::new_pair();
        self.streams.push(Abortable::new(stats, registration));
        self.sampled.insert(container.id.clone(), SampledContainer { container: container.clone(), abort });
        self.updates.push_back(StatsUpdate::Began(container));
    }

    fn end(&mut self, id: &str) {
        if let Some(SampledContainer { container, abort }) = self.sampled.remove(id) {
            abort.abort();
            self.updates.push_back(StatsUpdate::Ended(container));
        }
    }

    /// The update for an item of a container; `None` if that is no longer sampled.
    fn update(&self, id: &str, item: StatsItem) -> Option<StatsUpdate> {
        let container = self.sampled.get(id)?.container.clone();
        let (stats, cpu_percent) = match item {
            StatsItem::Stats { stats, cpu_percent } => (*stats, cpu_percent),
            StatsItem::Failed { error, retry_in } => return Some(StatsUpdate::Failed { container, error, retry_in }),
        };
        Some(StatsUpdate::Sample(Box::new(Sample {
            container,
            cpu_percent,
            memory_used: stats.memory_used(),
            memory_percent: stats.memory_percent(),
            network: stats.network_total(),
            block_io: stats.block_io_total(),
            stats,
        })))
    }

    fn is_selected(&self, container: &ContainerSummary) -> bool {
        self.selection.as_ref().is_none_or(|selection| {
            let names = container.names.iter().map(|name| without_slash(name));
            names.chain([&*container.id]).any(|name| selection.contains(name))
                || selection.iter().any(|given| is_short_id(given, &container.id))
        })
    }

    /// Waits for the next update. Returns `None` once the monitor has ended. Cancel safe.
    pub async fn next(&mut self) -> Option<StatsUpdate> {
        StreamExt::next(self).await
    }
}

/// A name without the leading slash that engines add.
fn without_slash(name: &str) -> &str {
    name.strip_prefix('/').unwrap_or(name)
}

/// Whether `given` is a prefix of `id` that is long enough to be a short id.
fn is_short_id(given: &str, id: &str) -> bool {
    given.len() >= 12 && id.starts_with(given)
}

impl Stream for StatsMonitor {
    type Item = StatsUpdate;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<StatsUpdate>> {
        self.poll_containers(cx);
        if let Some(update) = self.updates.pop_front() {
            return Poll::Ready(Some(update));
        }
        if self.ended {
            return Poll::Ready(None);
        }
        while let Poll::Ready(Some((id, item))) = Pin::new(&mut self.streams).poll_next(cx) {
            if let Some(update) = self.update(&id, item) {
                return Poll::Ready(Some(update));
            }
        }
        // `poll_containers` has returned pending, so the next start wakes the task.
        Poll::Pending
    }
}

impl fmt::Debug for StatsMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatsMonitor").field("containers", &self.sampled.len()).finish_non_exhaustive()
    }
}
