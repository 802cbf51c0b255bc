//! Changing the configuration of a node.

use std::{fmt, sync::Arc};

use super::Node;
use crate::{
    Result,
    models::{NodeAvailability, NodeRole, NodeSpec},
    request::{Settings, request},
    versioned::{ATTEMPTS, is_out_of_sequence},
};

/// Changes the configuration of a node.
type Change = Arc<dyn Fn(&mut NodeSpec) + Send + Sync>;

impl Node {
    /// Changes the labels, the role or the availability of the node, as `docker node update` does.
    ///
    /// Inspects the node, calls `change` with its configuration, and sends the result. If the node has changed in the
    /// meantime, it does so again, at most five times in total; so `change` can be called several times.
    ///
    /// Calls `GET /nodes/{id}` and `POST /nodes/{id}/update`, since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails if there is no such node (404), if the engine is not a swarm manager (503), if the configuration is not valid
    /// (400), if too few managers would remain (400 or 500), or if the node has changed during each attempt (500).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::models::{NodeAvailability, NodeRole};
    ///
    /// let node = docker.node("worker-1");
    /// node.update(|spec| spec.availability = Some(NodeAvailability::Drain)).await?;
    /// node.update(|spec| {
    ///     spec.role = Some(NodeRole::Manager);
    ///     spec.labels.insert("disk".into(), "ssd".into());
    /// })
    /// .await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "NodeUpdate")]
    #[doc(alias = "UpdateNode")]
    pub fn update(&self, change: impl Fn(&mut NodeSpec) + Send + Sync + 'static) -> UpdateNode {
        UpdateNode { node: self.clone(), change: Arc::new(change), settings: Settings::default() }
    }

    /// Moves the tasks of services from this node to others, and assigns none to it, as `docker node update --availability
    /// drain` does.
    ///
    /// The same as an [`update`](Self::update) that sets the availability.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.node("worker-1").drain().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn drain(&self) -> UpdateNode {
        self.update(|spec| spec.availability = Some(NodeAvailability::Drain))
    }

    /// Lets the swarm assign tasks to this node again, as `docker node update --availability active` does.
    ///
    /// The same as an [`update`](Self::update) that sets the availability.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.node("worker-1").activate().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn activate(&self) -> UpdateNode {
        self.update(|spec| spec.availability = Some(NodeAvailability::Active))
    }

    /// Makes the node a manager, as `docker node promote` does.
    ///
    /// The same as an [`update`](Self::update) that sets the role. The node becomes a manager some time later: see
    /// `manager_status` of [`inspect`](Self::inspect).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.node("worker-1").promote().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn promote(&self) -> UpdateNode {
        self.update(|spec| spec.role = Some(NodeRole::Manager))
    }

    /// Makes the node a worker, as `docker node demote` does.
    ///
    /// The same as an [`update`](Self::update) that sets the role. Fails if the swarm would lose its last manager (400), or
    /// the majority of its managers (400 or 500). The node becomes a worker some time later.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.node("manager-2").demote().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn demote(&self) -> UpdateNode {
        self.update(|spec| spec.role = Some(NodeRole::Worker))
    }

    /// Replaces the configuration of the node, if its version (`version.index`) is still `version`. Engines require a role
    /// and an availability.
    ///
    /// [`update`](Self::update) reads the version and the configuration itself.
    ///
    /// Calls `POST /nodes/{id}/update`, since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails as [`update`](Self::update) does, and if the node has another version (500).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// for mut node in docker.nodes().list().await? {
    ///     node.spec.labels.insert("site".into(), "berlin".into());
    ///     node.handle(&docker).replace(node.version.index, node.spec).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn replace(&self, version: u64, spec: NodeSpec) -> ReplaceNodeSpec {
        ReplaceNodeSpec { node: self.clone(), version, spec, settings: Settings::default() }
    }

    /// Sends the configuration, for the version that it is based on.
    async fn send_spec(&self, version: u64, spec: &NodeSpec, settings: &Settings) -> Result<()> {
        let (api, id) = self.api("node_update", settings).await?;
        api.done(api.node_update(id, version, spec).await)
    }
}

/// A request to change the configuration of a node. Returned by [`Node::update`].
#[derive(Clone)]
#[must_use = "a request does nothing unless awaited"]
pub struct UpdateNode {
    node: Node,
    change: Change,
    settings: Settings,
}

request!(UpdateNode => (), "node_update", node.id);

impl UpdateNode {
    async fn call(self) -> Result<()> {
        let Self { node, change, settings } = self;
        let mut attempt = 1;
        loop {
            let seen = node.inspect_for("node_update", &settings).await?;
            let mut spec = seen.spec;
            change(&mut spec);
            match node.send_spec(seen.version.index, &spec, &settings).await {
                Err(error) if attempt < ATTEMPTS && is_out_of_sequence(&error) => attempt += 1,
                outcome => return outcome,
            }
        }
    }
}

impl fmt::Debug for UpdateNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpdateNode").field("node", &self.node).field("settings", &self.settings).finish_non_exhaustive()
    }
}

/// A request to replace the configuration of a node. Returned by [`Node::replace`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ReplaceNodeSpec {
    node: Node,
    version: u64,
    spec: NodeSpec,
    settings: Settings,
}

request!(ReplaceNodeSpec => (), "node_update", node.id);

impl ReplaceNodeSpec {
    async fn call(self) -> Result<()> {
        self.node.send_spec(self.version, &self.spec, &self.settings).await
    }
}
