//! The monitor of the nodes of a swarm. `objects.rs` has its state machine.

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
    models::{Node, NodeRole},
    nodes::ListNodes,
    system::EventKind,
};

/// An item of a [`NodeMonitor`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum NodeUpdate {
    /// All nodes that match the filters. Returned once, before any other update of a node.
    Snapshot(Vec<Node>),
    /// A node that has joined, or matches the filters now.
    Appeared(Node),
    /// A node that has changed.
    Changed(Node),
    /// The id of a node that was removed, or no longer matches the filters.
    Removed(String),
    /// Connected to the engine, or listed the nodes after a failure. The changes in the meantime follow.
    Connected,
    /// The connection was lost or could not be made, or the nodes could not be listed, for example because the engine
    /// is not a swarm manager.
    Disconnected {
        /// The cause.
        error: Error,
        /// Time until the next attempt. `None` if the monitor gives up: it ends.
        retry_in: Option<Duration>,
    },
}

/// A snapshot of the nodes of a swarm, then each change. Returned by [`Nodes::monitor`](crate::nodes::Nodes::monitor).
///
/// Lists the nodes, then watches the engine's events of nodes, and lists the nodes again after events: one list at a
/// time, a tenth of a second apart. [`view`](Self::view) equals what [`list`](crate::nodes::Nodes::list) returned
/// with the same filters when the nodes were last listed.
///
/// After a lost connection, it lists again and returns the differences, so it has no gaps.
///
/// # Changes without events
///
/// There is an event when a node joins, changes or is removed, and when its state changes (`status`), also because the
/// swarm has a new leader. There is none when the reachability of a manager changes (`manager_status`), and engines
/// below API 1.30 send no events of nodes at all. Therefore, the nodes are also listed at an
/// [interval](Self::poll_interval).
///
/// # Managers
///
/// Only a manager can list the nodes. If the engine is not one, or if the swarm has no leader, lists fail (503; 406
/// from Docker 1.12). This can change, so the monitor returns [`Disconnected`](NodeUpdate::Disconnected) and tries
/// again, without a limit unless the [retry policy](Self::retry) has one. There is no event when a manager leaves the
/// swarm, is demoted, or loses its leader: the next list detects it.
///
/// # Backpressure
///
/// Nothing is read ahead of the consumer. Changes are batched: a slow consumer may miss intermediate states
/// of a node, but never the last one.
///
/// # Cancellation
///
/// Dropping the monitor closes its connections; it spawns no task. Waiting for the next update is cancel safe: no
/// update is lost when the wait is dropped.
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct NodeMonitor(ObjectMonitor<Node>);

impl NodeMonitor {
    pub(crate) fn new(docker: DockerClient) -> Self {
        let list = docker.nodes().list();
        Self(ObjectMonitor::new(docker, EventKind::Node, list))
    }

    fn with_list(self, change: impl FnOnce(ListNodes) -> ListNodes) -> Self {
        Self(self.0.with_list(change))
    }

    /// Watches only nodes whose engine has this label, `key` or `key=value` (repeat to require several labels).
    ///
    /// See [`node_label`](Self::node_label) for the labels of the node itself.
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
    }

    /// Watches only nodes with this label, `key` or `key=value` (repeat to require several labels). Requires
    /// API 1.40.
    pub fn node_label(self, label: impl Into<String>) -> Self {
        self.filter("node.label", label)
    }

    /// Watches only nodes whose name, which is the hostname, begins with `prefix` (repeat to match any of several).
    pub fn name(self, prefix: impl Into<String>) -> Self {
        self.filter("name", prefix)
    }

    /// Watches only nodes whose id begins with `prefix` (repeat to match any of several).
    pub fn id(self, prefix: impl Into<String>) -> Self {
        self.filter("id", prefix)
    }

    /// Watches only nodes with this role, for example `"manager"` (repeat to match any of several).
    pub fn role(self, role: impl Into<NodeRole>) -> Self {
        self.with_list(|list| list.role(role))
    }

    /// Watches only nodes with this membership, `accepted` or `pending` (repeat to match any of several).
    pub fn membership(self, membership: impl Into<String>) -> Self {
        self.filter("membership", membership)
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

    /// Sets the time after which the nodes are listed without an event. Defaults to 30 seconds; below API 1.30, whose
    /// engines send no events of nodes, to 5 seconds. `None` disables it. The minimum is a tenth of a second.
    pub fn poll_interval(self, interval: impl Into<Option<Duration>>) -> Self {
        Self(self.0.poll_interval(interval.into()))
    }

    /// Sets the delays and the number of attempts to reconnect, and to list the nodes after a failure.
    pub fn retry(self, policy: RetryPolicy) -> Self {
        Self(self.0.retry(policy))
    }

    /// Sets the idle timeout: after this time without events, the monitor checks that the engine is still reachable,
    /// and that no events were missed. Defaults to 60 seconds; `None` disables it.
    pub fn idle_timeout(self, timeout: impl Into<Option<Duration>>) -> Self {
        Self(self.0.idle_timeout(timeout.into()))
    }

    /// Returns the current nodes by id: the snapshot, with all changes applied.
    #[must_use]
    pub fn view(&self) -> &BTreeMap<String, Node> {
        self.0.view()
    }

    /// Waits for the next update. Returns `None` once the monitor has ended. Cancel safe.
    pub async fn next(&mut self) -> Option<NodeUpdate> {
        StreamExt::next(self).await
    }
}

impl Stream for NodeMonitor {
    type Item = NodeUpdate;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<NodeUpdate>> {
        self.0.poll_next(cx).map(|update| update.map(node_update))
    }
}

impl Object for Node {
    type List = ListNodes;

    fn id(&self) -> &str {
        &self.id
    }
}

fn node_update(update: Update<Node>) -> NodeUpdate {
    match update {
        Update::Snapshot(nodes) => NodeUpdate::Snapshot(nodes),
        Update::Appeared(node) => NodeUpdate::Appeared(node),
        Update::Changed(node) => NodeUpdate::Changed(node),
        Update::Removed(id) => NodeUpdate::Removed(id),
        Update::Connected => NodeUpdate::Connected,
        Update::Disconnected { error, retry_in } => NodeUpdate::Disconnected { error, retry_in },
    }
}
