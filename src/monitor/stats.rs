//! The monitor of statistics: every container that runs is measured, from its start to its death.
//!
//! The monitor of containers says which ones run. Each of them has a measurement
//! (`measurement.rs`) with a connection of its own, and all of them are waited for at once:
//!
//! ```text
//!                it runs: Began
//! not measured ─────────────────▶ measured ──▶ Sample, Sample, Failed, Sample …
//!       ▲                             │
//!       └─────────────────────────────┘
//!        it ended, is not selected any more: Ended
//! ```
//!
//! A container that was started anew is not measured and measured again.

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    fmt,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::Stream;
use futures_util::{
    future::AbortHandle,
    stream::{Abortable, SelectAll},
};

use super::{
    ContainerMonitor, ContainerUpdate, RetryPolicy,
    measurement::{Measured, Measurement},
    view::is_running,
    watchdog::SILENCE,
};
use crate::{
    Error,
    containers::{Containers, Traffic},
    models::{ContainerSummary, Stats},
};

/// What a monitor of statistics tells.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum StatsUpdate {
    /// What a container uses.
    Sample(Box<Sample>),
    /// A container, by its id, runs, and is measured from now on.
    Began(String),
    /// A container, by its id, does not run any more, or has another name. No sample of it comes after this, unless it
    /// begins again.
    Ended(String),
    /// A container cannot be measured now; the others are.
    Failed {
        /// The id of the container.
        id: String,
        /// Why.
        error: Error,
        /// When there will be another try. None if there will be none until it starts again.
        retry_in: Option<Duration>,
    },
    /// Starts and deaths are heard of from now on.
    Connected,
    /// Starts and deaths are not heard of; containers that are measured still are.
    Disconnected {
        /// Why.
        error: Error,
        /// When there will be another try. None if there will be none: the monitor ends.
        retry_in: Option<Duration>,
    },
}

/// What a container uses, at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Sample {
    /// The id of the container.
    pub id: String,
    /// Its name, without a slash.
    pub name: String,
    /// The CPU it used since the sample before, in percent of one CPU. None of the first sample of a connection, if the
    /// engine sends nothing along to compare it with.
    pub cpu_percent: Option<f64>,
    /// The memory it uses, in bytes, without caches.
    pub memory_used: u64,
    /// That in percent of its limit, or of the host's memory.
    pub memory_percent: Option<f64>,
    /// What went over its networks since it started.
    pub network: Traffic,
    /// What it read from and wrote to block devices since it started.
    pub block_io: Traffic,
    /// All that was measured.
    pub stats: Stats,
}

/// What containers use, across starts, deaths and broken connections. Made by
/// [`Containers::monitor_stats`](crate::containers::Containers::monitor_stats). Needs API 1.17.
///
/// One connection a container is open, and none for a container that does not run. A
/// container that stops answering holds up none of the others; a consumer that is
/// slow holds up all of them.
///
/// # Cancellation
///
/// Dropping this closes its connections; nothing keeps running behind it. Waiting for
/// the next update is cancel safe: none is lost when the wait is dropped.
#[must_use = "streams do nothing unless polled"]
pub struct StatsMonitor {
    containers: Containers,
    watch: ContainerMonitor,
    ended: bool,
    /// Ids and names of those to measure; all if none are named.
    selection: Option<BTreeSet<String>>,
    retry: RetryPolicy,
    watchdog: Option<Duration>,
    /// Those that are measured, by id.
    measured: HashMap<String, Subject>,
    measurements: SelectAll<Abortable<Measurement>>,
    updates: VecDeque<StatsUpdate>,
}

/// A container that is measured.
struct Subject {
    name: String,
    /// Ends its measurement.
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
            watchdog: Some(SILENCE),
            measured: HashMap::new(),
            measurements: SelectAll::new(),
            updates: VecDeque::new(),
        }
    }

    /// Measure only these containers, by id or name, whenever they run. Several calls widen the choice.
    pub fn only<S: Into<String>>(mut self, containers: impl IntoIterator<Item = S>) -> Self {
        let names = containers.into_iter().map(|name| bare(&name.into()).to_owned());
        self.selection.get_or_insert_default().extend(names);
        self
    }

    /// When to try again after a connection broke.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.watch = self.watch.retry(policy.clone());
        self.retry = policy;
        self
    }

    /// How long a container may send no sample before its connection is given up, and nothing may happen before the
    /// engine is asked whether that is so; `None` for ever. Defaults to a minute.
    ///
    /// Engines send a sample about once a second.
    pub fn watchdog(mut self, silence: impl Into<Option<Duration>>) -> Self {
        self.watchdog = silence.into();
        self.watch = self.watch.watchdog(self.watchdog);
        self
    }

    /// Takes what is heard of starts and deaths. It goes before samples: none comes after a death.
    fn listen(&mut self, cx: &mut Context<'_>) {
        while !self.ended && self.updates.is_empty() {
            match Pin::new(&mut self.watch).poll_next(cx) {
                Poll::Ready(Some(update)) => self.heard(update),
                Poll::Ready(None) => self.ended = true,
                Poll::Pending => break,
            }
        }
    }

    fn heard(&mut self, update: ContainerUpdate) {
        match update {
            ContainerUpdate::Snapshot(containers) => {
                containers.iter().for_each(|container| self.look_at(container));
            }
            ContainerUpdate::Appeared(container) | ContainerUpdate::Changed(container) => self.look_at(&container),
            ContainerUpdate::Restarted(container) => {
                self.end(&container.id);
                self.look_at(&container);
            }
            ContainerUpdate::Removed(id) => self.end(&id),
            ContainerUpdate::Connected => self.updates.push_back(StatsUpdate::Connected),
            ContainerUpdate::Disconnected { error, retry_in } => {
                self.updates.push_back(StatsUpdate::Disconnected { error, retry_in });
            }
        }
    }

    fn look_at(&mut self, container: &ContainerSummary) {
        if !is_running(container) || !self.is_selected(container) {
            self.end(&container.id);
        } else if let Some(subject) = self.measured.get_mut(&container.id) {
            name(container).clone_into(&mut subject.name);
        } else {
            self.begin(container);
        }
    }

    fn begin(&mut self, container: &ContainerSummary) {
        let handle = self.containers.client().container(&*container.id);
        let measurement = Measurement::new(handle, self.retry.clone(), self.watchdog);
        let (abort, registration) = AbortHandle::new_pair();
        self.measurements.push(Abortable::new(measurement, registration));
        self.measured.insert(container.id.clone(), Subject { name: name(container).to_owned(), abort });
        self.updates.push_back(StatsUpdate::Began(container.id.clone()));
    }

    fn end(&mut self, id: &str) {
        if let Some(subject) = self.measured.remove(id) {
            subject.abort.abort();
            self.updates.push_back(StatsUpdate::Ended(id.to_owned()));
        }
    }

    fn update(&self, id: String, measured: Measured) -> StatsUpdate {
        let (stats, cpu_percent) = match measured {
            Measured::Stats { stats, cpu_percent } => (*stats, cpu_percent),
            Measured::Failed { error, retry_in } => return StatsUpdate::Failed { id, error, retry_in },
        };
        StatsUpdate::Sample(Box::new(Sample {
            name: self.measured.get(&id).map(|subject| subject.name.clone()).unwrap_or_default(),
            id,
            cpu_percent,
            memory_used: stats.memory_used(),
            memory_percent: stats.memory_percent(),
            network: stats.network_total(),
            block_io: stats.block_io_total(),
            stats,
        }))
    }

    fn is_selected(&self, container: &ContainerSummary) -> bool {
        self.selection.as_ref().is_none_or(|selection| {
            let names = container.names.iter().map(|name| bare(name));
            names.chain([&*container.id]).any(|name| selection.contains(name))
                || selection.iter().any(|given| is_prefix(given, &container.id))
        })
    }
}

/// A name as people write it, without the slash that engines put before it.
fn bare(name: &str) -> &str {
    name.strip_prefix('/').unwrap_or(name)
}

/// Whether `given` is an id as people shorten it.
fn is_prefix(given: &str, id: &str) -> bool {
    given.len() >= 12 && id.starts_with(given)
}

/// The name of its own, and not one that a link gives it.
fn name(container: &ContainerSummary) -> &str {
    let names = container.names.iter().map(|name| bare(name));
    names.min_by_key(|name| name.matches('/').count()).unwrap_or(&container.id)
}

impl Stream for StatsMonitor {
    type Item = StatsUpdate;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<StatsUpdate>> {
        self.listen(cx);
        if let Some(update) = self.updates.pop_front() {
            return Poll::Ready(Some(update));
        }
        if self.ended {
            return Poll::Ready(None);
        }
        match Pin::new(&mut self.measurements).poll_next(cx) {
            Poll::Ready(Some((id, measured))) => Poll::Ready(Some(self.update(id, measured))),
            // Nothing is measured. When something starts, it will be heard: all that came was.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

impl fmt::Debug for StatsMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatsMonitor").field("measured", &self.measured.len()).finish_non_exhaustive()
    }
}
