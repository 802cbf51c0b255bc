//! The monitor of containers: list, then watch, without a hole.
//!
//! Events say what to look at; what is there is asked for. Events that come while a
//! list is on its way ask for another one, so that whatever happened, the last list
//! is younger than the last event.
//!
//! ```text
//!           events of containers      nothing more comes         the engine's list
//! Quiet ──────────────────────▶ Dirty ─────────────────▶ Listing ────────────────▶ Quiet
//!                                 ▲                         │ failed
//!                                 └──────── retry_in ───────┘
//! ```

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use futures_util::{FutureExt as _, future::BoxFuture};
use tokio::time::Sleep;

use super::{EventMonitor, EventUpdate, RetryPolicy, retry::Backoff};
use crate::{
    ApiVersion, DockerClient, Error, Result,
    containers::ListOptions,
    models::ContainerSummary,
    system::{Event, EventKind},
};

/// Up to so many containers are asked for one by one; for more, the whole list is.
const FEW: usize = 16;

/// The filter by id came with this version.
const FILTER_BY_ID: ApiVersion = ApiVersion::new(1, 16);

/// What a monitor of containers tells.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ContainerUpdate {
    /// The containers that are there. Comes once, first.
    Snapshot(Vec<ContainerSummary>),
    /// A container that was not there before.
    Appeared(ContainerSummary),
    /// A container that has changed.
    Changed(ContainerSummary),
    /// A container, by its id, that is not there any more.
    Removed(String),
    /// What is told from now on comes from a connection. After a broken one, what changed meanwhile comes first.
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
/// connection it lists anew, and tells what changed.
///
/// # Cancellation
///
/// Dropping this closes its connections; nothing keeps running behind it. Waiting for
/// the next update is cancel safe: none is lost when the wait is dropped.
#[must_use = "streams do nothing unless polled"]
pub struct ContainerMonitor {
    docker: DockerClient,
    events: EventMonitor,
    events_ended: bool,
    view: BTreeMap<String, ContainerSummary>,
    told: bool,
    dirty: Dirty,
    state: State,
    backoff: Backoff,
    updates: VecDeque<ContainerUpdate>,
}

/// What has to be looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Dirty {
    Some(BTreeSet<String>),
    All,
}

enum State {
    /// No list is on its way.
    Quiet,
    /// A list of what was dirty is on its way.
    Listing(Dirty, BoxFuture<'static, Result<Vec<ContainerSummary>>>),
    /// A list failed.
    Waiting(Pin<Box<Sleep>>),
}

impl ContainerMonitor {
    pub(crate) fn new(docker: DockerClient) -> Self {
        Self {
            events: docker.monitor_events(&Default::default()),
            docker,
            events_ended: false,
            view: BTreeMap::new(),
            told: false,
            dirty: Dirty::Some(BTreeSet::new()),
            state: State::Quiet,
            backoff: Backoff::default(),
            updates: VecDeque::new(),
        }
    }

    /// When to try again after a connection broke.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.backoff = Backoff::new(policy.clone());
        self.events = self.events.retry(policy);
        self
    }

    /// How long nothing may happen before the engine is asked whether that is so; `None` for never. Defaults to a minute.
    pub fn watchdog(mut self, silence: impl Into<Option<Duration>>) -> Self {
        self.events = self.events.watchdog(silence);
        self
    }

    /// The containers as far as they were told, by id.
    #[must_use]
    pub fn view(&self) -> &BTreeMap<String, ContainerSummary> {
        &self.view
    }

    /// Takes all events that have come. Whether there may be more.
    fn listen(&mut self, cx: &mut Context<'_>) {
        while !self.events_ended {
            match Pin::new(&mut self.events).poll_next(cx) {
                Poll::Ready(Some(update)) => self.heard(update),
                Poll::Ready(None) => self.events_ended = true,
                Poll::Pending => break,
            }
        }
    }

    fn heard(&mut self, update: EventUpdate) {
        match update {
            EventUpdate::Connected => {
                self.updates.push_back(ContainerUpdate::Connected);
                if !self.told {
                    self.dirty = Dirty::All;
                }
            }
            EventUpdate::Gap(_) => self.dirty = Dirty::All,
            EventUpdate::Event(event) => self.dirty.add(&event),
            EventUpdate::Disconnected { error, retry_in } => {
                self.updates.push_back(ContainerUpdate::Disconnected { error, retry_in });
            }
        }
    }

    /// One step of the machine, after all events were heard.
    fn step(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.state {
            State::Quiet if self.dirty.is_nothing() => return Poll::Pending,
            State::Quiet => {
                let dirty = std::mem::replace(&mut self.dirty, Dirty::Some(BTreeSet::new()));
                let listing = list(self.docker.clone(), dirty.clone()).boxed();
                self.state = State::Listing(dirty, listing);
            }
            State::Waiting(sleep) => {
                ready!(sleep.as_mut().poll(cx));
                self.state = State::Quiet;
            }
            State::Listing(_, listing) => {
                let outcome = ready!(listing.as_mut().poll(cx));
                let State::Listing(dirty, _) = std::mem::replace(&mut self.state, State::Quiet) else {
                    return Poll::Ready(());
                };
                match outcome {
                    Ok(listed) => self.listed(&dirty, listed),
                    Err(error) => self.failed(dirty, error),
                }
            }
        }
        Poll::Ready(())
    }

    fn listed(&mut self, dirty: &Dirty, listed: Vec<ContainerSummary>) {
        self.backoff.reset();
        if !self.told {
            self.told = true;
            self.view = listed.iter().map(|container| (container.id.clone(), container.clone())).collect();
            self.updates.push_back(ContainerUpdate::Snapshot(listed));
            return;
        }
        let present: BTreeSet<&str> = listed.iter().map(|container| &*container.id).collect();
        let gone = |id: &&String| dirty.includes(id) && !present.contains(id.as_str());
        let gone: Vec<String> = self.view.keys().filter(gone).cloned().collect();
        for id in gone {
            self.view.remove(&id);
            self.updates.push_back(ContainerUpdate::Removed(id));
        }
        for container in listed.into_iter().filter(|container| dirty.includes(&container.id)) {
            let before = self.view.insert(container.id.clone(), container.clone());
            match before {
                None => self.updates.push_back(ContainerUpdate::Appeared(container)),
                Some(before) if essence(&before) != essence(&container) => {
                    self.updates.push_back(ContainerUpdate::Changed(container));
                }
                Some(_) => {}
            }
        }
    }

    fn failed(&mut self, dirty: Dirty, error: Error) {
        self.dirty.merge(dirty);
        // The monitor of events has its own policy, and ends if the engine is given up.
        if let Some(wait) = self.backoff.next() {
            self.state = State::Waiting(Box::pin(tokio::time::sleep(wait)));
            self.updates.push_back(ContainerUpdate::Disconnected { error, retry_in: Some(wait) });
        } else {
            self.events_ended = true;
            self.updates.push_back(ContainerUpdate::Disconnected { error, retry_in: None });
        }
    }
}

impl Dirty {
    fn is_nothing(&self) -> bool {
        matches!(self, Self::Some(ids) if ids.is_empty())
    }

    fn includes(&self, id: &str) -> bool {
        match self {
            Self::Some(ids) => ids.contains(id),
            Self::All => true,
        }
    }

    fn merge(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::Some(ids), Self::Some(others)) => ids.extend(others),
            (_, _) => *self = Self::All,
        }
    }

    /// Adds what an event may have changed.
    fn add(&mut self, event: &Event) {
        match event.kind {
            // What only looks at a container, or runs a command in it, changes nothing that is listed.
            EventKind::Container if event.action.starts_with("exec_") => {}
            EventKind::Container
                if matches!(&*event.action, "attach" | "detach" | "top" | "resize" | "copy" | "export" | "commit") => {}
            EventKind::Container => self.merge(Self::Some(BTreeSet::from([event.id.clone()]))),
            // A container is listed with the name of its image, as long as that is the image's.
            EventKind::Image => *self = Self::All,
            _ => {}
        }
    }
}

/// Asks for what is dirty, stopped containers included.
async fn list(docker: DockerClient, dirty: Dirty) -> Result<Vec<ContainerSummary>> {
    let all = ListOptions::default().all();
    let options = match dirty {
        Dirty::Some(ids) if ids.len() <= FEW && docker.api_version().await? >= FILTER_BY_ID => {
            ids.iter().fold(all, ListOptions::id)
        }
        _ => all,
    };
    docker.containers().list(&options).await
}

/// A container, without what only grows older.
fn essence(container: &ContainerSummary) -> ContainerSummary {
    ContainerSummary { status: lasting(&container.status), ..container.clone() }
}

/// A status without its times: `Up 5 minutes (Paused)` is `Up (Paused)`, `Exited (0) 2 days ago` is `Exited (0)`.
fn lasting(status: &str) -> String {
    let word = status.split(' ').next().unwrap_or_default();
    let remarks = status.split_inclusive(')').filter_map(|part| part.find('(').map(|begin| &part[begin..]));
    std::iter::once(word).chain(remarks).collect::<Vec<_>>().join(" ")
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
            if self.events_ended {
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

#[cfg(test)]
mod tests {
    use super::lasting;

    #[test]
    fn a_status_lasts_without_its_times() {
        for (status, want) in [
            ("", ""),
            ("Created", "Created"),
            ("Up 5 minutes", "Up"),
            ("Up About a minute (Paused)", "Up (Paused)"),
            ("Up 2 hours (health: starting)", "Up (health: starting)"),
            ("Exited (137) 3 hours ago", "Exited (137)"),
            ("Restarting (1) Less than a second ago", "Restarting (1)"),
        ] {
            assert_eq!(lasting(status), want);
        }
    }
}
