//! One event stream for all log monitors of a client.
//!
//! A log monitor waits for events only while its container does not run: for its start or its removal. All of them share
//! one event monitor. Each of them polls it when it is polled itself, and all that wait are woken when there are new
//! events, so a log monitor that is not polled does not delay the others. No events are queued: a feed only counts the
//! starts of each container.
//!
//! A subscriber inspects its container after [`Subscription::poll_connected`], and again after each [`Notification`], so it
//! does not depend on earlier events.

use std::{
    collections::HashMap,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use futures_core::Stream as _;
use tokio::runtime::{Handle, Id};

use super::{EventMonitor, EventUpdate};
use crate::{
    DockerClient, Error, Result,
    system::{Event, EventKind, ReadEvents},
};

/// The actions of containers that are processed. Podman's name for `destroy` is `remove`.
const ACTIONS: &[&str] = &["start", "destroy", "remove"];

/// Maximum number of events that are processed per poll before other tasks have their turn.
const MAX_EVENTS_PER_POLL: usize = 128;

/// The feeds of a client: one per Tokio runtime, because connections and timers belong to a runtime.
#[derive(Debug, Default)]
pub(crate) struct Feeds(Mutex<Vec<(Option<Id>, Weak<Feed>)>>);

impl Feeds {
    fn get(&self, docker: &DockerClient) -> Arc<Feed> {
        let runtime = Handle::try_current().ok().map(|handle| handle.id());
        let mut feeds = lock(&self.0);
        feeds.retain(|(_, feed)| feed.strong_count() > 0);
        let current = feeds.iter().find(|(id, _)| *id == runtime).and_then(|(_, feed)| feed.upgrade());
        current.unwrap_or_else(|| {
            let feed = Arc::new(Feed::new(docker));
            feeds.push((runtime, Arc::downgrade(&feed)));
            feed
        })
    }
}

/// An event stream and its subscriptions. Ends with the last one.
struct Feed {
    request: ReadEvents,
    state: Mutex<State>,
    waiting: Arc<Waiting>,
}

#[derive(Default)]
struct State {
    /// None while there is no connection, and no attempt to make one.
    events: Option<EventMonitor>,
    connected: bool,
    /// The number of the connection, or of the attempt to make one.
    connection: u64,
    /// The error of the last connection or attempt.
    failure: Option<Error>,
    containers: HashMap<String, Watched>,
    /// The number of gaps.
    gaps: u64,
    /// The number of the next subscription.
    next: u64,
    idle_timeout: Option<Duration>,
}

/// A container that has subscriptions.
#[derive(Default)]
struct Watched {
    subscriptions: usize,
    starts: u64,
    removed: bool,
}

/// A change of a container, or of the connection.
#[derive(Debug)]
pub(super) enum Notification {
    /// The container was started, or may have been.
    Started,
    /// The container was removed.
    Removed,
    /// The connection was lost.
    Lost(Error),
}

/// The starts and the removal of a container.
pub(super) struct Subscription {
    feed: Arc<Feed>,
    number: u64,
    id: String,
    connection: Option<u64>,
    /// The numbers of starts and of gaps that were returned to the subscriber.
    seen: (u64, u64),
}

impl Subscription {
    /// Subscribes to the events of the container with the full `id`. The feed has the shortest `idle_timeout` of all its
    /// subscriptions.
    pub(super) fn new(docker: &DockerClient, id: &str, idle_timeout: Option<Duration>) -> Self {
        let feed = docker.feeds().get(docker);
        let mut state = lock(&feed.state);
        state.containers.entry(id.to_owned()).or_default().subscriptions += 1;
        state.idle_timeout = state.idle_timeout.into_iter().chain(idle_timeout).min();
        state.next += 1;
        let number = state.next;
        drop(state);
        Self { feed, number, id: id.to_owned(), connection: None, seen: (0, 0) }
    }

    /// Waits for the connection, or makes one. A failed attempt is not repeated.
    pub(super) fn poll_connected(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let state = self.feed.poll(self.number, cx, self.connection.is_none());
        let connection = *self.connection.get_or_insert(state.connection);
        if let Some(error) = state.failure_of(connection) {
            self.connection = None;
            return Poll::Ready(Err(error));
        }
        if !state.connected {
            return Poll::Pending;
        }
        self.seen = state.counts(&self.id);
        Poll::Ready(Ok(()))
    }

    /// Waits for a start or the removal of the container, or for the loss of the connection.
    pub(super) fn poll_notification(&mut self, cx: &mut Context<'_>) -> Poll<Notification> {
        let state = self.feed.poll(self.number, cx, false);
        if let Some(error) = state.failure_of(self.connection.unwrap_or_default()) {
            self.connection = None;
            return Poll::Ready(Notification::Lost(error));
        }
        if state.containers.get(&self.id).is_some_and(|container| container.removed) {
            return Poll::Ready(Notification::Removed);
        }
        let counts = state.counts(&self.id);
        if std::mem::replace(&mut self.seen, counts) == counts {
            Poll::Pending
        } else {
            Poll::Ready(Notification::Started)
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let _waker = lock(&self.feed.waiting.0).remove(&self.number);
        let mut state = lock(&self.feed.state);
        if let Some(container) = state.containers.get_mut(&self.id) {
            container.subscriptions -= 1;
            if container.subscriptions == 0 {
                state.containers.remove(&self.id);
            }
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Feed {
    fn new(docker: &DockerClient) -> Self {
        let request = docker.events().sufficient_actions(ACTIONS);
        Self { request, state: Mutex::default(), waiting: Arc::default() }
    }

    /// Processes the events that were received, for all subscriptions. Connects if the subscription `number` needs it.
    fn poll(&self, number: u64, cx: &mut Context<'_>, connect: bool) -> MutexGuard<'_, State> {
        // Registered before the events are polled, so that no later event is missed.
        let _replaced = lock(&self.waiting.0).insert(number, cx.waker().clone());
        let mut state = lock(&self.state);
        if connect && state.events.is_none() {
            state.connection += 1;
            state.connected = false;
            // After a lost connection, subscribers inspect their containers, so the event stream need not be resumed.
            state.events = Some(self.request.clone().monitor().idle_timeout(state.idle_timeout).without_resume());
        }
        let waker = Waker::from(Arc::clone(&self.waiting));
        if state.process(&mut Context::from_waker(&waker)) {
            waker.wake();
        }
        state
    }
}

impl State {
    /// Processes the events that were received. Returns whether subscribers have to be woken.
    fn process(&mut self, cx: &mut Context<'_>) -> bool {
        let mut is_new = false;
        for _ in 0..MAX_EVENTS_PER_POLL {
            let Some(events) = &mut self.events else { return is_new };
            match Pin::new(events).poll_next(cx) {
                Poll::Ready(Some(update)) => is_new |= self.take(&update),
                Poll::Ready(None) => (self.events, is_new) = (None, true),
                Poll::Pending => return is_new,
            }
        }
        true
    }

    /// Processes an update. Returns whether subscribers have to be woken.
    fn take(&mut self, update: &EventUpdate) -> bool {
        match update {
            EventUpdate::Connected => self.connected = true,
            EventUpdate::Event(event) => return self.count(event),
            EventUpdate::Gap(_) => self.gaps += 1,
            EventUpdate::Disconnected { error, .. } => {
                self.failure = Some(error.clone());
                self.events = None;
            }
        }
        true
    }

    fn count(&mut self, event: &Event) -> bool {
        let is_of_container = event.kind == EventKind::Container;
        let Some(container) = self.containers.get_mut(&event.id).filter(|_| is_of_container) else { return false };
        match event.is_removal() {
            true => container.removed = true,
            false if event.action == "start" => container.starts += 1,
            false => return false,
        }
        true
    }

    /// The error with which the connection with this number was lost, if it was lost.
    fn failure_of(&self, connection: u64) -> Option<Error> {
        if self.connection == connection && self.events.is_some() {
            return None;
        }
        let ended = || Error::truncated("the engine ended the stream").during("system_events");
        Some(self.failure.clone().unwrap_or_else(ended))
    }

    fn counts(&self, id: &str) -> (u64, u64) {
        (self.containers.get(id).map_or(0, |container| container.starts), self.gaps)
    }
}

/// Wakes all subscribers that wait, by the numbers of their subscriptions.
#[derive(Debug, Default)]
struct Waiting(Mutex<HashMap<u64, Waker>>);

impl Wake for Waiting {
    fn wake(self: Arc<Self>) {
        let waiting = std::mem::take(&mut *lock(&self.0));
        waiting.into_values().for_each(Waker::wake);
    }
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
