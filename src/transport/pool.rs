//! Pool of idle keep-alive connections.
//!
//! A socket makes progress only while the Tokio runtime it was opened in runs, so a connection is reused only by calls in
//! that runtime. The limit on idle connections applies to all runtimes together, including those that no longer exist.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    runtime::{Handle, Id},
    task::AbortHandle,
    time::{Instant, sleep_until},
};

use super::http1::Http1;

/// How long an idle connection stays open.
const MAX_IDLE_TIME: Duration = Duration::from_secs(30);

/// Maximum number of idle connections.
const MAX_IDLE: usize = 64;

/// The idle connections to one engine.
#[derive(Debug, Default)]
pub(super) struct Pool(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// Idle connections, in the order in which they became idle.
    idle: VecDeque<Idle>,
    /// The tasks that close connections after [`MAX_IDLE_TIME`], one per runtime that has idle connections.
    closers: Vec<(Id, AbortHandle)>,
}

#[derive(Debug)]
struct Idle {
    connection: Box<Http1>,
    since: Instant,
}

// Connections are dropped after the lock is released, because that may run code of a custom connector.
impl Pool {
    /// Returns the most recently used connection that belongs to `runtime`.
    pub(super) fn take(&self, runtime: Id) -> Option<Box<Http1>> {
        let mut state = self.state();
        let last = state.idle.iter().rposition(|idle| idle.connection.runtime() == runtime)?;
        let idle = state.idle.remove(last)?;
        drop(state);
        // The task that closes expired connections may not have run, if the runtime was blocked.
        (idle.since.elapsed() < MAX_IDLE_TIME).then_some(idle.connection)
    }

    /// Adds the idle `connection`.
    pub(super) fn put(self: &Arc<Self>, connection: Box<Http1>) {
        let runtime = connection.runtime();
        let mut state = self.state();
        if !state.closers.iter().any(|(id, closer)| *id == runtime && !closer.is_finished()) {
            // A response may be read outside of the runtime that its request was sent in.
            let Some(handle) = Handle::try_current().ok().filter(|handle| handle.id() == runtime) else { return };
            let closer = handle.spawn(close_idle(Arc::downgrade(self), runtime)).abort_handle();
            state.closers.retain(|(_, closer)| !closer.is_finished());
            state.closers.push((runtime, closer));
        }
        state.idle.push_back(Idle { connection, since: Instant::now() });
        let surplus = if state.idle.len() > MAX_IDLE { state.idle.pop_front() } else { None };
        drop(state);
        drop(surplus);
    }

    /// Closes all idle connections, which frees their file descriptors.
    pub(super) fn clear(&self) {
        let idle = std::mem::take(&mut self.state().idle);
        drop(idle);
    }

    /// Closes expired connections. Returns when the next connection of `runtime` expires, or `None` if it has no idle
    /// connections.
    fn close_expired(&self, runtime: Id) -> Option<Instant> {
        let mut state = self.state();
        let kept = state.idle.partition_point(|idle| idle.since.elapsed() >= MAX_IDLE_TIME);
        let expired: Vec<_> = state.idle.drain(..kept).collect();
        let next = state.idle.iter().find(|idle| idle.connection.runtime() == runtime);
        let next = next.map(|idle| idle.since + MAX_IDLE_TIME);
        if next.is_none() {
            state.closers.retain(|(id, _)| *id != runtime);
        }
        drop(state);
        drop(expired);
        next
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes connections as they expire, until `runtime` has no idle connections.
async fn close_idle(pool: Weak<Pool>, runtime: Id) {
    let mut next = Some(Instant::now() + MAX_IDLE_TIME);
    while let Some(at) = next {
        sleep_until(at).await;
        next = pool.upgrade().and_then(|pool| pool.close_expired(runtime));
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        for (_, closer) in &self.state().closers {
            closer.abort();
        }
    }
}
