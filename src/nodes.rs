//! Nodes of a swarm: the handles [`Nodes`] and [`Node`], and the requests that their methods return.
//!
//! Only the [managers](crate::swarm) of a swarm execute these operations.

use std::fmt;

use crate::{DockerClient, Result, generated::Api, models, monitor::NodeMonitor, request::Settings, validate};

mod inspect;
mod list;
mod remove;
mod tasks;
mod update;

pub use self::{
    inspect::InspectNode,
    list::ListNodes,
    remove::RemoveNode,
    update::{ReplaceNodeSpec, UpdateNode},
};

/// A handle for the nodes of the swarm. Returned by [`DockerClient::nodes`]. Requires API 1.24.
#[derive(Clone, Debug)]
pub struct Nodes {
    docker: DockerClient,
}

impl Nodes {
    pub(crate) fn new(docker: DockerClient) -> Self {
        Self { docker }
    }

    /// Watches the nodes of the swarm, across lost connections, restarts of the engine and changes of the leader.
    ///
    /// Sends nothing until it is polled. Calls `GET /events`, `GET /nodes` and `GET /_ping`, since API 1.24. Dropping the
    /// monitor closes its connections.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::monitor::NodeUpdate;
    ///
    /// let mut updates = docker.nodes().monitor().role("worker");
    /// while let Some(update) = updates.next().await {
    ///     match update {
    ///         NodeUpdate::Snapshot(all) => println!("{} nodes", all.len()),
    ///         NodeUpdate::Changed(node) => println!("{}: {:?}", node.description.hostname, node.status.state),
    ///         NodeUpdate::Disconnected { error, .. } => eprintln!("{error}"),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "watch")]
    pub fn monitor(&self) -> NodeMonitor {
        NodeMonitor::new(self.docker.clone())
    }
}

/// A handle for one node of the swarm. Returned by [`DockerClient::node`], which sends nothing. Requires API 1.24.
///
/// The id of the node of the engine itself is `docker.info().await?.swarm.node_id`.
///
/// All requests fail if there is no such node (404), or if the engine is not a swarm manager (503), unless documented
/// otherwise.
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// use dockerclient::models::NodeAvailability;
///
/// let node = docker.node("worker-1");
/// node.update(|spec| spec.availability = Some(NodeAvailability::Drain)).await?;
/// println!("{:?}", node.inspect().await?.status.state);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Node {
    docker: DockerClient,
    id: String,
}

impl Node {
    pub(crate) fn new(docker: DockerClient, id: String) -> Self {
        Self { docker, id }
    }

    /// Returns the id or name that the handle was created with. For a node that was listed, or that
    /// [`init`](crate::swarm::Swarm::init) returned, it is the id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the generated client, and the name or id validated for use in a path.
    async fn api(&self, operation: &'static str, settings: &Settings) -> Result<(Api<'_>, &str)> {
        let id = validate::node(&self.id).map_err(|error| error.during(operation))?;
        let api = self.docker.api(operation, settings).await.map_err(|error| error.about(Some(id)))?;
        Ok((api.of(id), id))
    }
}

impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Node").field(&self.id).finish()
    }
}

impl From<Node> for String {
    fn from(node: Node) -> Self {
        node.id
    }
}

impl From<&Node> for String {
    fn from(node: &Node) -> Self {
        node.id.clone()
    }
}

impl models::Node {
    /// Returns the handle of this node.
    #[must_use]
    pub fn handle(&self, docker: &DockerClient) -> Node {
        docker.node(&self.id)
    }
}
