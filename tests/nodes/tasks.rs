//! Tasks on several nodes.

use std::collections::HashSet;

use dockerclient::models::{ContainerSummary, NodeAvailability, Task};

use crate::{
    cluster::Cluster,
    swarm::engine::{Manager, poll},
};

/// The ids of the nodes of tasks.
fn nodes(tasks: &[Task]) -> HashSet<&str> {
    tasks.iter().map(|task| &*task.node_id).collect()
}

/// The running containers of a service on one node.
async fn containers(node: &Manager, service: &str) -> Vec<ContainerSummary> {
    node.containers().list().label(format!("com.docker.swarm.service.name={service}")).await.unwrap()
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn tasks_of_a_drained_node_move_to_others() {
    let cluster = Cluster::with_managers(1).await;
    let manager = &cluster[1];
    let name = manager.removed("services");
    let service = manager.create_service(&name, "echo started").replicas(3).await.unwrap().service;
    let tasks = manager.running(&name, 3).await;
    let ids = cluster.ids().await;
    assert_eq!(nodes(&tasks), ids.iter().map(|id| &**id).collect());

    let node = manager.node(&ids[1]);
    node.update(|spec| spec.availability = Some(NodeAvailability::Drain)).await.unwrap();
    let tasks = manager.running_if(&name, 3, |task| task.node_id != ids[1]).await;
    assert_eq!(nodes(&tasks), [&*ids[0], &*ids[2]].into());
    poll("no container on the node", async || cluster[2].containers().list().await.unwrap().is_empty().then_some(()))
        .await;

    node.update(|spec| spec.availability = Some(NodeAvailability::Active)).await.unwrap();
    service.scale(6).await.unwrap();
    let tasks = manager.running(&name, 6).await;
    assert_eq!(tasks.iter().filter(|task| task.node_id == ids[1]).count(), 2);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn global_service_has_one_task_on_each_of_three_nodes() {
    let cluster = Cluster::with_managers(1).await;
    let name = cluster[1].removed("services");
    cluster[1].create_service(&name, "echo started").global().await.unwrap();
    let tasks = cluster[1].running(&name, 3).await;
    assert_eq!(nodes(&tasks), cluster.ids().await.iter().map(|id| &**id).collect());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn logs_of_a_task_on_another_node() {
    let cluster = Cluster::with_managers(1).await;
    let name = cluster[1].removed("services");
    let id = cluster[3].node_id().await;
    let create = cluster[1].create_service(&name, "echo to stdout; echo to stderr >&2");
    let service = create.constraint(format!("node.id=={id}")).await.unwrap().service;
    let task = cluster[1].running(&name, 1).await.remove(0);
    assert_eq!(task.node_id, id);
    assert_eq!(containers(&cluster[3], &name).await.len(), 1);
    assert!(containers(&cluster[1], &name).await.is_empty());
    let mut lines = task.handle(&cluster[1]).logs().follow(true).stderr(false).await.unwrap().lines();
    assert_eq!(lines.try_next().await.unwrap().unwrap().text(), "to stdout");
    let output = task.handle(&cluster[1]).logs().await.unwrap().capture().await.unwrap();
    assert_eq!((&*output.stdout_text(), &*output.stderr_text()), ("to stdout\n", "to stderr\n"));
    let output = service.logs().details(true).await.unwrap().capture().await.unwrap();
    assert!(output.stdout_text().contains(&format!("com.docker.swarm.node.id={id}")), "{}", output.stdout_text());
}
