//! The monitor of the services of a swarm. `objects.rs` has its state machine.

use std::{
    collections::BTreeMap,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::Stream;
use futures_util::StreamExt;

use super::{
    RetryPolicy,
    objects::{Object, ObjectMonitor, Update},
};
use crate::{
    DockerClient, Error, Filters,
    models::{Service, TaskRuntime},
    services::ListServices,
    system::EventKind,
};

/// An item of a [`ServiceMonitor`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ServiceUpdate {
    /// All services that match the filters. Returned once, before any other update of a service.
    Snapshot(Vec<Service>),
    /// A service that was created, or matches the filters now.
    Appeared(Service),
    /// A service that has changed.
    Changed(Service),
    /// The id of a service that was removed, or no longer matches the filters.
    Removed(String),
    /// Connected to the engine, or listed the services after a failure. The changes in the meantime follow.
    Connected,
    /// The connection was lost or could not be made, or the services could not be listed, for example because the
    /// engine is not a swarm manager.
    Disconnected {
        /// The cause.
        error: Error,
        /// Time until the next attempt. `None` if the monitor gives up: it ends.
        retry_in: Option<Duration>,
    },
}

/// A snapshot of the services of a swarm, then each change. Returned by
/// [`Services::monitor`](crate::services::Services::monitor).
///
/// Lists the services, then watches the engine's events of services, and lists the services again after events: one
/// list at a time, a tenth of a second apart. [`view`](Self::view) equals what
/// [`list`](crate::services::Services::list) returned with the same filters when the services were last listed.
///
/// After a lost connection, it lists again and returns the differences, so it has no gaps.
///
/// # Changes without events
///
/// There is an event when a service is created, changed or removed, and when its update makes progress
/// (`update_status`). There is none when tasks of a service start or stop, which changes its [`status`](Self::status),
/// and engines below API 1.30 send no events of services at all. Therefore, the services are also listed at an
/// [interval](Self::poll_interval).
///
/// # Managers
///
/// Only a manager can list the services. If the engine is not one, or if the swarm has no leader, lists fail (503; 406
/// from Docker 1.12). This can change, so the monitor returns [`Disconnected`](ServiceUpdate::Disconnected) and tries
/// again, without a limit unless the [retry policy](Self::retry) has one. There is no event when a manager leaves the
/// swarm, is demoted, or loses its leader: the next list detects it.
///
/// # Backpressure
///
/// Nothing is read ahead of the consumer. Changes are batched: a slow consumer may miss intermediate states
/// of a service, but never the last one.
///
/// # Cancellation
///
/// Dropping the monitor closes its connections; it spawns no task. Waiting for the next update is cancel safe: no
/// update is lost when the wait is dropped.
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct ServiceMonitor(ObjectMonitor<Service>);

impl ServiceMonitor {
    pub(crate) fn new(docker: DockerClient) -> Self {
        let list = docker.services().list();
        Self(ObjectMonitor::new(docker, EventKind::Service, list))
    }

    fn with_list(self, change: impl FnOnce(ListServices) -> ListServices) -> Self {
        Self(self.0.with_list(change))
    }

    /// Watches only services with this label, `key` or `key=value` (repeat to require several labels).
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
    }

    /// Watches only services whose name begins with `prefix` (repeat to match any of several).
    pub fn name(self, prefix: impl Into<String>) -> Self {
        self.filter("name", prefix)
    }

    /// Watches only services whose id begins with `prefix` (repeat to match any of several).
    pub fn id(self, prefix: impl Into<String>) -> Self {
        self.filter("id", prefix)
    }

    /// Watches only services of this mode, for example `replicated` or `global` (repeat to match any of several). Requires
    /// API 1.29.
    pub fn mode(self, mode: impl Into<String>) -> Self {
        self.filter("mode", mode)
    }

    /// Watches only services whose tasks are containers (`container`) or plugins (`plugin`). Defaults to containers.
    /// Requires API 1.31.
    pub fn runtime(self, runtime: impl Into<TaskRuntime>) -> Self {
        self.with_list(|list| list.runtime(runtime))
    }

    /// Sets whether to include the number of running and of desired tasks of each service (`service_status`). Defaults
    /// to `false`. Requires API 1.41.
    ///
    /// Changes of these numbers have no events, so also set the [interval](Self::poll_interval).
    pub fn status(self, status: bool) -> Self {
        self.with_list(|list| list.status(status))
    }

    /// Adds a filter that has no method.
    ///
    /// If the negotiated API version does not support a filter, or the engine rejects it, the monitor ends with the
    /// error.
    pub fn filter(self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.with_list(|list| list.filter(key, value))
    }

    /// Adds filters.
    pub fn filters(self, filters: impl Into<Filters>) -> Self {
        self.with_list(|list| list.filters(filters))
    }

    /// Sets the time after which the services are listed without an event. Defaults to 30 seconds; below API 1.30,
    /// whose engines send no events of services, to 5 seconds. `None` disables it. The minimum is a tenth of a second.
    pub fn poll_interval(self, interval: impl Into<Option<Duration>>) -> Self {
        Self(self.0.poll_interval(interval.into()))
    }

    /// Sets the delays and the number of attempts to reconnect, and to list the services after a failure.
    pub fn retry(self, policy: RetryPolicy) -> Self {
        Self(self.0.retry(policy))
    }

    /// Sets the idle timeout: after this time without events, the monitor checks that the engine is still reachable,
    /// and that no events were missed. Defaults to 60 seconds; `None` disables it.
    pub fn idle_timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        Self(self.0.idle_timeout(timeout.into()))
    }

    /// Returns the current services by id: the snapshot, with all changes applied.
    #[must_use]
    pub fn view(&self) -> &BTreeMap<String, Service> {
        self.0.view()
    }

    /// Waits for the next update. Returns `None` once the monitor has ended. Cancel safe.
    pub async fn next(&mut self) -> Option<ServiceUpdate> {
        StreamExt::next(self).await
    }
}

impl Stream for ServiceMonitor {
    type Item = ServiceUpdate;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<ServiceUpdate>> {
        self.0.poll_next(cx).map(|update| update.map(service_update))
    }
}

impl Object for Service {
    type List = ListServices;

    fn id(&self) -> &str {
        &self.id
    }
}

fn service_update(update: Update<Service>) -> ServiceUpdate {
    match update {
        Update::Snapshot(services) => ServiceUpdate::Snapshot(services),
        Update::Appeared(service) => ServiceUpdate::Appeared(service),
        Update::Changed(service) => ServiceUpdate::Changed(service),
        Update::Removed(id) => ServiceUpdate::Removed(id),
        Update::Connected => ServiceUpdate::Connected,
        Update::Disconnected { error, retry_in } => ServiceUpdate::Disconnected { error, retry_in },
    }
}
