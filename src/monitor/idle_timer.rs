//! The idle timer of monitors, and timeouts of the requests that check a connection.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep};

use crate::{
    Error, Result,
    error::{Kind, Phase},
};

/// Default time without data after which a monitor checks its connection.
pub(super) const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(60);

/// Minimum timeout of a request that checks a connection, even if the idle timeout is shorter: responses with events end
/// only at the end of a second.
const MIN_RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Measures the time since the last data.
#[derive(Debug)]
pub(super) struct IdleTimer {
    last_data: Instant,
    /// Ends when the idle timeout ends, or earlier.
    timer: Option<Pin<Box<Sleep>>>,
}

impl IdleTimer {
    pub(super) fn new() -> Self {
        Self { last_data: Instant::now(), timer: None }
    }

    /// Starts again, because data was received.
    pub(super) fn reset(&mut self) {
        self.last_data = Instant::now();
    }

    /// Ready once no data was received for `limit`; never without a limit.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, limit: Option<Duration>) -> Poll<()> {
        let Some(due) = limit.and_then(|limit| self.last_data.checked_add(limit)) else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        if timer.deadline() > due {
            timer.as_mut().reset(due);
        }
        // Data does not reset the timer, because that takes longer than reading the clock. So it may end early.
        loop {
            ready!(timer.as_mut().poll(cx));
            if timer.deadline() >= due {
                return Poll::Ready(());
            }
            timer.as_mut().reset(due);
        }
    }
}

/// Timeout of a request that checks the connection of a monitor with this idle timeout.
pub(super) fn response_timeout(idle_timeout: Option<Duration>) -> Duration {
    idle_timeout.unwrap_or(DEFAULT_IDLE_TIMEOUT).max(MIN_RESPONSE_TIMEOUT)
}

/// Waits for `response`, at most for `limit`.
pub(super) async fn within<T>(limit: Duration, response: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(limit, response).await.unwrap_or_else(|_| Err(timeout_error(Phase::Headers, limit)))
}

/// The error that a phase took longer than `limit`.
pub(super) fn timeout_error(phase: Phase, limit: Duration) -> Error {
    Error::new(Kind::Timeout { phase, limit })
}
