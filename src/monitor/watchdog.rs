//! A watchdog that barks when nothing is heard for a while.

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

/// How long nothing may be heard, if nobody says otherwise.
pub(super) const SILENCE: Duration = Duration::from_secs(60);

/// The least time an engine gets for an answer, whatever the limit of silence: some answers end with a second.
const LEAST: Duration = Duration::from_secs(2);

/// Measures silence.
#[derive(Debug)]
pub(super) struct Watchdog {
    heard: Instant,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Watchdog {
    pub(super) fn new() -> Self {
        Self { heard: Instant::now(), timer: None }
    }

    /// Something was heard.
    pub(super) fn calm(&mut self) {
        self.heard = Instant::now();
    }

    /// Ready once nothing was heard for `limit`; never without one.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, limit: Option<Duration>) -> Poll<()> {
        let Some(due) = limit.and_then(|limit| self.heard.checked_add(limit)) else { return Poll::Pending };
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(due)));
        if timer.deadline() != due {
            timer.as_mut().reset(due);
        }
        ready!(timer.as_mut().poll(cx));
        Poll::Ready(())
    }
}

/// How long an engine may take to answer what is asked of it for the sake of a monitor.
pub(super) fn patience(watchdog: Option<Duration>) -> Duration {
    watchdog.unwrap_or(SILENCE).max(LEAST)
}

/// Waits for an answer, but not for longer than `limit`.
pub(super) async fn within<T>(limit: Duration, answer: impl Future<Output = Result<T>>) -> Result<T> {
    tokio::time::timeout(limit, answer).await.unwrap_or_else(|_| Err(silent(Phase::Answer, limit)))
}

/// Nothing came within `limit`.
pub(super) fn silent(phase: Phase, limit: Duration) -> Error {
    Error::new(Kind::Timeout { phase, limit })
}
