//! The engines under test: a swarm of three nodes.

use std::{env, ops::Index, process::Stdio, time::Duration};

use dockerclient::models::{Node, NodeAvailability, NodeRole, NodeState};
use futures_util::future::join_all;
use tokio::process::Command;

use crate::{
    live::engine::Engine,
    swarm::engine::{Manager, poll},
};

/// Three engines. The first one is a manager of their swarm; `cluster[1]` is its client.
pub(crate) struct Cluster {
    nodes: Vec<Manager>,
}

impl Cluster {
    /// A swarm in which the first `managers` engines are managers. The engines are new, unless they are such a swarm already.
    pub(crate) async fn with_managers(managers: usize) -> Self {
        let cluster = Self::connect().await;
        if !cluster.has_managers(managers).await {
            cluster.reset().await;
            cluster.init().await;
            for number in 2..=cluster.nodes.len() {
                cluster.join(number, role(number, managers)).await;
            }
        }
        cluster.ready(cluster.nodes.len()).await;
        cluster
    }

    /// New engines, which are not part of a swarm.
    pub(crate) async fn without_swarm() -> Self {
        let cluster = Self::connect().await;
        cluster.reset().await;
        cluster
    }

    async fn connect() -> Self {
        let addresses = env::var("DOCKERCLIENT_TEST_NODES").expect("DOCKERCLIENT_TEST_NODES names Unix sockets");
        let nodes = join_all(addresses.split(' ').map(async |address| Manager::new(Engine::at(address).await))).await;
        assert_eq!(nodes.len(), 3, "{addresses}");
        Self { nodes }
    }

    /// Replaces the engines by new ones. (Engines of Docker 20.10 that leave a swarm during an election may not respond.)
    async fn reset(&self) {
        xtask("down", None).await;
        xtask("up", None).await;
    }

    /// Whether the engines are all nodes of a swarm, are active, and the first `managers` of them are managers. They may be
    /// down, because a test failed.
    async fn has_managers(&self, managers: usize) -> bool {
        let Ok(mut listed) = self[1].nodes().list().await else { return false };
        for (node, number) in self.nodes.iter().zip(1..) {
            let Ok(info) = node.info().await else { return false };
            let expected = (Some(role(number, managers)), Some(NodeAvailability::Active), Some(NodeState::Ready));
            let seen =
                |node: &Node| (node.spec.role.clone(), node.spec.availability.clone(), node.status.state.clone());
            listed.retain(|node| node.id != info.swarm.node_id || seen(node) != expected);
        }
        listed.is_empty()
    }

    /// Creates a swarm on the first engine. It notices within some seconds that a node is down.
    pub(crate) async fn init(&self) {
        let init = self[1].swarm().init().advertise_addr("eth0");
        init.spec(|spec| spec.dispatcher.heartbeat_period = Some(Duration::from_secs(2))).await.unwrap();
    }

    /// Adds an engine to the swarm of the first one.
    pub(crate) async fn join(&self, number: usize, role: NodeRole) {
        let tokens = self[1].swarm().inspect().await.unwrap().join_tokens;
        let token = if role == NodeRole::Manager { tokens.manager } else { tokens.worker };
        self[number].swarm().join(self.address().await, token).await.unwrap();
    }

    /// The address of the first engine, for other nodes.
    pub(crate) async fn address(&self) -> String {
        self[1].info().await.unwrap().swarm.node_addr
    }

    /// The ids of the engines as nodes of the swarm.
    pub(crate) async fn ids(&self) -> Vec<String> {
        join_all(self.nodes.iter().map(Manager::node_id)).await
    }

    /// Waits until the swarm has exactly `count` nodes, which are ready, and returns them.
    pub(crate) async fn ready(&self, count: usize) -> Vec<Node> {
        poll(&format!("{count} nodes that are ready"), async || {
            let nodes = self[1].nodes().list().await.ok()?;
            let is_ready = |node: &Node| node.status.state == Some(NodeState::Ready);
            (nodes.len() == count && nodes.iter().all(is_ready)).then_some(nodes)
        })
        .await
    }

    /// Kills an engine. Its containers run until it starts again.
    pub(crate) async fn kill(&self, number: usize) {
        xtask("kill", Some(number)).await;
    }

    /// Starts an engine that was killed, with its data.
    pub(crate) async fn start(&self, number: usize) {
        xtask("start", Some(number)).await;
    }
}

impl Index<usize> for Cluster {
    type Output = Manager;

    fn index(&self, number: usize) -> &Manager {
        &self.nodes[number - 1]
    }
}

/// Waits until `observer` reports that a node is in a state, and returns it.
pub(crate) async fn node_in_state(observer: &Manager, id: &str, state: NodeState) -> Node {
    let state = Some(state);
    poll(&format!("a node in the state {state:?}"), async || {
        let node = observer.node(id).inspect().await.unwrap();
        (node.status.state == state).then_some(node)
    })
    .await
}

fn role(number: usize, managers: usize) -> NodeRole {
    if number <= managers { NodeRole::Manager } else { NodeRole::Worker }
}

/// Runs an action on all engines, or on one of them.
async fn xtask(action: &str, number: Option<usize>) {
    let xtask = env::var("DOCKERCLIENT_TEST_XTASK").expect("the xtask that started the engines");
    let kind = env::var("DOCKERCLIENT_TEST_KIND").expect("the kind of the engines");
    let mut command = Command::new(xtask);
    command.args(["engine", action, &kind]).stdout(Stdio::null());
    if let Some(number) = number {
        command.args(["--node", &number.to_string()]);
    }
    assert!(command.status().await.unwrap().success(), "engine {action}");
}
