//! A stream that is polled only after it was woken.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use futures_core::Stream;
use futures_util::task::AtomicWaker;

/// A stream that costs almost nothing if the task that polls it was woken by something else.
pub(super) struct PolledIfWoken<S> {
    stream: S,
    signal: Arc<Signal>,
}

struct Signal {
    /// Whether the stream was woken since it was polled, or has more items.
    woken: AtomicBool,
    task: AtomicWaker,
}

impl<S> PolledIfWoken<S> {
    pub(super) fn new(stream: S) -> Self {
        Self { stream, signal: Arc::new(Signal { woken: AtomicBool::new(true), task: AtomicWaker::new() }) }
    }

    /// Replaces the stream, which must not have been polled.
    pub(super) fn map(self, change: impl FnOnce(S) -> S) -> Self {
        Self { stream: change(self.stream), signal: self.signal }
    }
}

impl<S: Stream + Unpin> Stream for PolledIfWoken<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        // Registered first, so that no later wake is missed.
        self.signal.task.register(cx.waker());
        if !self.signal.woken.swap(false, Ordering::AcqRel) {
            return Poll::Pending;
        }
        let waker = Waker::from(Arc::clone(&self.signal));
        let polled = Pin::new(&mut self.stream).poll_next(&mut Context::from_waker(&waker));
        if polled.is_ready() {
            self.signal.woken.store(true, Ordering::Release);
        }
        polled
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.task.wake();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::{FutureExt as _, StreamExt as _, stream};
    use tokio::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn stream_is_polled_only_after_it_was_woken() {
        let (sender, mut receiver) = mpsc::unbounded_channel();
        let mut polls = 0;
        let stream = stream::poll_fn(|cx| {
            polls += 1;
            receiver.poll_recv(cx)
        });
        let mut stream = PolledIfWoken::new(stream);
        for _ in 0..10 {
            assert_eq!(stream.next().now_or_never(), None);
        }
        sender.send(1).unwrap();
        sender.send(2).unwrap();
        assert_eq!((stream.next().await, stream.next().await), (Some(1), Some(2)));
        assert_eq!(stream.next().now_or_never(), None);
        // The receiving task waits first, and is woken.
        let received = tokio::time::timeout(Duration::from_secs(10), stream.next());
        let (received, sent) = tokio::join!(received, async { sender.send(3) });
        assert_eq!((received, sent), (Ok(Some(3)), Ok(())));
        drop(sender);
        assert_eq!(stream.next().await, None);
        drop(stream);
        assert!(polls < 10, "{polls}");
    }
}
