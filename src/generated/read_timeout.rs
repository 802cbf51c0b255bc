//! The read timeout of response bodies: the maximum time without data.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::{
    Error, Result,
    error::{Kind, Phase},
};

/// Fails if a body, or another stream of progress, is pending for longer than its limit.
#[derive(Debug, Default)]
pub(crate) struct ReadTimeout {
    limit: Option<Duration>,
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether the timer runs, because data is awaited.
    waiting: bool,
}

impl ReadTimeout {
    pub(crate) fn new(limit: Option<Duration>) -> Self {
        Self { limit, timer: None, waiting: false }
    }

    /// Returns `poll`, or an error if it has been pending for longer than the limit.
    pub(crate) fn apply<T>(&mut self, cx: &mut Context<'_>, poll: Poll<T>) -> Poll<Result<T>> {
        let Some(limit) = self.limit else { return poll.map(Ok) };
        if let Poll::Ready(item) = poll {
            self.waiting = false;
            return Poll::Ready(Ok(item));
        }
        if !self.waiting {
            // A limit beyond the range of the clock is treated as no limit.
            let Some(end) = Instant::now().checked_add(limit) else { return Poll::Pending };
            self.waiting = true;
            match &mut self.timer {
                Some(timer) => timer.as_mut().reset(end),
                None => self.timer = Some(Box::pin(sleep_until(end))),
            }
        }
        let Some(timer) = &mut self.timer else { return Poll::Pending };
        timer.as_mut().poll(cx).map(|()| Err(Error::new(Kind::Timeout { phase: Phase::Body, limit })))
    }
}
