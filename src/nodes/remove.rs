//! Removing a node from a swarm.

use super::Node;
use crate::{
    Result,
    request::{Settings, request},
};

impl Node {
    /// Removes the node from the swarm, as `docker node rm` does.
    ///
    /// The engine of the node should [leave](crate::swarm::Swarm::leave) the swarm first. A manager must be demoted first,
    /// see [`update`](Self::update).
    ///
    /// Calls `DELETE /nodes/{id}`, since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails if there is no such node (404), if the engine is not a swarm manager (503), if the node is a manager (400 or
    /// 500), or if it is not down and [`force`](RemoveNode::force) is not set (400 or 500).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.node("worker-1").remove().force(true).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "NodeDelete")]
    #[doc(alias = "NodeRemove")]
    #[doc(alias = "RemoveNode")]
    #[doc(alias = "rm")]
    pub fn remove(&self) -> RemoveNode {
        RemoveNode { node: self.clone(), force: None, settings: Settings::default() }
    }
}

/// A request to remove a node from the swarm. Returned by [`Node::remove`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct RemoveNode {
    node: Node,
    force: Option<bool>,
    settings: Settings,
}

request!(RemoveNode => (), "node_delete", node.id);

impl RemoveNode {
    /// Sets whether to remove the node even if it is not down. Its engine remains in swarm mode until it
    /// [leaves](crate::swarm::Swarm::leave) the swarm. Defaults to `false`.
    pub fn force(mut self, force: bool) -> Self {
        self.force = Some(force);
        self
    }

    async fn call(self) -> Result<()> {
        let (api, id) = self.node.api("node_delete", &self.settings).await?;
        api.done(api.node_delete(id, self.force).await)
    }
}
