//! The nodes of the swarm that the fake engine is a manager of.

use super::FakeEngine;
use crate::state::swarm::Host;

impl FakeEngine {
    /// Makes a node of the swarm unreachable, like a host that has lost its network connection: its state becomes
    /// `down`, and services replace its tasks on other nodes. Its programs continue to run.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dockerclient::Result<()> {
    /// use dockerclient::models::NodeState;
    /// use dockerclient_testkit::FakeEngine;
    ///
    /// let engine = FakeEngine::builder().swarm_nodes(2).build();
    /// engine.kill_node("node-2");
    /// let docker = engine.client("1.41");
    /// assert_eq!(docker.node("node-2").inspect().await?.status.state, Some(NodeState::Down));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// Panics if the swarm has no node with this hostname, or if it is the engine itself.
    pub fn kill_node(&self, hostname: &str) {
        self.set_node_ready(hostname, false);
    }

    /// Makes a node reachable again after [`kill_node`](Self::kill_node). Tasks that were replaced are stopped.
    ///
    /// # Panics
    ///
    /// Panics if the swarm has no node with this hostname, or if it is the engine itself.
    pub fn start_node(&self, hostname: &str) {
        self.set_node_ready(hostname, true);
    }

    fn set_node_ready(&self, hostname: &str, ready: bool) {
        let changed = self.server.state.update(|state| {
            let swarm = state.swarm.as_mut()?;
            let other = |host: &Host| matches!(host, Host::Other(_));
            let index = swarm.nodes.iter().position(|node| node.hostname == hostname && other(&node.host))?;
            swarm.set_node_ready(index, ready);
            state.publish_swarm_events();
            Some(())
        });
        changed.unwrap_or_else(|| panic!("the swarm has no other node with the hostname {hostname:?}"));
    }
}
