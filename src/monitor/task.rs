//! Callbacks: polling a monitor in a task.

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

/// Polls `monitor` in a task, and calls `callback` with each item, in order, one at a time.
///
/// Spawns a task on the current Tokio runtime. It runs until the monitor ends, [`Handle::stop`] is called, or the handle is
/// dropped.
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) {
/// use dockerclient::monitor::{self, EventUpdate};
///
/// let events = docker.monitor_events();
/// let handle = monitor::run(events, async |update| match update {
///     EventUpdate::Event(event) => println!("{} {}", event.action, event.id),
///     EventUpdate::Disconnected { error, .. } => eprintln!("{error}"),
///     _ => {}
/// });
/// // Later:
/// handle.stop().await;
/// # }
/// ```
///
/// # Panics
///
/// Panics if it is called outside a Tokio runtime.
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
        // Closes the channel at the end, even if the callback panics.
        let _ended = ended;
        let mut monitor = pin!(monitor);
        loop {
            // Stopping takes precedence over items that are ready.
            let stop = pin!(stopped.changed());
            match future::select(stop, monitor.next()).await {
                Either::Right((Some(item), _)) => callback(item).await,
                Either::Right((None, _)) | Either::Left(_) => break,
            }
        }
    });
    Handle { stop: Mutex::new(Some(stop)), end, task: task.id() }
}

/// A handle of a monitor that runs in a task. Returned by [`run`].
///
/// Dropping the handle stops the monitor: the callback is not called again. A call that is in progress continues to its end.
#[derive(Debug)]
pub struct Handle {
    /// Dropped to stop the task.
    stop: Mutex<Option<watch::Sender<()>>>,
    /// Closed when the monitor and its last callback have ended.
    end: watch::Receiver<()>,
    task: task::Id,
}

impl Handle {
    /// Stops the monitor, and waits until the call in progress returns. Does nothing if the monitor has ended.
    ///
    /// In the callback itself, this does not wait: that call is the last one.
    #[doc(alias = "StopAllMonitorEvents")]
    #[doc(alias = "StopAllMonitorStats")]
    pub async fn stop(&self) {
        self.stop.lock().unwrap_or_else(PoisonError::into_inner).take();
        if task::try_id() != Some(self.task) {
            self.ended().await;
        }
    }

    /// Waits until the monitor has ended or was stopped, and the last call has returned.
    pub async fn ended(&self) {
        // Nothing is ever sent.
        let _ = self.end.clone().changed().await;
    }

    /// Returns whether the monitor has ended.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.end.has_changed().is_err()
    }
}

/// A group of monitors that are stopped together. Clones share the group.
#[derive(Clone, Debug, Default)]
pub struct Group {
    handles: Arc<Mutex<Vec<Arc<Handle>>>>,
}

impl Group {
    /// Adds a monitor, and removes those that have ended. Returns its handle, which can stop it earlier than the group.
    pub fn add(&self, handle: Handle) -> Arc<Handle> {
        let handle = Arc::new(handle);
        let mut handles = self.handles.lock().unwrap_or_else(PoisonError::into_inner);
        handles.retain(|handle| !handle.has_ended());
        handles.push(Arc::clone(&handle));
        handle
    }

    /// Stops all monitors of the group, and waits until their calls in progress return.
    #[doc(alias = "StopAllMonitorEvents")]
    #[doc(alias = "StopAllMonitorStats")]
    pub async fn stop_all(&self) {
        let handles = std::mem::take(&mut *self.handles.lock().unwrap_or_else(PoisonError::into_inner));
        future::join_all(handles.iter().map(|handle| handle.stop())).await;
    }
}
