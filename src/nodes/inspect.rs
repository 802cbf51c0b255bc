//! Inspecting a node of a swarm.

use super::Node;
use crate::{
    Exists, Optional, Result, models,
    request::{Settings, request},
};

impl Node {
    /// Returns the configuration and the state of the node, as `docker node inspect` does.
    ///
    /// Calls `GET /nodes/{id}`, since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails if there is no such node (404), see [`try_inspect`](Self::try_inspect), or if the engine is not a swarm
    /// manager (503).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let own_id = docker.info().await?.swarm.node_id;
    /// let node = docker.node(own_id).inspect().await?;
    /// println!("{} {:?}", node.description.hostname, node.spec.availability);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "NodeInspect")]
    #[doc(alias = "InspectNode")]
    pub fn inspect(&self) -> InspectNode {
        InspectNode { node: self.clone(), settings: Settings::default() }
    }

    /// Returns the configuration and the state of the node, or `None` if there is no such node.
    ///
    /// Calls `GET /nodes/{id}`, since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails as [`inspect`](Self::inspect) does, except if the node does not exist.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if let Some(found) = docker.node("worker-1").try_inspect().await? {
    ///     println!("{:?}", found.status.state);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_inspect(&self) -> Optional<models::Node> {
        self.inspect().optional()
    }

    /// Returns whether there is such a node.
    ///
    /// Calls `GET /nodes/{id}`, since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails as [`try_inspect`](Self::try_inspect) does.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if docker.node("worker-1").exists().await? {
    ///     docker.node("worker-1").remove().force(true).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn exists(&self) -> Exists {
        Exists::new(self.try_inspect())
    }

    /// Inspects the node as a part of another operation, with its settings.
    pub(super) async fn inspect_for(&self, operation: &'static str, settings: &Settings) -> Result<models::Node> {
        let inspect = InspectNode { node: self.clone(), settings: settings.clone() };
        inspect.call().await.map_err(|error| error.on_behalf_of(operation))
    }
}

/// A request to inspect a node. Returned by [`Node::inspect`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct InspectNode {
    node: Node,
    settings: Settings,
}

request!(InspectNode => models::Node, "node_inspect", node.id);

impl InspectNode {
    /// Resolves to `None` if there is no such node, instead of failing.
    pub fn optional(self) -> Optional<models::Node> {
        Optional::new(self.settings.clone(), move |settings| Self { settings, ..self })
    }

    async fn call(self) -> Result<models::Node> {
        let (api, id) = self.node.api("node_inspect", &self.settings).await?;
        api.document(api.node_inspect(id).await)
    }
}
