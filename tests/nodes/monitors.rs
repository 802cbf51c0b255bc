//! Monitors of a swarm whose leader fails.

use std::{collections::BTreeSet, time::Duration};

use dockerclient::{
    models::NodeState,
    monitor::{NodeMonitor, NodeUpdate, ServiceMonitor, ServiceUpdate},
};
use tokio::time::timeout;

use crate::{
    cluster::Cluster,
    quorum::leader,
    swarm::engine::{Manager, poll},
};

/// Time limit for elections, and for the detection of nodes that are down.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Waits until the nodes of a monitor satisfy a condition. The list can fail while there is no leader.
async fn nodes_until(monitor: &mut NodeMonitor, condition: impl Fn(&NodeMonitor) -> bool) {
    let waiting = async {
        while !condition(monitor) {
            if let NodeUpdate::Disconnected { error, .. } = monitor.next().await.unwrap() {
                assert!(error.is_server_error(), "{error}");
            }
        }
    };
    timeout(TIMEOUT, waiting).await.unwrap();
}

/// Waits until a monitor has the service, or no longer.
async fn service_until(monitor: &mut ServiceMonitor, id: &str, exists: bool) {
    let waiting = async {
        while monitor.view().contains_key(id) != exists {
            if let ServiceUpdate::Disconnected { error, .. } = monitor.next().await.unwrap() {
                assert!(error.is_server_error(), "{error}");
            }
        }
    };
    timeout(TIMEOUT, waiting).await.unwrap();
}

fn has_state(monitor: &NodeMonitor, id: &str, state: &NodeState) -> bool {
    monitor.view().get(id).is_some_and(|node| node.status.state.as_ref() == Some(state))
}

/// The leader according to a monitor.
fn leader_of(monitor: &NodeMonitor) -> Option<&str> {
    let nodes = monitor.view().values();
    nodes.filter(|node| node.manager_status.as_ref().is_some_and(|manager| manager.leader)).map(|node| &*node.id).next()
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn monitors_continue_after_the_leader_was_killed() {
    let cluster = Cluster::with_managers(3).await;
    let ids = cluster.ids().await;
    let lost = leader(&cluster.ready(3).await).unwrap().to_owned();
    let (number, others): (Vec<_>, Vec<_>) = (1..=3).partition(|number| ids[number - 1] == lost);
    let manager: &Manager = &cluster[others[0]];
    let mut nodes = manager.nodes().monitor();
    let mut services = manager.services().monitor();
    nodes_until(&mut nodes, |monitor| leader_of(monitor) == Some(&lost)).await;
    let name = manager.removed("services");
    let before = manager.create_service(&name, "echo started").await.unwrap().service;
    service_until(&mut services, before.id(), true).await;

    cluster.kill(number[0]).await;
    let has_new_leader = |monitor: &NodeMonitor| leader_of(monitor).is_some_and(|leader| leader != lost);
    nodes_until(&mut nodes, |monitor| has_state(monitor, &lost, &NodeState::Down) && has_new_leader(monitor)).await;
    let name = manager.removed("services");
    let create = || manager.create_service(&name, "echo started").send();
    let after = poll("a service that is created", async || create().await.ok()).await.service;
    service_until(&mut services, after.id(), true).await;
    poll("a service that is removed", async || before.remove().await.ok()).await;
    service_until(&mut services, before.id(), false).await;

    cluster.start(number[0]).await;
    nodes_until(&mut nodes, |monitor| has_state(monitor, &lost, &NodeState::Ready)).await;
    let listed: BTreeSet<String> =
        manager.services().list().await.unwrap().into_iter().map(|service| service.id).collect();
    assert!(listed.iter().eq(services.view().keys()), "{listed:?}");
}
