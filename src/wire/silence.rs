//! How long nothing may come.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep};

use crate::{
    Error, Result,
    error::{Kind, Phase},
};

/// Watches for silence that lasts longer than its limit.
#[derive(Debug, Default)]
pub(super) struct Silence {
    limit: Option<Duration>,
    timer: Option<Pin<Box<Sleep>>>,
    /// Whether the timer runs: something is awaited.
    waiting: bool,
}

impl Silence {
    pub(super) fn new(limit: Option<Duration>) -> Self {
        Self { limit, timer: None, waiting: false }
    }

    /// `poll`, or an error if it has been pending for too long.
    pub(super) fn watch<T>(&mut self, cx: &mut Context<'_>, poll: Poll<T>) -> Poll<Result<T>> {
        let Some(limit) = self.limit else { return poll.map(Ok) };
        if let Poll::Ready(item) = poll {
            self.waiting = false;
            return Poll::Ready(Ok(item));
        }
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep(limit)));
        if !self.waiting {
            timer.as_mut().reset(Instant::now() + limit);
            self.waiting = true;
        }
        timer.as_mut().poll(cx).map(|()| Err(Error::new(Kind::Timeout { phase: Phase::Body, limit })))
    }
}
