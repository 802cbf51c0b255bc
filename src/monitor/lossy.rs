//! A monitor that goes on when its consumer does not keep up.

use std::{
    collections::VecDeque,
    fmt,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use futures_core::Stream;

use super::handle::{Handle, run};

/// Reads `monitor` as fast as it comes, keeps the last `capacity` items, and drops older ones that nobody took.
///
/// Without this, nothing is ever dropped: a slow consumer slows the monitor and, in the
/// end, the engine, which drops events of clients that do not read. With it, the
/// consumer is told how many it has missed.
///
/// Runs in a task of the Tokio runtime it is called in, until this is dropped.
///
/// # Panics
///
/// If it is called outside a Tokio runtime.
pub fn lossy<S>(monitor: S, capacity: usize) -> Lossy<S::Item>
where
    S: Stream<Item: Send> + Send + 'static,
{
    let shared = Arc::new(Mutex::new(Buffer { items: VecDeque::new(), dropped: 0, ended: false, waker: None }));
    let end = End(Arc::clone(&shared));
    let task = run(monitor, move |item| {
        end.put(item, capacity.max(1));
        std::future::ready(())
    });
    Lossy { shared, task }
}

/// An item, or how many were dropped before the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossyItem<T> {
    /// An item of the monitor.
    Item(T),
    /// So many items were dropped here.
    Dropped(u64),
}

/// A monitor that drops what nobody takes in time. Made by [`lossy`].
#[must_use = "streams do nothing unless polled"]
pub struct Lossy<T> {
    shared: Arc<Mutex<Buffer<T>>>,
    /// Stops when it is dropped.
    task: Handle,
}

struct Buffer<T> {
    items: VecDeque<T>,
    dropped: u64,
    ended: bool,
    waker: Option<Waker>,
}

/// The side of the buffer that fills it. Says when there will be no more.
struct End<T>(Arc<Mutex<Buffer<T>>>);

impl<T> End<T> {
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

impl<T> Drop for End<T> {
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
