//! The monitor of statistics: every container that runs is measured, from its start to its death.
//!
//! The monitor of containers says which ones run; each of them has a stream of its own,
//! and all of them are waited for at once:
//!
//! ```text
//! Opening ──▶ Measuring ──▶ (the container ended)
//!    ▲  │ failed   │ broke
//!    │  ▼          ▼
//!    └─ Waiting ◀──┘
//! ```

use std::{
    collections::{BTreeSet, HashMap, VecDeque},
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use futures_util::{
    FutureExt as _,
    future::{AbortHandle, BoxFuture},
    stream::{Abortable, SelectAll},
};
use tokio::time::Sleep;

use super::{ContainerMonitor, ContainerUpdate, RetryPolicy, retry::Backoff};
use crate::{
    Error, Result,
    containers::{Container, Containers, StatsStream, Traffic},
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
    /// A container, by its id, does not run any more. No sample of it comes after this, unless it begins again.
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
    /// The CPU it used since the sample before, in percent of one CPU. None of the first sample.
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
    /// What ends each measurement, by id.
    measured: HashMap<String, AbortHandle>,
    measurements: SelectAll<Abortable<Measurement>>,
    updates: VecDeque<StatsUpdate>,
}

impl StatsMonitor {
    pub(crate) fn new(containers: Containers) -> Self {
        Self {
            watch: containers.monitor(),
            containers,
            ended: false,
            selection: None,
            retry: RetryPolicy::default(),
            measured: HashMap::new(),
            measurements: SelectAll::new(),
            updates: VecDeque::new(),
        }
    }

    /// Measure only these containers, by id or name, whenever they run. Several calls widen the choice.
    pub fn only<S: Into<String>>(mut self, containers: impl IntoIterator<Item = S>) -> Self {
        let names = containers.into_iter().map(|name| {
            let name: String = name.into();
            name.strip_prefix('/').map_or(name.clone(), str::to_owned)
        });
        self.selection.get_or_insert_default().extend(names);
        self
    }

    /// When to try again after a connection broke.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.watch = self.watch.retry(policy.clone());
        self.retry = policy;
        self
    }

    /// Takes all that is heard of starts and deaths. It goes before samples: none comes after a death.
    fn listen(&mut self, cx: &mut Context<'_>) {
        while !self.ended {
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
            ContainerUpdate::Removed(id) => self.end(&id),
            ContainerUpdate::Connected => self.updates.push_back(StatsUpdate::Connected),
            ContainerUpdate::Disconnected { error, retry_in } => {
                self.updates.push_back(StatsUpdate::Disconnected { error, retry_in });
            }
        }
    }

    fn look_at(&mut self, container: &ContainerSummary) {
        if !is_running(container) {
            self.end(&container.id);
        } else if self.is_selected(container) && !self.measured.contains_key(&container.id) {
            let handle = self.containers.client().container(&*container.id);
            let measurement = Measurement::new(handle, name(container).to_owned(), self.retry.clone());
            let (abort, registration) = AbortHandle::new_pair();
            self.measurements.push(Abortable::new(measurement, registration));
            self.measured.insert(container.id.clone(), abort);
            self.updates.push_back(StatsUpdate::Began(container.id.clone()));
        }
    }

    fn end(&mut self, id: &str) {
        if let Some(abort) = self.measured.remove(id) {
            abort.abort();
            self.updates.push_back(StatsUpdate::Ended(id.to_owned()));
        }
    }

    fn is_selected(&self, container: &ContainerSummary) -> bool {
        self.selection.as_ref().is_none_or(|selection| {
            let names = container.names.iter().map(|name| name.strip_prefix('/').unwrap_or(name));
            names.chain([&*container.id]).any(|name| selection.contains(name))
                || selection.iter().any(|given| is_prefix(given, &container.id))
        })
    }
}

/// Whether `given` is an id as people shorten it.
fn is_prefix(given: &str, id: &str) -> bool {
    given.len() >= 12 && id.starts_with(given)
}

/// Engines before 1.11 tell the state only in words.
fn is_running(container: &ContainerSummary) -> bool {
    container.status.starts_with("Up ")
}

/// The name of its own, and not one that a link gives it.
fn name(container: &ContainerSummary) -> &str {
    let names = container.names.iter().map(|name| name.strip_prefix('/').unwrap_or(name));
    names.min_by_key(|name| name.matches('/').count()).unwrap_or(&container.id)
}

/// The measurement of one container. Ends when the container has ended.
struct Measurement {
    container: Container,
    name: String,
    backoff: Backoff,
    /// What the CPU is compared with.
    previous: Option<Box<Stats>>,
    state: State,
}

enum State {
    Opening(BoxFuture<'static, Result<StatsStream>>),
    Measuring(StatsStream),
    Waiting(Pin<Box<Sleep>>),
    Ended,
}

impl Measurement {
    fn new(container: Container, name: String, retry: RetryPolicy) -> Self {
        let state = open(&container);
        Self { container, name, backoff: Backoff::new(retry), previous: None, state }
    }

    fn sample(&mut self, stats: Stats) -> StatsUpdate {
        self.backoff.reset();
        let sample = Sample {
            id: self.container.id().to_owned(),
            name: self.name.clone(),
            cpu_percent: stats.cpu_percent(self.previous.as_deref()),
            memory_used: stats.memory_used(),
            memory_percent: stats.memory_percent(),
            network: stats.network_total(),
            block_io: stats.block_io_total(),
            stats,
        };
        self.previous = Some(Box::new(sample.stats.clone()));
        StatsUpdate::Sample(Box::new(sample))
    }

    fn wait_quietly(&mut self) {
        self.state = match self.backoff.next() {
            Some(wait) => State::Waiting(Box::pin(tokio::time::sleep(wait))),
            None => State::Ended,
        };
    }

    fn failed(&mut self, error: Error) -> StatsUpdate {
        let is_final = error.is_not_found() || error.is_unsupported();
        let retry_in = if is_final { None } else { self.backoff.next() };
        self.state = match retry_in {
            Some(wait) => State::Waiting(Box::pin(tokio::time::sleep(wait))),
            None => State::Ended,
        };
        StatsUpdate::Failed { id: self.container.id().to_owned(), error, retry_in }
    }
}

fn open(container: &Container) -> State {
    let container = container.clone();
    State::Opening(async move { container.stats().await }.boxed())
}

impl Stream for Measurement {
    type Item = StatsUpdate;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<StatsUpdate>> {
        loop {
            match &mut self.state {
                State::Opening(opening) => match ready!(opening.as_mut().poll(cx)) {
                    Ok(stats) => self.state = State::Measuring(stats),
                    Err(error) => return Poll::Ready(Some(self.failed(error))),
                },
                State::Measuring(stats) => match ready!(Pin::new(stats).poll_next(cx)) {
                    // Zeros of a container that has just ended.
                    Some(Ok(stats)) if stats.time().is_none() => {}
                    Some(Ok(stats)) => return Poll::Ready(Some(self.sample(stats))),
                    Some(Err(error)) => return Poll::Ready(Some(self.failed(error))),
                    // The container was removed, which will be heard, or the engine stops.
                    None => self.wait_quietly(),
                },
                State::Waiting(sleep) => {
                    ready!(sleep.as_mut().poll(cx));
                    self.state = open(&self.container);
                }
                State::Ended => return Poll::Ready(None),
            }
        }
    }
}

impl Stream for StatsMonitor {
    type Item = StatsUpdate;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<StatsUpdate>> {
        if self.updates.is_empty() {
            self.listen(cx);
        }
        if let Some(update) = self.updates.pop_front() {
            return Poll::Ready(Some(update));
        }
        if self.ended {
            return Poll::Ready(None);
        }
        match Pin::new(&mut self.measurements).poll_next(cx) {
            Poll::Ready(Some(update)) => Poll::Ready(Some(update)),
            // Nothing runs; something may start.
            Poll::Ready(None) | Poll::Pending => Poll::Pending,
        }
    }
}

impl fmt::Debug for StatsMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StatsMonitor").field("measured", &self.measured.len()).finish_non_exhaustive()
    }
}
