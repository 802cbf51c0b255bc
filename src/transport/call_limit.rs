//! Limit on the number of connections that calls use at once.
//!
//! A call that is not polled keeps its connection: for example one of many in a `buffered` stream, while the loop over
//! that stream makes a call itself. If such calls use all connections, none ever becomes free. To prevent this deadlock,
//! one call beyond the limit may proceed whenever no call has completed for [`STALL`].

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::sync::Semaphore;

/// Time without a completed call after which one call may exceed the limit.
const STALL: Duration = Duration::from_secs(1);

/// A semaphore for calls that does not deadlock.
#[derive(Debug)]
pub(super) struct CallLimit {
    semaphore: Semaphore,
    /// Number of calls that have completed or exceeded the limit.
    progress: AtomicU64,
}

/// A permit that a call holds until its response is complete.
#[derive(Debug)]
pub(super) struct Permit {
    limit: Arc<CallLimit>,
    /// Whether it was taken from the semaphore; `false` for calls that exceed the limit.
    is_counted: bool,
}

impl CallLimit {
    pub(super) fn new(limit: Option<usize>) -> Self {
        let limit = limit.map_or(Semaphore::MAX_PERMITS, |limit| limit.min(Semaphore::MAX_PERMITS));
        Self { semaphore: Semaphore::new(limit), progress: AtomicU64::new(0) }
    }

    /// Waits until the call may proceed.
    pub(super) async fn acquire(self: &Arc<Self>) -> Permit {
        let is_counted = match self.semaphore.try_acquire() {
            Ok(permit) => {
                permit.forget();
                true
            }
            Err(_) => Box::pin(self.wait()).await,
        };
        Permit { limit: self.clone(), is_counted }
    }

    /// Waits for a permit of the semaphore. Returns false after a stall, when the call may exceed the limit.
    async fn wait(&self) -> bool {
        let mut acquire = pin!(self.semaphore.acquire());
        let mut seen = self.progress.load(Ordering::Relaxed);
        loop {
            match tokio::time::timeout(STALL, &mut acquire).await {
                Ok(Ok(permit)) => {
                    permit.forget();
                    return true;
                }
                // The semaphore is never closed.
                Ok(Err(_)) => return false,
                // Only one waiting call exceeds the limit per stall: its increment is progress for the others.
                Err(_) => match self.progress.compare_exchange(
                    seen,
                    seen.wrapping_add(1),
                    Ordering::Relaxed,
                    Ordering::Relaxed,
                ) {
                    Ok(_) => return false,
                    Err(now) => seen = now,
                },
            }
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.limit.progress.fetch_add(1, Ordering::Relaxed);
        if self.is_counted {
            self.limit.semaphore.add_permits(1);
        }
    }
}
