//! Managers that fail: leader election, and a swarm without a quorum.

use std::time::Duration;

use dockerclient::models::{Node, NodeState, Reachability};

use crate::{
    cluster::{Cluster, node_in_state},
    swarm::engine::poll,
};

/// The id of the leader.
fn leader(nodes: &[Node]) -> Option<&str> {
    let leader = nodes.iter().find(|node| node.manager_status.as_ref().is_some_and(|manager| manager.leader));
    leader.map(|node| &*node.id)
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn leader_is_elected_after_the_leader_was_killed() {
    let cluster = Cluster::with_managers(3).await;
    let ids = cluster.ids().await;
    assert_eq!(leader(&cluster.ready(3).await), Some(&*ids[0]));
    let name = cluster[2].removed("services");
    cluster[1].create_service(&name, "echo started").replicas(3).await.unwrap();
    cluster[2].running(&name, 3).await;

    cluster.kill(1).await;
    let manager = &cluster[2];
    // Calls fail for some seconds, or wait for a leader.
    let elected =
        poll("another leader", async || match manager.nodes().list().time_limit(Duration::from_secs(2)).await {
            Ok(nodes) => leader(&nodes).filter(|leader| *leader != ids[0]).map(str::to_owned),
            Err(error) => {
                assert!(error.is_server_error() || error.is_timeout(), "{error}");
                None
            }
        });
    assert!(ids[1..].contains(&elected.await));
    let lost = node_in_state(manager, &ids[0], NodeState::Down).await;
    assert_eq!(lost.manager_status.unwrap().reachability, Some(Reachability::Unreachable));
    manager.running_if(&name, 3, |task| task.node_id != ids[0]).await;
    manager.service(&*name).scale(4).await.unwrap();
    cluster[3].running(&name, 4).await;

    cluster.start(1).await;
    node_in_state(manager, &ids[0], NodeState::Ready).await;
    poll("a reachable manager", async || {
        let manager = cluster[3].node(&ids[0]).inspect().await.unwrap().manager_status?;
        (manager.reachability == Some(Reachability::Reachable) && !manager.leader).then_some(())
    })
    .await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn swarm_without_quorum_rejects_calls_until_a_manager_returns() {
    let cluster = Cluster::with_managers(3).await;
    let name = cluster[3].removed("services");
    let service = cluster[3].create_service(&name, "echo started").await.unwrap().service;
    cluster[3].running(&name, 1).await;
    cluster.kill(1).await;
    cluster.kill(2).await;
    // The last manager notices some seconds later; calls before that wait for the leader.
    let list = || cluster[3].nodes().list().time_limit(Duration::from_secs(2));
    poll("an error of the engine", async || list().await.err().filter(|error| !error.is_timeout())).await;
    for error in [
        list().await.unwrap_err(),
        service.inspect().await.unwrap_err(),
        service.scale(2).await.unwrap_err(),
        cluster[3].swarm().inspect().await.unwrap_err(),
        cluster[3].tasks().list().await.unwrap_err(),
    ] {
        assert!(error.is_server_error() && error.to_string().contains("does not have a leader"), "{error}");
    }
    let info = cluster[3].info().await.unwrap().swarm;
    assert!(info.control_available && info.error.contains("does not have a leader"), "{info:?}");

    cluster.start(2).await;
    poll("a swarm with a quorum", async || cluster[3].nodes().list().await.ok()).await;
    service.scale(2).await.unwrap();
    cluster[3].running(&name, 2).await;
}
