//! Monitors with filters.

use std::time::Duration;

use dockerclient::{
    ApiVersion,
    containers::Container,
    models::ContainerSummary,
    monitor::{ContainerUpdate, EventUpdate, StatsUpdate},
};
use futures_util::{Stream, StreamExt as _};

use crate::engine::{Engine, version};

/// The API version that introduced labels.
const LABELS: ApiVersion = ApiVersion::new(1, 18);

/// Returns the next update of a monitor that must not end.
async fn next<U>(monitor: &mut (impl Stream<Item = U> + Unpin)) -> U {
    let update = tokio::time::timeout(Duration::from_secs(60), monitor.next()).await;
    update.expect("an update within a minute").expect("the monitor continues")
}

/// Starts a container without the label, and one with it.
async fn start_two(engine: &Engine, label: &str) -> (Container, Container) {
    let other = engine.running().await;
    let own = engine.create_with("while true; do sleep 0.05; done", |create| create.label(label, "")).await;
    own.start().await.unwrap();
    (other, own)
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn container_monitor_filters_by_label() {
    if version() < LABELS {
        return;
    }
    let engine = Engine::under_test().await;
    let label = engine.name("watched");
    let mut monitor = engine.containers().monitor().label(&*label);
    assert!(matches!(next(&mut monitor).await, ContainerUpdate::Connected));
    let (_other, own) = start_two(&engine, &label).await;
    let is_own = |update: &ContainerUpdate| match update {
        ContainerUpdate::Connected => true,
        ContainerUpdate::Snapshot(list) => list.iter().all(|container| container.id == own.id()),
        ContainerUpdate::Appeared(container)
        | ContainerUpdate::Changed(container)
        | ContainerUpdate::Restarted(container) => container.id == own.id(),
        ContainerUpdate::Removed(id) => id == own.id(),
        _ => false,
    };
    while !monitor.view().get(own.id()).is_some_and(|container| container.status.starts_with("Up")) {
        let update = next(&mut monitor).await;
        assert!(is_own(&update), "{update:?}");
    }
    assert_eq!(monitor.view().len(), 1);
    own.remove().force(true).await.unwrap();
    while !monitor.view().is_empty() {
        let update = next(&mut monitor).await;
        assert!(is_own(&update), "{update:?}");
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn container_monitor_filters_by_name() {
    if version() < LABELS {
        return;
    }
    let engine = Engine::under_test().await;
    let label = engine.name("named");
    let (_other, own) = start_two(&engine, &label).await;
    let name = own.inspect().await.unwrap().name().to_owned();
    let mut monitor = engine.containers().monitor().name(format!("^/?{name}$"));
    while monitor.view().is_empty() {
        let update = next(&mut monitor).await;
        assert!(!matches!(update, ContainerUpdate::Disconnected { .. }), "{update:?}");
    }
    assert_eq!(monitor.view().keys().collect::<Vec<_>>(), [own.id()]);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn stats_monitor_filters_by_label() {
    if version() < LABELS {
        return;
    }
    let engine = Engine::under_test().await;
    let label = engine.name("measured");
    let (_other, own) = start_two(&engine, &label).await;
    let mut monitor = engine.containers().monitor_stats().label(&*label);
    let (mut samples, mut ended) = (0, false);
    while !ended {
        match next(&mut monitor).await {
            StatsUpdate::Connected => {}
            StatsUpdate::Began(container) => assert_eq!(container.id, own.id()),
            StatsUpdate::Sample(sample) => {
                assert_eq!(sample.container.id, own.id());
                samples += 1;
                if samples == 2 {
                    assert!(sample.cpu_percent.is_some(), "{sample:?}");
                    own.kill().await.unwrap();
                }
            }
            StatsUpdate::Ended(container) => {
                assert_eq!(container.id, own.id());
                ended = true;
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(samples >= 2);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn event_monitor_of_a_container_ignores_other_containers() {
    if version() < LABELS {
        return;
    }
    let engine = Engine::under_test().await;
    let (other, own) = (engine.create("true").await, engine.create("true").await);
    let mut monitor = engine.events().container(own.id()).monitor();
    assert!(matches!(next(&mut monitor).await, EventUpdate::Connected));
    for container in [&other, &own] {
        container.start().await.unwrap();
        container.wait().await.unwrap();
    }
    let mut actions = Vec::new();
    while !actions.contains(&"die".to_owned()) {
        match next(&mut monitor).await {
            EventUpdate::Event(event) => {
                assert_eq!(event.id, own.id(), "{event:?}");
                actions.push(event.action);
            }
            other => panic!("{other:?}"),
        }
    }
    assert!(actions.contains(&"start".to_owned()), "{actions:?}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn container_monitor_reports_networks_of_a_running_container() {
    // Lists have networks since this version.
    if version() < ApiVersion::new(1, 22) {
        return;
    }
    let engine = Engine::under_test().await;
    let label = engine.name("connected");
    let (_other, own) = start_two(&engine, &label).await;
    let name = engine.name("network");
    engine.remove_later(format!("/networks/{name}"));
    let network = engine.networks().create(&*name).await.unwrap().network;
    let mut monitor = engine.containers().monitor().label(&*label);
    let mut until_connected = async |expected: bool| {
        let is_connected = |container: &ContainerSummary| container.network_settings.networks.contains_key(&name);
        while monitor.view().get(own.id()).is_none_or(|container| is_connected(container) != expected) {
            let update = next(&mut monitor).await;
            assert!(!matches!(update, ContainerUpdate::Disconnected { .. }), "{update:?}");
        }
    };
    until_connected(false).await;
    // Docker sends the event before lists show its effect.
    let ((), connected) = tokio::join!(until_connected(true), network.connect(own.id()));
    connected.unwrap();
    let ((), disconnected) = tokio::join!(until_connected(false), network.disconnect(own.id()));
    disconnected.unwrap();
}
