//! Managers that fail: leader election, and a swarm without a quorum.

use std::time::Duration;

use dockerclient::{
    Error,
    models::{Node, NodeState, Reachability},
};

use crate::{
    cluster::{Cluster, node_in_state},
    swarm::engine::{Manager, poll},
};

/// The id of the leader.
pub(crate) fn leader(nodes: &[Node]) -> Option<&str> {
    let leader = nodes.iter().find(|node| node.manager_status.as_ref().is_some_and(|manager| manager.leader));
    leader.map(|node| &*node.id)
}

/// Whether a manager reports another one as reachable; `None` if that is not a manager.
async fn is_reachable(observer: &Manager, id: &str) -> Option<bool> {
    let manager = observer.node(id).inspect().await.unwrap().manager_status?;
    Some(manager.reachability == Some(Reachability::Reachable))
}

/// Whether a call failed because there is no leader. Other errors are those of an engine that waits for one.
fn has_no_leader(error: &Error) -> bool {
    assert!(error.is_server_error() || error.is_timeout(), "{error}");
    error.to_string().contains("The swarm does not have a leader")
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn leader_is_elected_after_the_leader_was_killed() {
    let cluster = Cluster::with_managers(3).await;
    let ids = cluster.ids().await;
    let lost = leader(&cluster.ready(3).await).unwrap().to_owned();
    let (number, others): (Vec<_>, Vec<_>) = (1..=3).partition(|number| ids[number - 1] == lost);
    let [manager, other] = [&cluster[others[0]], &cluster[others[1]]];
    let name = manager.removed("services");
    let create = manager.create_service(&name, "echo started").replicas(3).restart_delay(Duration::ZERO);
    create.await.unwrap();
    manager.running(&name, 3).await;

    cluster.kill(number[0]).await;
    // Calls wait for a leader, or fail.
    poll("another leader", async || match manager.nodes().list().time_limit(Duration::from_secs(2)).await {
        Ok(nodes) => leader(&nodes).filter(|leader| *leader != lost).map(drop),
        Err(error) => {
            has_no_leader(&error);
            None
        }
    })
    .await;
    node_in_state(manager, &lost, NodeState::Down).await;
    poll("an unreachable manager", async || (is_reachable(manager, &lost).await == Some(false)).then_some(())).await;
    manager.running_if(&name, 3, |task| task.node_id != lost).await;
    manager.service(&*name).scale(4).await.unwrap();
    other.running(&name, 4).await;

    cluster.start(number[0]).await;
    node_in_state(manager, &lost, NodeState::Ready).await;
    poll("a reachable manager", async || (is_reachable(other, &lost).await == Some(true)).then_some(())).await;
    assert_ne!(leader(&cluster.ready(3).await), Some(&*lost));
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn swarm_without_quorum_rejects_calls_until_a_manager_returns() {
    let cluster = Cluster::with_managers(3).await;
    let manager = &cluster[3];
    let name = manager.removed("services");
    let service = manager.create_service(&name, "echo started").await.unwrap().service;
    manager.running(&name, 1).await;
    cluster.kill(1).await;
    cluster.kill(2).await;
    // The last manager notices that after some seconds. Until then, calls wait for the leader, or succeed if it is the leader.
    let list = || manager.nodes().list().time_limit(Duration::from_secs(2));
    poll("an error", async || list().await.err().filter(has_no_leader)).await;
    for error in [
        service.inspect().await.unwrap_err(),
        service.scale(2).await.unwrap_err(),
        manager.swarm().inspect().await.unwrap_err(),
        manager.tasks().list().await.unwrap_err(),
    ] {
        assert!(has_no_leader(&error), "{error}");
    }
    let info = manager.info().await.unwrap().swarm;
    assert!(info.control_available && info.error.contains("does not have a leader"), "{info:?}");

    cluster.start(2).await;
    poll("a swarm with a quorum", async || service.scale(2).await.ok()).await;
    manager.running(&name, 2).await;
    cluster.start(1).await;
    cluster.ready(3).await;
}
