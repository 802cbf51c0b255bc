//! Monitors that call back.

use std::{
    pin::pin,
    sync::{Arc, Mutex, PoisonError},
};

use futures_core::Stream;
use futures_util::{
    StreamExt as _,
    future::{self, Either},
};
use tokio::{sync::watch, task};

/// Calls `callback` with each item of `monitor`, in order, and waits for it before the next.
///
/// Runs in a task of the Tokio runtime it is called in, until the monitor ends, the
/// handle is told to stop, or it is dropped. Each call has a handle of its own.
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) {
/// use dockerclient::{monitor::{self, EventUpdate}, system::EventsOptions};
///
/// let events = docker.monitor_events(&EventsOptions::default());
/// let handle = monitor::run(events, async |update| match update {
///     EventUpdate::Event(event) => println!("{} {}", event.action, event.id),
///     EventUpdate::Disconnected { error, .. } => eprintln!("{error}"),
///     _ => {}
/// });
/// // …
/// handle.stop().await;
/// # }
/// ```
///
/// # Panics
///
/// If it is called outside a Tokio runtime.
#[doc(alias = "Callback")]
#[doc(alias = "StatCallback")]
#[must_use = "dropping the handle stops the monitor"]
pub fn run<S, F, R>(monitor: S, mut callback: F) -> Handle
where
    S: Stream<Item: Send> + Send + 'static,
    F: FnMut(S::Item) -> R + Send + 'static,
    R: Future<Output = ()> + Send,
{
    let (stop, mut stopped) = watch::channel(());
    let (ended, end) = watch::channel(());
    let task = tokio::spawn(async move {
        // Dropped at the end, also if the callback panics.
        let _ended = ended;
        let mut monitor = pin!(monitor);
        loop {
            // Stopping goes before items that have come.
            let stop = pin!(stopped.changed());
            match future::select(stop, monitor.next()).await {
                Either::Right((Some(item), _)) => callback(item).await,
                Either::Right((None, _)) | Either::Left(_) => break,
            }
        }
    });
    Handle { stop: Mutex::new(Some(stop)), end, task: task.id() }
}

/// A monitor that calls back. Made by [`run`].
///
/// Dropping this stops it: the callback is not called again, but a call that is under
/// way goes on to its end.
#[derive(Debug)]
pub struct Handle {
    /// Dropped to stop.
    stop: Mutex<Option<watch::Sender<()>>>,
    /// Closed when the monitor and its last callback have ended.
    end: watch::Receiver<()>,
    task: task::Id,
}

impl Handle {
    /// Stops the monitor, and waits until its callback is done. Stopping twice is stopping once.
    ///
    /// In the callback itself, this does not wait: that call is the last.
    #[doc(alias = "StopAllMonitorEvents")]
    #[doc(alias = "StopAllMonitorStats")]
    pub async fn stop(&self) {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner).take();
        if task::try_id() != Some(self.task) {
            self.ended().await;
        }
    }

    /// Waits until the monitor ends by itself, or is stopped by someone else.
    pub async fn ended(&self) {
        // Nothing is ever sent.
        let _ = self.end.clone().changed().await;
    }

    /// Whether the monitor has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.end.has_changed().is_err()
    }
}

/// Several monitors that are stopped together. Clones are the same group.
#[derive(Clone, Debug, Default)]
pub struct Group {
    handles: Arc<Mutex<Vec<Arc<Handle>>>>,
}

impl Group {
    /// Adds a monitor, which stops with the group at the latest. Those that have ended are forgotten.
    pub fn add(&self, handle: Handle) -> Arc<Handle> {
        let handle = Arc::new(handle);
        let mut handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        handles.retain(|handle| !handle.has_ended());
        handles.push(Arc::clone(&handle));
        handle
    }

    /// Stops all monitors of the group, and waits until their callbacks are done.
    #[doc(alias = "StopAllMonitorEvents")]
    #[doc(alias = "StopAllMonitorStats")]
    pub async fn stop_all(&self) {
        let handles = std::mem::take(&mut *self.handles.lock().unwrap_or_else(PoisonError::into_inner));
        future::join_all(handles.iter().map(|handle| handle.stop())).await;
    }
}
