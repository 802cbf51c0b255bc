//! Nodes that fail.

use std::time::Duration;

use dockerclient::models::{LocalNodeState, NodeRole, NodeState};

use crate::cluster::{Cluster, node_in_state};

/// Time limit for the tasks of a service to move to other nodes.
const CONVERGENCE: Duration = Duration::from_secs(120);

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn service_converges_after_a_node_was_killed() {
    let cluster = Cluster::with_managers(1).await;
    let manager = &cluster[1];
    let ids = cluster.ids().await;
    let name = manager.removed("services");
    let create = manager.create_service(&name, "echo started").replicas(3).restart_delay(Duration::ZERO);
    let service = create.await.unwrap().service;
    manager.running(&name, 3).await;

    cluster.kill(2).await;
    let node = node_in_state(manager, &ids[1], NodeState::Down).await;
    assert_eq!(node.status.message, "heartbeat failure");
    service.wait_until_converged().time_limit(CONVERGENCE).await.unwrap();
    let tasks = manager.running(&name, 3).await;
    assert!(tasks.iter().all(|task| task.node_id != ids[1]), "{tasks:?}");

    // The node is part of the swarm again after its engine has started.
    cluster.start(2).await;
    node_in_state(manager, &ids[1], NodeState::Ready).await;
    assert_eq!(cluster[2].node_id().await, ids[1]);
    service.scale(6).await.unwrap();
    let tasks = manager.running(&name, 6).await;
    assert_eq!(tasks.iter().filter(|task| task.node_id == ids[1]).count(), 2);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn killed_node_is_removed_and_joins_again() {
    let cluster = Cluster::with_managers(1).await;
    let id = cluster[2].node_id().await;
    let node = cluster[1].node(&id);
    cluster.kill(2).await;
    node.remove().force(true).await.unwrap();
    assert_eq!(node.try_inspect().await.unwrap(), None);
    cluster.ready(2).await;

    cluster.start(2).await;
    // It cannot connect to the swarm.
    assert_ne!(cluster[2].state().await, LocalNodeState::Active);
    cluster[2].leave().await;
    cluster.join(2, NodeRole::Worker).await;
    cluster.ready(3).await;
    assert_ne!(cluster[2].node_id().await, id);
}
