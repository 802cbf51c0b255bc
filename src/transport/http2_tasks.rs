//! The tasks of an HTTP/2 connection, which are polled instead of spawned.

use std::{
    future::ready,
    mem,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
};

use futures_core::future::BoxFuture;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use hyper::rt::Executor;

use crate::Error;

type Task = BoxFuture<'static, ()>;

/// The tasks of a connection. They make progress when they are polled, and end when they are dropped.
#[derive(Default)]
pub(super) struct Tasks {
    started: Started,
    running: FuturesUnordered<Task>,
}

impl Tasks {
    /// Returns the executor to which a connection passes its tasks.
    pub(super) fn executor(&self) -> Started {
        self.started.clone()
    }

    /// Polls the tasks, including those that they start. Ready if none is left.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            self.running.extend(self.started.take());
            while let Poll::Ready(Some(())) = self.running.poll_next_unpin(cx) {}
            if self.started.is_empty() {
                return if self.running.is_empty() { Poll::Ready(()) } else { Poll::Pending };
            }
        }
    }
}

impl Drop for Tasks {
    /// Drops the tasks that were not polled. They own clones of the executor that owns them.
    fn drop(&mut self) {
        drop(self.started.take());
    }
}

/// An executor that queues the tasks of a connection instead of spawning them.
#[derive(Clone, Default)]
pub(super) struct Started(Arc<Mutex<Vec<Task>>>);

impl Started {
    fn take(&self) -> Vec<Task> {
        mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn is_empty(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Started {
    fn execute(&self, task: F) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Box::pin(task));
    }
}

/// Polls the future that drives a connection. Ready if the connection has ended, with the reason; it can be polled
/// again after that.
pub(crate) fn poll_connection(connection: &mut BoxFuture<'static, Error>, cx: &mut Context<'_>) -> Poll<Error> {
    let ended = connection.as_mut().poll(cx);
    if let Poll::Ready(reason) = &ended {
        *connection = Box::pin(ready(reason.clone()));
    }
    ended
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures_util::{FutureExt as _, future::poll_fn};
    use tokio::sync::oneshot;

    use super::*;
    use crate::error::Kind;

    #[test]
    fn http2_tasks_are_polled_with_the_tasks_that_they_start() {
        let mut tasks = Tasks::default();
        let executor = tasks.executor();
        let (sender, receiver) = oneshot::channel();
        executor.execute({
            let executor = executor.clone();
            async move { executor.execute(async { _ = sender.send(7) }) }
        });
        assert_eq!(poll_fn(|cx| tasks.poll(cx)).now_or_never(), Some(()), "no task is left");
        assert_eq!(receiver.now_or_never(), Some(Ok(7)));
        executor.execute(pending());
        assert_eq!(poll_fn(|cx| tasks.poll(cx)).now_or_never(), None, "a task is left");
    }

    #[test]
    fn http2_tasks_are_dropped_before_they_are_polled() {
        let tasks = Tasks::default();
        let executor = tasks.executor();
        let (sender, mut receiver) = oneshot::channel::<()>();
        let owned = (executor.clone(), sender);
        executor.execute(async move {
            let _owned = owned;
            pending::<()>().await;
        });
        drop((tasks, executor));
        assert_eq!(receiver.try_recv(), Err(oneshot::error::TryRecvError::Closed));
    }

    #[test]
    fn ended_http2_connection_can_be_polled_again() {
        let mut connection: BoxFuture<'static, Error> =
            Box::pin(async { Error::new(Kind::ConnectionLost("gone".into())) });
        for _ in 0..3 {
            let reason = poll_fn(|cx| poll_connection(&mut connection, cx)).now_or_never();
            assert!(reason.is_some_and(|reason| reason.is_connection_lost()));
        }
    }
}
