//! Drops items of a monitor instead of applying backpressure.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use futures_core::Stream;
use futures_util::StreamExt;

use super::task::{Handle, run};

/// Reads `monitor` without waiting for the consumer, buffers the last `capacity` items, and drops older ones.
///
/// A plain monitor drops no items: a slow consumer slows down the monitor and the engine, which drops events for clients
/// that do not read. With `lossy`, the consumer receives the number of dropped items.
///
/// Spawns a task on the current Tokio runtime, which ends when the returned stream is dropped.
///
/// # Panics
///
/// Panics if it is called outside a Tokio runtime.
pub fn lossy<S>(monitor: S, capacity: usize) -> Lossy<S::Item>
where
    S: Stream<Item: Send> + Send + 'static,
{
    let shared = Arc::new(Mutex::new(Buffer { items: VecDeque::new(), dropped: 0, ended: false, waker: None }));
    let writer = Writer(Arc::clone(&shared));
    let task = run(monitor, move |item| {
        writer.put(item, capacity.max(1));
        std::future::ready(())
    });
    Lossy { shared, task }
}

/// An item of a [`Lossy`] stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossyItem<T> {
    /// An item of the monitor.
    Item(T),
    /// The number of items that were dropped since the item before.
    Dropped(u64),
}

/// A stream that drops items if its consumer is slow. Returned by [`lossy`].
#[must_use = "streams do nothing unless polled"]
pub struct Lossy<T> {
    shared: Arc<Mutex<Buffer<T>>>,
    /// Stops the task when it is dropped.
    task: Handle,
}

struct Buffer<T> {
    items: VecDeque<T>,
    dropped: u64,
    ended: bool,
    waker: Option<Waker>,
}

/// The writing side of the buffer. Marks the end of the stream when it is dropped.
struct Writer<T>(Arc<Mutex<Buffer<T>>>);

impl<T> Writer<T> {
    fn put(&self, item: T, capacity: usize) {
        let mut buffer = lock(&self.0);
        if buffer.items.len() == capacity {
            buffer.items.pop_front();
            buffer.dropped += 1;
        }
        buffer.items.push_back(item);
        wake(buffer);
    }
}

impl<T> Drop for Writer<T> {
    fn drop(&mut self) {
        let mut buffer = lock(&self.0);
        buffer.ended = true;
        wake(buffer);
    }
}

fn lock<T>(shared: &Mutex<Buffer<T>>) -> MutexGuard<'_, Buffer<T>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn wake<T>(mut buffer: MutexGuard<'_, Buffer<T>>) {
    let waker = buffer.waker.take();
    drop(buffer);
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl<T> Lossy<T> {
    /// Waits for the next item. Returns `None` once the monitor has ended. Cancel safe.
    pub async fn next(&mut self) -> Option<LossyItem<T>> {
        StreamExt::next(self).await
    }
}

impl<T> Stream for Lossy<T> {
    type Item = LossyItem<T>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<LossyItem<T>>> {
        let mut buffer = lock(&self.shared);
        if buffer.dropped > 0 {
            return Poll::Ready(Some(LossyItem::Dropped(std::mem::take(&mut buffer.dropped))));
        }
        match buffer.items.pop_front() {
            Some(item) => Poll::Ready(Some(LossyItem::Item(item))),
            None if buffer.ended => Poll::Ready(None),
            None => {
                buffer.waker = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl<T> fmt::Debug for Lossy<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lossy").field("task", &self.task).finish_non_exhaustive()
    }
}
