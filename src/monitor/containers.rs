//! The monitor of containers: list, then watch, without a hole.
//!
//! ```text
//!             something is dirty              the engine's list: Snapshot, what changed
//! Quiet ─────────────────────────▶ Listing ──────────────────────────────────▶ Quiet
//!   │ ▲                               │ failed: Disconnected
//!   │ └────────── retry_in ───────── Waiting ◀┘
//!   │ ▲
//!   │ └── something is dirty, or the pause is over ── Pausing
//!   └────────── not all was listed as it should be ──────▶┘
//! ```
//!
//! Events are heard in all of these, and make dirty what they are about; a gap makes all
//! dirty. Events that come while a list is on its way ask for another one, so whatever
//! happened, the last list is younger than the last event. What is dirty and what has
//! changed stands in `view.rs`.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::time::Sleep;

use super::{
    EventMonitor, EventUpdate, RetryPolicy,
    retry::Backoff,
    view::{Dirty, View},
};
use crate::{ApiVersion, DockerClient, Error, Result, containers::ListOptions, models::ContainerSummary};

/// The filter by id came with this version.
const FILTER_BY_ID: ApiVersion = ApiVersion::new(1, 16);

/// So many events are heard at a time, then others have their turn.
const TURN: usize = 128;

/// When it is looked again at what an event said and a list did not show.
const SOON: Duration = Duration::from_millis(50);

/// When it is looked again at everything, after events.
const LATER: Duration = Duration::from_secs(1);

/// What a monitor of containers tells.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ContainerUpdate {
    /// The containers that are there. Comes once, before anything of a container.
    Snapshot(Vec<ContainerSummary>),
    /// A container that was not there before.
    Appeared(ContainerSummary),
    /// A container that has changed.
    Changed(ContainerSummary),
    /// A container that has ended and runs again. If its end was seen for itself, it has [`Changed`](Self::Changed) twice.
    Restarted(ContainerSummary),
    /// A container, by its id, that is not there any more.
    Removed(String),
    /// There is a connection. After a broken one, what changed meanwhile comes next.
    Connected,
    /// There is no connection, or the engine could not be asked.
    Disconnected {
        /// Why.
        error: Error,
        /// When there will be another try. None if there will be none: the monitor ends.
        retry_in: Option<Duration>,
    },
}

/// The containers of an engine, and what becomes of them. Made by
/// [`Containers::monitor`](crate::containers::Containers::monitor).
///
/// Whenever nothing happens, what was told adds up to what
/// [`list`](crate::containers::Containers::list) returns, stopped containers
/// included; times that only grow older (`Up 5 minutes`) are not told. After a broken
/// connection it lists what may have changed, and tells what has.
///
/// Many events become few lists: a slow consumer misses states in between, and never
/// the last one.
///
/// # Cancellation
///
/// Dropping this closes its connections; nothing keeps running behind it. Waiting for
/// the next update is cancel safe: none is lost when the wait is dropped.
#[must_use = "streams do nothing unless polled"]
pub struct ContainerMonitor {
    docker: DockerClient,
    /// None once they have ended: then this ends, too.
    events: Option<EventMonitor>,
    /// Whether events come. The engine is asked for nothing while they do not.
    connected: bool,
    /// It was told that the engine could not be asked, and not yet that it can.
    failing: bool,
    view: View,
    state: State,
    backoff: Backoff,
    /// When to look again at what a list did not show.
    pauses: Backoff,
    updates: VecDeque<ContainerUpdate>,
}

enum State {
    /// All is as events said.
    Quiet,
    /// A list of what was dirty is on its way.
    Listing(Dirty, BoxFuture<'static, Result<Vec<ContainerSummary>>>),
    /// A list failed.
    Waiting(Pin<Box<Sleep>>),
    /// Nothing is dirty. It will be looked again at what was not listed as it should be, or at everything.
    Pausing(Pin<Box<Sleep>>),
}

impl ContainerMonitor {
    pub(crate) fn new(docker: DockerClient) -> Self {
        Self {
            events: Some(docker.monitor_events(&Default::default())),
            docker,
            connected: false,
            failing: false,
            view: View::new(),
            state: State::Quiet,
            backoff: Backoff::default(),
            pauses: Backoff::new(RetryPolicy::default().first(SOON)),
            updates: VecDeque::new(),
        }
    }

    /// When to try again after a connection broke.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.backoff = Backoff::new(policy.clone());
        self.events = self.events.map(|events| events.retry(policy));
        self
    }

    /// How long nothing may happen before the engine is asked whether that is so; `None` for never. Defaults to a minute.
    pub fn watchdog(mut self, silence: impl Into<Option<Duration>>) -> Self {
        self.events = self.events.map(|events| events.watchdog(silence));
        self
    }

    /// The containers as far as they were told, by id.
    #[must_use]
    pub fn view(&self) -> &BTreeMap<String, ContainerSummary> {
        self.view.containers()
    }

    /// Hears the events that have come.
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
        match update {
            EventUpdate::Event(event) => self.view.heard(&event),
            EventUpdate::Gap(_) => self.view.missed(),
            EventUpdate::Connected => {
                (self.connected, self.failing) = (true, false);
                self.updates.push_back(ContainerUpdate::Connected);
                if matches!(self.state, State::Waiting(_)) {
                    self.state = State::Quiet;
                }
            }
            EventUpdate::Disconnected { error, retry_in } => {
                self.connected = false;
                self.updates.push_back(ContainerUpdate::Disconnected { error, retry_in });
            }
        }
    }

    /// One step of the machine, after events were heard.
    fn step(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.state {
            State::Quiet if !self.connected => return Poll::Pending,
            State::Quiet => self.state = ready!(self.next()),
            State::Pausing(_) if self.view.is_dirty() => self.state = State::Quiet,
            State::Pausing(sleep) => {
                ready!(sleep.as_mut().poll(cx));
                self.view.look_again();
                self.state = State::Quiet;
            }
            State::Waiting(sleep) => {
                ready!(sleep.as_mut().poll(cx));
                self.state = State::Quiet;
            }
            State::Listing(_, listing) => {
                let outcome = ready!(listing.as_mut().poll(cx));
                if let State::Listing(dirty, _) = std::mem::replace(&mut self.state, State::Quiet) {
                    self.listed(dirty, outcome);
                }
            }
        }
        Poll::Ready(())
    }

    /// What to do after nothing was done.
    fn next(&mut self) -> Poll<State> {
        if let Some(dirty) = self.view.take_dirty() {
            let listing = list(self.docker.clone(), dirty.clone()).boxed();
            return Poll::Ready(State::Listing(dirty, listing));
        }
        if self.view.expects() {
            let pause = self.pauses.next().unwrap_or(LATER);
            return Poll::Ready(State::Pausing(Box::pin(tokio::time::sleep(pause))));
        }
        self.pauses.reset();
        if self.view.is_unsure() {
            return Poll::Ready(State::Pausing(Box::pin(tokio::time::sleep(LATER))));
        }
        Poll::Pending
    }

    fn listed(&mut self, dirty: Dirty, outcome: Result<Vec<ContainerSummary>>) {
        let error = match outcome {
            Ok(listed) => {
                self.backoff.reset();
                if std::mem::take(&mut self.failing) {
                    self.updates.push_back(ContainerUpdate::Connected);
                }
                return self.updates.extend(self.view.listed(&dirty, listed));
            }
            Err(error) => error,
        };
        self.view.give_back(dirty);
        // Without a connection, that is what is told, and what is waited for.
        if self.connected {
            self.failing = true;
            let retry_in = self.backoff.next();
            match retry_in {
                Some(wait) => self.state = State::Waiting(Box::pin(tokio::time::sleep(wait))),
                None => self.events = None,
            }
            self.updates.push_back(ContainerUpdate::Disconnected { error, retry_in });
        }
    }
}

/// Lists what is dirty, stopped containers included.
async fn list(docker: DockerClient, dirty: Dirty) -> Result<Vec<ContainerSummary>> {
    let all = ListOptions::default().all();
    let options = match dirty {
        Dirty::Some(ids) if docker.api_version().await? >= FILTER_BY_ID => ids.iter().fold(all, ListOptions::id),
        _ => all,
    };
    docker.containers().list(&options).await
}

impl Stream for ContainerMonitor {
    type Item = ContainerUpdate;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ContainerUpdate>> {
        loop {
            if let Some(update) = self.updates.pop_front() {
                return Poll::Ready(Some(update));
            }
            self.listen(cx);
            if !self.updates.is_empty() {
                continue;
            }
            if self.events.is_none() {
                return Poll::Ready(None);
            }
            ready!(self.step(cx));
        }
    }
}

impl fmt::Debug for ContainerMonitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContainerMonitor").field("events", &self.events).finish_non_exhaustive()
    }
}
