//! Nodes that join and leave a swarm, and change their role.

use dockerclient::models::{LocalNodeState, NodeAvailability, NodeRole, NodeState, Reachability};

use crate::{
    cluster::{Cluster, node_in_state},
    swarm::engine::poll,
};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn nodes_join_as_worker_and_manager() {
    let cluster = Cluster::without_swarm().await;
    cluster.init().await;
    cluster.join(2, NodeRole::Worker).await;
    cluster.join(3, NodeRole::Manager).await;
    let listed = cluster.ready(3).await;
    let roles = [NodeRole::Manager, NodeRole::Worker, NodeRole::Manager].map(Some);
    for (id, role) in cluster.ids().await.into_iter().zip(roles) {
        assert!(listed.iter().any(|node| node.id == id && node.spec.role == role), "{listed:?}");
        // Any manager responds.
        let node = cluster[3].node(&*id).inspect().await.unwrap();
        assert_eq!(
            (&*node.id, node.spec.role, node.spec.availability),
            (&*id, role.clone(), Some(NodeAvailability::Active))
        );
        let manager = node.manager_status;
        assert_eq!(manager.is_some(), role == Some(NodeRole::Manager));
        assert!(manager.is_none_or(|manager| manager.reachability == Some(Reachability::Reachable)
            && manager.addr == format!("{}:2377", node.status.addr)));
    }
    let leaders = listed.iter().filter(|node| node.manager_status.as_ref().is_some_and(|manager| manager.leader));
    assert_eq!(leaders.count(), 1);
    let managers = cluster[1].nodes().list().role(NodeRole::Manager).await.unwrap();
    assert_eq!(managers.len(), 2);
    let info = cluster[1].info().await.unwrap().swarm;
    assert_eq!((info.nodes, info.managers, info.remote_managers.len()), (3, 2, 2));

    let worker = cluster[2].info().await.unwrap().swarm;
    assert_eq!((worker.local_node_state, worker.control_available), (Some(LocalNodeState::Active), false));
    let error = cluster[2].nodes().list().await.unwrap_err();
    assert!(error.status() == Some(503) && error.is_server_error(), "{error}");
    assert!(error.to_string().contains("not a swarm manager"), "{error}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn join_with_a_rotated_token_is_an_error() {
    let cluster = Cluster::without_swarm().await;
    cluster.init().await;
    let old = cluster[1].swarm().inspect().await.unwrap().join_tokens;
    cluster[1].swarm().update(|_| {}).rotate_worker_token(true).await.unwrap();
    let error = cluster[2].swarm().join(cluster.address().await, &old.worker).await.unwrap_err();
    assert!(error.is_bad_request() && error.to_string().contains("valid join token is necessary"), "{error}");
    assert_eq!(cluster[2].state().await, LocalNodeState::Inactive);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn worker_that_left_is_removed_and_joins_again() {
    let cluster = Cluster::with_managers(1).await;
    let id = cluster[3].node_id().await;
    let node = cluster[1].node(&id);
    let error = node.remove().await.unwrap_err();
    assert!(matches!(error.status(), Some(400 | 500)) && error.to_string().contains("not down"), "{error}");
    cluster[3].swarm().leave().await.unwrap();
    assert_eq!(cluster[3].state().await, LocalNodeState::Inactive);
    node_in_state(&cluster[1], &id, NodeState::Down).await;
    node.remove().await.unwrap();
    assert!(!node.exists().await.unwrap());
    cluster.join(3, NodeRole::Worker).await;
    cluster.ready(3).await;
    assert_ne!(cluster[3].node_id().await, id);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn worker_is_promoted_and_demoted() {
    let cluster = Cluster::with_managers(1).await;
    let node = cluster[1].node(cluster[2].node_id().await);
    assert_eq!(cluster[2].swarm().inspect().await.unwrap_err().status(), Some(503));
    node.update(|spec| spec.role = Some(NodeRole::Manager)).await.unwrap();
    poll("a reachable manager", async || {
        let manager = node.inspect().await.unwrap().manager_status?;
        (manager.reachability == Some(Reachability::Reachable)).then_some(())
    })
    .await;
    let is_manager = async || cluster[2].info().await.unwrap().swarm.control_available;
    poll("a manager that responds", async || is_manager().await.then_some(())).await;
    assert_eq!(cluster[2].nodes().list().await.unwrap().len(), 3);

    node.update(|spec| spec.role = Some(NodeRole::Worker)).await.unwrap();
    poll("a worker", async || (!is_manager().await).then_some(())).await;
    assert_eq!(cluster[2].nodes().list().await.unwrap_err().status(), Some(503));
    assert!(node.inspect().await.unwrap().manager_status.is_none());
    cluster.ready(3).await;
}
