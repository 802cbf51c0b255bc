//! The measurement of one container that runs.
//!
//! ```text
//! Opening ────▶ Measuring
//!    ▲  │ failed    │ it ended, broke, or fell silent
//!    │  ▼           ▼
//!    └─ Waiting ◀───┘
//! ```
//!
//! It ends if the container is not there any more, or if there will be no other try. That
//! a container has ended is heard elsewhere, and ends its measurement.

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
    retry::Backoff,
    watchdog::{Watchdog, silent},
};
use crate::{
    Error, Result,
    containers::{Container, StatsStream},
    error::Phase,
    models::Stats,
};

/// What one container uses, from now on.
pub(super) struct Measurement {
    container: Container,
    /// How long nothing may come.
    limit: Option<Duration>,
    watchdog: Watchdog,
    backoff: Backoff,
    /// Whether the connection has brought anything.
    fruitful: bool,
    /// What the CPU is compared with, if the connection has brought it.
    previous: Option<Stats>,
    state: State,
}

enum State {
    Opening(BoxFuture<'static, Result<StatsStream>>),
    Measuring(Box<StatsStream>),
    Waiting(Pin<Box<Sleep>>),
    Ended,
}

/// What a measurement tells.
pub(super) enum Measured {
    /// What the container uses, and how much of a CPU it used since the last time.
    Stats { stats: Box<Stats>, cpu_percent: Option<f64> },
    /// It cannot be measured now.
    Failed { error: Error, retry_in: Option<Duration> },
}

impl Measurement {
    pub(super) fn new(container: Container, retry: RetryPolicy, limit: Option<Duration>) -> Self {
        let state = open(&container);
        let (watchdog, backoff) = (Watchdog::new(), Backoff::new(retry));
        Self { container, limit, watchdog, backoff, fruitful: false, previous: None, state }
    }

    /// One step of the machine: something to tell, a change of state, or nothing yet.
    fn step(&mut self, cx: &mut Context<'_>) -> Poll<Option<Measured>> {
        match &mut self.state {
            State::Opening(opening) => match opening.as_mut().poll(cx) {
                Poll::Ready(Ok(stats)) => self.state = State::Measuring(Box::new(stats)),
                Poll::Ready(Err(error)) => return Poll::Ready(self.failed(error)),
                Poll::Pending => return self.listen_to_silence(cx, Phase::Answer),
            },
            State::Measuring(stats) => match Pin::new(stats).poll_next(cx) {
                Poll::Ready(item) => return Poll::Ready(self.heard(item)),
                Poll::Pending => return self.listen_to_silence(cx, Phase::Body),
            },
            State::Waiting(sleep) => {
                ready!(sleep.as_mut().poll(cx));
                self.watchdog.calm();
                self.state = open(&self.container);
            }
            State::Ended => {}
        }
        Poll::Ready(None)
    }

    fn listen_to_silence(&mut self, cx: &mut Context<'_>, phase: Phase) -> Poll<Option<Measured>> {
        ready!(self.watchdog.poll(cx, self.limit));
        let error = silent(phase, self.limit.unwrap_or_default());
        Poll::Ready(self.failed(error.during("container_stats")))
    }

    /// Takes what the connection brought, or that it ended.
    fn heard(&mut self, item: Option<Result<Stats>>) -> Option<Measured> {
        self.watchdog.calm();
        match item {
            Some(Ok(stats)) => {
                self.fruitful = true;
                // Engines send zeros of a container that has just ended.
                stats.time().is_some().then(|| self.measured(stats))
            }
            Some(Err(error)) => self.failed(error),
            None => self.ended(),
        }
    }

    fn measured(&mut self, stats: Stats) -> Measured {
        self.backoff.reset();
        let cpu_percent = stats.cpu_percent(self.previous.as_ref());
        self.previous = Some(Stats { cpu_stats: stats.cpu_stats.clone(), ..Default::default() });
        Measured::Stats { stats: Box::new(stats), cpu_percent }
    }

    /// The engine ended the stream. That is no failure if the container was removed, which will be heard.
    fn ended(&mut self) -> Option<Measured> {
        let (was_fruitful, retry_in) = (self.fruitful, self.backoff.next());
        self.wait(retry_in);
        let error = Error::truncated("the engine ended the stream").during("container_stats");
        (!was_fruitful || retry_in.is_none()).then_some(Measured::Failed { error, retry_in })
    }

    fn failed(&mut self, error: Error) -> Option<Measured> {
        // It was removed, which will be heard.
        if error.is_not_found() {
            self.state = State::Ended;
            return None;
        }
        let retry_in = if error.is_unsupported() { None } else { self.backoff.next() };
        self.wait(retry_in);
        Some(Measured::Failed { error, retry_in })
    }

    fn wait(&mut self, retry_in: Option<Duration>) {
        (self.fruitful, self.previous) = (false, None);
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

impl Stream for Measurement {
    /// The id of the container, and what is told of it.
    type Item = (String, Measured);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        while !matches!(self.state, State::Ended) {
            if let Some(measured) = ready!(self.step(cx)) {
                return Poll::Ready(Some((self.container.id().to_owned(), measured)));
            }
        }
        Poll::Ready(None)
    }
}
