//! Listing the nodes of a swarm.

use super::Nodes;
use crate::{
    Filters, Result,
    models::{self, NodeRole},
    request::{Settings, request},
};

impl Nodes {
    /// Lists the nodes of the swarm, as `docker node ls` does.
    ///
    /// Calls `GET /nodes`, since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails if the engine is not a swarm manager (503), or if it rejects a filter (400).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// for node in docker.nodes().list().role("worker").await? {
    ///     println!("{} {} {:?}", node.id, node.description.hostname, node.status.state);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "NodeList")]
    #[doc(alias = "ListNodes")]
    #[doc(alias = "ls")]
    pub fn list(&self) -> ListNodes {
        ListNodes { nodes: self.clone(), filters: Filters::default(), settings: Settings::default() }
    }
}

/// A request to list the nodes of the swarm. Returned by [`Nodes::list`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ListNodes {
    nodes: Nodes,
    filters: Filters,
    settings: Settings,
}

request!(ListNodes => Vec<models::Node>, "node_list");

impl ListNodes {
    /// Includes only nodes whose id begins with `prefix` (repeat to match any of several).
    pub fn id(self, prefix: impl Into<String>) -> Self {
        self.filter("id", prefix)
    }

    /// Includes only nodes whose name, which is the hostname, begins with `prefix` (repeat to match any of several).
    pub fn name(self, prefix: impl Into<String>) -> Self {
        self.filter("name", prefix)
    }

    /// Includes only nodes whose engine has this label, `key` or `key=value` (repeat to require several labels).
    ///
    /// The labels of an engine are part of its configuration. See [`node_label`](Self::node_label) for those of the node.
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
    }

    /// Includes only nodes with this label, `key` or `key=value` (repeat to require several labels). Requires
    /// API 1.40.
    ///
    /// These labels are part of the node's [configuration](crate::models::NodeSpec) in the swarm.
    #[doc(alias = "node.label")]
    pub fn node_label(self, label: impl Into<String>) -> Self {
        self.filter("node.label", label)
    }

    /// Includes only nodes with this role, for example `"manager"` (repeat to match any of several).
    pub fn role(self, role: impl Into<NodeRole>) -> Self {
        self.filter("role", role.into().to_string())
    }

    /// Includes only nodes with this membership, `accepted` or `pending` (repeat to match any of several).
    ///
    /// Engines set the membership of a node to `pending` whenever the node is [updated](crate::nodes::Node::update).
    pub fn membership(self, membership: impl Into<String>) -> Self {
        self.filter("membership", membership)
    }

    /// Adds a filter that has no dedicated method.
    pub fn filter(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.filters.add(key, value);
        self
    }

    /// Adds filters.
    pub fn filters(mut self, filters: impl Into<Filters>) -> Self {
        self.filters.extend(filters);
        self
    }

    async fn call(self) -> Result<Vec<models::Node>> {
        let api = self.nodes.docker.api("node_list", &self.settings).await?;
        api.document(api.node_list(self.filters.to_query().as_deref()).await)
    }
}

#[cfg(test)]
mod tests {
    use crate::{DockerClient, models::NodeRole};

    #[test]
    fn node_list_filters() {
        let nodes = DockerClient::connect("tcp://127.0.0.1:1").unwrap().nodes();
        let list = nodes.list().role(NodeRole::Manager).role("worker").label("disk=ssd").node_label("rack");
        let want = r#"{"label":["disk=ssd"],"node.label":["rack"],"role":["manager","worker"]}"#;
        assert_eq!(list.filters.to_query().as_deref(), Some(want));
    }
}
