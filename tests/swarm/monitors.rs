//! Monitors of services and nodes.

use std::{collections::BTreeMap, fmt::Debug, time::Duration};

use dockerclient::{
    models::{Node, NodeAvailability, Service, UpdateState},
    monitor::{NodeMonitor, NodeUpdate, ServiceMonitor, ServiceUpdate},
};
use futures_util::{Stream, StreamExt as _};

use crate::engine::{Manager, poll, restart_engine, supports};

/// Time limit for updates of a monitor.
const TIMEOUT: Duration = Duration::from_secs(90);

/// The poll interval for tests that depend on events: none, unless the API version under test has no events.
fn interval() -> Option<Duration> {
    (!supports(30)).then_some(Duration::from_secs(1))
}

/// Reads updates until one satisfies a condition, and returns it.
async fn update_until<S: Stream<Item: Debug> + Unpin>(
    monitor: &mut S,
    condition: impl Fn(&S::Item) -> bool,
) -> S::Item {
    let found = async {
        let mut seen = Vec::new();
        loop {
            let update = monitor.next().await.unwrap_or_else(|| panic!("the monitor ended: {seen:?}"));
            if condition(&update) {
                return update;
            }
            seen.push(format!("{update:?}"));
        }
    };
    tokio::time::timeout(TIMEOUT, found).await.unwrap_or_else(|_| panic!("no such update within {TIMEOUT:?}"))
}

/// Reads updates until a change of a service satisfies a condition.
async fn changed_service(monitor: &mut ServiceMonitor, condition: impl Fn(&Service) -> bool) {
    update_until(monitor, |update| matches!(update, ServiceUpdate::Changed(service) if condition(service))).await;
}

/// Reads updates until the view of a monitor of services equals a list of the services that begin with `name`.
async fn view_equals_list(docker: &Manager, monitor: &mut ServiceMonitor, name: &str) -> BTreeMap<String, Service> {
    let equal = async {
        loop {
            let listed = docker.services().list().name(name).await.unwrap();
            let listed: BTreeMap<String, Service> =
                listed.into_iter().map(|service| (service.id.clone(), service)).collect();
            if *monitor.view() == listed {
                return listed;
            }
            monitor.next().await.unwrap();
        }
    };
    tokio::time::timeout(TIMEOUT, equal).await.expect("a view that equals the list")
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn service_monitor_returns_changes_of_services() {
    let docker = Manager::under_test().await;
    let name = docker.removed("services");
    let mut monitor = docker.services().monitor().name(&*name).poll_interval(interval());
    update_until(&mut monitor, |update| matches!(update, ServiceUpdate::Connected)).await;
    update_until(&mut monitor, |update| matches!(update, ServiceUpdate::Snapshot(all) if all.is_empty())).await;

    let web = docker.create_service(&name, "echo started").await.unwrap();
    update_until(&mut monitor, |update| matches!(update, ServiceUpdate::Appeared(service) if service.id == web.id()))
        .await;
    web.scale(2).await.unwrap();
    let replicas = |service: &Service| service.spec.mode.replicated.as_ref().and_then(|mode| mode.replicas);
    changed_service(&mut monitor, |service| replicas(service) == Some(2)).await;
    web.update(|spec| spec.container_mut().env.push("GREETING=hello".into())).await.unwrap();
    let state = |service: &Service| service.update_status.as_ref().and_then(|status| status.state.clone());
    let env = |service: &Service| service.spec.task_template.container_spec.clone().unwrap_or_default().env;
    changed_service(&mut monitor, |service| {
        env(service) == ["GREETING=hello"] && state(service) == Some(UpdateState::Completed)
    })
    .await;
    assert_eq!(view_equals_list(&docker, &mut monitor, &name).await.len(), 1);

    docker.remove_later(format!("/services/{name}-other"));
    let other = docker.create_service(&format!("{name}-other"), "echo started").await.unwrap();
    web.remove().await.unwrap();
    update_until(&mut monitor, |update| matches!(update, ServiceUpdate::Removed(id) if id == web.id())).await;
    let listed = view_equals_list(&docker, &mut monitor, &name).await;
    other.remove().await.unwrap();
    assert_eq!(listed.keys().collect::<Vec<_>>(), [other.id()]);
    update_until(&mut monitor, |update| matches!(update, ServiceUpdate::Removed(id) if id == other.id())).await;
    assert!(monitor.view().is_empty());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn service_monitor_returns_numbers_of_tasks() {
    if !supports(41) {
        return;
    }
    let docker = Manager::under_test().await;
    let name = docker.removed("services");
    let mut monitor = docker.services().monitor().name(&*name).status(true).poll_interval(Duration::from_secs(1));
    update_until(&mut monitor, |update| matches!(update, ServiceUpdate::Snapshot(all) if all.is_empty())).await;
    docker.create_service(&name, "echo started").replicas(2).await.unwrap();
    let is_running =
        |service: &Service| service.service_status.as_ref().is_some_and(|status| status.running_tasks == 2);
    update_until(&mut monitor, |update| match update {
        ServiceUpdate::Appeared(service) | ServiceUpdate::Changed(service) => is_running(service),
        _ => false,
    })
    .await;
}

/// Sets the availability of a node, and reads updates until it has changed.
async fn change_availability(docker: &Manager, monitor: &mut NodeMonitor, id: &str, availability: NodeAvailability) {
    let want = availability.clone();
    docker.node(id).update(move |spec| spec.availability = Some(want.clone())).await.unwrap();
    let has = |node: &Node| node.spec.availability.as_ref() == Some(&availability);
    update_until(monitor, |update| matches!(update, NodeUpdate::Changed(node) if has(node))).await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn node_monitor_returns_changes_of_availability() {
    let docker = Manager::under_test().await;
    let id = docker.node_id().await;
    let mut monitor = docker.nodes().monitor().role("manager").poll_interval(interval());
    update_until(&mut monitor, |update| matches!(update, NodeUpdate::Snapshot(all) if all.len() == 1)).await;
    for availability in [NodeAvailability::Drain, NodeAvailability::Active] {
        change_availability(&docker, &mut monitor, &id, availability).await;
    }
    assert_eq!(monitor.view()[&id].spec, docker.node(&id).inspect().await.unwrap().spec);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn monitors_continue_after_a_restart_of_the_engine() {
    let docker = Manager::under_test().await;
    let (name, id) = (docker.removed("services"), docker.node_id().await);
    let web = docker.create_service(&name, "echo started").await.unwrap();
    docker.running(&name, 1).await;
    // The proxy of the other tests has no connection while the engine is stopped.
    let direct = docker.direct();
    let second = Duration::from_secs(1);
    let mut services = direct.services().monitor().name(&*name).poll_interval(second);
    let mut nodes = direct.nodes().monitor().poll_interval(second);
    update_until(&mut services, |update| matches!(update, ServiceUpdate::Snapshot(all) if all.len() == 1)).await;
    update_until(&mut nodes, |update| matches!(update, NodeUpdate::Snapshot(all) if all.len() == 1)).await;
    restart_engine();
    update_until(&mut services, |update| matches!(update, ServiceUpdate::Disconnected { retry_in: Some(_), .. })).await;
    update_until(&mut services, |update| matches!(update, ServiceUpdate::Connected)).await;
    update_until(&mut nodes, |update| matches!(update, NodeUpdate::Disconnected { retry_in: Some(_), .. })).await;
    update_until(&mut nodes, |update| matches!(update, NodeUpdate::Connected)).await;

    // A manager needs some time to elect itself as the leader.
    let labelled = async || web.update(|spec| drop(spec.labels.insert("restarted".into(), "yes".into()))).await.is_ok();
    poll("an update of the service", async || labelled().await.then_some(())).await;
    changed_service(&mut services, |service| service.spec.labels.contains_key("restarted")).await;
    for availability in [NodeAvailability::Drain, NodeAvailability::Active] {
        change_availability(&docker, &mut nodes, &id, availability).await;
    }
    view_equals_list(&docker, &mut services, &name).await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn monitors_wait_until_the_engine_is_a_manager() {
    let docker = Manager::without_swarm().await;
    let mut monitor = docker.nodes().monitor();
    let NodeUpdate::Disconnected { error, .. } =
        update_until(&mut monitor, |update| matches!(update, NodeUpdate::Disconnected { .. })).await
    else {
        unreachable!()
    };
    assert_eq!(error.status(), Some(503), "{error}");
    let _manager = Manager::under_test().await;
    update_until(&mut monitor, |update| matches!(update, NodeUpdate::Connected)).await;
    update_until(&mut monitor, |update| matches!(update, NodeUpdate::Snapshot(all) if all.len() == 1)).await;
}
