//! The stats stream of one running container, which reconnects.
//!
//! ```text
//! Opening ────▶ Reading
//!    ▲  │ failed   │ ended, failed, or idle
//!    │  ▼          ▼
//!    └─ Waiting ◀──┘
//! ```
//!
//! It ends if the container no longer exists, or if it gives up. The monitor of containers reports that a container
//! has exited; the stream is then dropped.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::time::Sleep;

use super::{
    RetryPolicy,
    idle_timer::{IdleTimer, timeout_error},
    retry::Backoff,
};
use crate::{
    Error, Result,
    containers::{Container, StatsStream},
    error::Phase,
    models::Stats,
};

/// The stats of one container.
pub(super) struct ContainerStats {
    container: Container,
    /// Maximum time without a sample.
    idle_timeout: Option<Duration>,
    idle_timer: IdleTimer,
    backoff: Backoff,
    /// Whether a document was received over the connection.
    has_received: bool,
    /// The sample before, if it was received over the same connection, to compute the CPU usage.
    previous: Option<Stats>,
    state: State,
}

enum State {
    Opening(BoxFuture<'static, Result<StatsStream>>),
    Reading(Box<StatsStream>),
    Waiting(Pin<Box<Sleep>>),
    Ended,
}

/// An item of the stats of one container.
pub(super) enum StatsItem {
    /// A sample, and the CPU usage since the one before, in percent of one CPU.
    Stats { stats: Box<Stats>, cpu_percent: Option<f64> },
    /// The connection was lost, or could not be made.
    Failed { error: Error, retry_in: Option<Duration> },
}

impl ContainerStats {
    pub(super) fn new(container: Container, retry: RetryPolicy, idle_timeout: Option<Duration>) -> Self {
        let state = open(&container);
        let (idle_timer, backoff) = (IdleTimer::new(), Backoff::new(retry));
        Self { container, idle_timeout, idle_timer, backoff, has_received: false, previous: None, state }
    }

    /// Advances the state machine by one step. Ready with an item, or with none after a change of state.
    fn step(&mut self, cx: &mut Context<'_>) -> Poll<Option<StatsItem>> {
        match &mut self.state {
            State::Opening(opening) => match opening.as_mut().poll(cx) {
                Poll::Ready(Ok(stats)) => self.state = State::Reading(Box::new(stats)),
                Poll::Ready(Err(error)) => return Poll::Ready(self.failed(error)),
                Poll::Pending => return self.poll_idle_timer(cx, Phase::Headers),
            },
            State::Reading(stats) => match Pin::new(stats).poll_next(cx) {
                Poll::Ready(item) => return Poll::Ready(self.received(item)),
                Poll::Pending => return self.poll_idle_timer(cx, Phase::Body),
            },
            State::Waiting(sleep) => {
                ready!(sleep.as_mut().poll(cx));
                self.idle_timer.reset();
                self.state = open(&self.container);
            }
            State::Ended => {}
        }
        Poll::Ready(None)
    }

    fn poll_idle_timer(&mut self, cx: &mut Context<'_>, phase: Phase) -> Poll<Option<StatsItem>> {
        ready!(self.idle_timer.poll(cx, self.idle_timeout));
        let error = timeout_error(phase, self.idle_timeout.unwrap_or_default());
        Poll::Ready(self.failed(error.during("container_stats")))
    }

    /// Handles an item or the end of the stream.
    fn received(&mut self, item: Option<Result<Stats>>) -> Option<StatsItem> {
        self.idle_timer.reset();
        match item {
            Some(Ok(stats)) => {
                self.has_received = true;
                // Engines send zeros for a container that has just exited.
                stats.time().is_some().then(|| self.sample(stats))
            }
            Some(Err(error)) => self.failed(error),
            None => self.ended(),
        }
    }

    fn sample(&mut self, stats: Stats) -> StatsItem {
        self.backoff.reset();
        let cpu_percent = stats.cpu_percent(self.previous.as_ref());
        self.previous = Some(Stats { cpu_stats: stats.cpu_stats.clone(), ..Default::default() });
        StatsItem::Stats { stats: Box::new(stats), cpu_percent }
    }

    /// The engine ended the stream. This is reported only if no document was received, or if no attempt is left: the container
    /// may have been removed.
    fn ended(&mut self) -> Option<StatsItem> {
        let (had_received, retry_in) = (self.has_received, self.backoff.next());
        self.wait(retry_in);
        let error = Error::truncated("the engine ended the stream").during("container_stats");
        (!had_received || retry_in.is_none()).then_some(StatsItem::Failed { error, retry_in })
    }

    fn failed(&mut self, error: Error) -> Option<StatsItem> {
        // The container was removed, which the monitor of containers reports.
        if error.is_not_found() {
            self.state = State::Ended;
            return None;
        }
        let retry_in = if error.is_unsupported() { None } else { self.backoff.next() };
        self.wait(retry_in);
        Some(StatsItem::Failed { error, retry_in })
    }

    fn wait(&mut self, retry_in: Option<Duration>) {
        (self.has_received, self.previous) = (false, None);
        self.state = match retry_in {
            Some(wait) => State::Waiting(Box::pin(tokio::time::sleep(wait))),
            None => State::Ended,
        };
    }
}

fn open(container: &Container) -> State {
    let container = container.clone();
    State::Opening(async move { container.stats().await }.boxed())
}

impl Stream for ContainerStats {
    /// The id of the container, and an item of its stats.
    type Item = (String, StatsItem);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while !matches!(self.state, State::Ended) {
            if let Some(item) = ready!(self.step(cx)) {
                return Poll::Ready(Some((self.container.id().to_owned(), item)));
            }
        }
        Poll::Ready(None)
    }
}
