//! Node methods.

use dockerclient::{
    models::{NodeAvailability, NodeRole, NodeState, Reachability},
    nodes::ListNodes,
};

use crate::engine::{Manager, is_out_of_sequence, poll, supported_since};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn node_is_inspected_and_listed_by_filters() {
    let docker = Manager::under_test().await;
    let id = docker.node_id().await;
    let node = docker.node(&id).inspect().await.unwrap();
    assert_eq!(
        (&*node.id, &node.status.state, &node.spec.role),
        (&*id, &Some(NodeState::Ready), &Some(NodeRole::Manager))
    );
    assert_eq!(node.description.engine.engine_version, docker.version().await.unwrap().version);
    let manager = node.manager_status.unwrap();
    assert_eq!(
        (&*manager.addr, manager.leader, manager.reachability),
        ("127.0.0.1:2377", true, Some(Reachability::Reachable))
    );

    let list = || docker.nodes().list();
    let listed = async |list: ListNodes| list.await.map(|nodes| nodes.iter().any(|node| node.id == id));
    assert!(listed(list()).await.unwrap());
    assert!(listed(list().id(&id[..5]).name(&*node.description.hostname).role("manager")).await.unwrap());
    assert!(!listed(list().role(NodeRole::Worker)).await.unwrap());
    assert!(!listed(list().label("missing=label")).await.unwrap());
    docker.node(&id).update(|spec| drop(spec.labels.insert("disk".into(), "ssd".into()))).await.unwrap();
    assert_ne!(supported_since(40, listed(list().node_label("disk=ssd")).await), Some(false));
    docker.node(&id).update(|spec| spec.labels.clear()).await.unwrap();
    assert_ne!(supported_since(40, listed(list().node_label("disk")).await), Some(true));
    // Each update sets the membership to "pending".
    assert!(listed(list().membership("pending")).await.unwrap());
    assert!(!listed(list().membership("accepted")).await.unwrap());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn node_update_drains_and_activates_the_node() {
    let docker = Manager::under_test().await;
    let node = docker.node(docker.node_id().await);
    let name = docker.removed("services");
    docker.create_service(&name, "echo started").replicas(2).await.unwrap();
    docker.running(&name, 2).await;
    node.update(|spec| spec.availability = Some(NodeAvailability::Drain)).await.unwrap();
    assert_eq!(node.inspect().await.unwrap().spec.availability, Some(NodeAvailability::Drain));
    // New tasks are created, and wait for a node.
    poll("no task on the node", async || {
        let tasks = docker.tasks().list().service(&*name).desired_state("running").await.unwrap();
        tasks.iter().all(|task| task.node_id.is_empty()).then_some(())
    })
    .await;
    node.update(|spec| spec.availability = Some(NodeAvailability::Active)).await.unwrap();
    docker.running(&name, 2).await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn node_replace_of_an_older_version_is_out_of_sequence() {
    let docker = Manager::under_test().await;
    let node = docker.node(docker.node_id().await);
    let old = node.inspect().await.unwrap();
    node.update(|spec| drop(spec.labels.insert("disk".into(), "ssd".into()))).await.unwrap();
    assert!(is_out_of_sequence(node.replace(old.version.index, old.spec.clone()).await));
    let current = node.inspect().await.unwrap();
    assert_eq!(current.spec.labels["disk"], "ssd");
    node.replace(current.version.index, old.spec).await.unwrap();
    assert!(node.inspect().await.unwrap().spec.labels.is_empty());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn node_remove_of_the_last_manager_is_an_error() {
    let docker = Manager::under_test().await;
    let node = docker.node(docker.node_id().await);
    for error in [node.remove().await.unwrap_err(), node.remove().force(true).await.unwrap_err()] {
        assert!(matches!(error.status(), Some(400 | 500)), "{error}");
    }
    assert!(node.exists().await.unwrap());
    let missing = docker.node("missing");
    assert_eq!(missing.try_inspect().await.unwrap(), None);
    assert!(!missing.exists().await.unwrap());
    assert!(missing.remove().await.unwrap_err().is_not_found());
    assert!(missing.update(|_| {}).await.unwrap_err().is_not_found());
}
