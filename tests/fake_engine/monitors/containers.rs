//! The container monitor.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use dockerclient::monitor::{ContainerMonitor, ContainerUpdate, RetryPolicy};
use futures_util::StreamExt as _;
use tokio::sync::broadcast;

use super::{retry_quickly, with_events, without_events};
use dockerclient_testkit::{FakeEngine, Latch, Response};

pub(super) fn container(id: &str, status: &str) -> String {
    format!(r#"{{"Id":"{id}","Names":["/{id}"],"Image":"i","Command":"c","Created":1,"Status":"{status}"}}"#)
}

pub(super) fn event(action: &str, id: &str) -> String {
    format!(r#"{{"status":"{action}","id":"{id}","from":"i","time":100}}"#)
}

pub(super) fn list(containers: &[(&str, &str)]) -> Response {
    let containers: Vec<String> = containers.iter().map(|(id, status)| container(id, status)).collect();
    Response::json(200, &format!("[{}]", containers.join(",")))
}

fn describe(update: ContainerUpdate) -> String {
    match update {
        ContainerUpdate::Snapshot(list) => format!("{} are there", list.len()),
        ContainerUpdate::Appeared(container) => format!("+{}", container.id),
        ContainerUpdate::Changed(container) => format!("{}: {}", container.id, container.status),
        ContainerUpdate::Restarted(container) => format!("{} again", container.id),
        ContainerUpdate::Removed(id) => format!("-{id}"),
        ContainerUpdate::Connected => "connected".to_owned(),
        ContainerUpdate::Disconnected { retry_in: Some(_), .. } => "disconnected".to_owned(),
        ContainerUpdate::Disconnected { error, retry_in: None } => format!("gave up: {error}"),
        other => panic!("{other:?}"),
    }
}

/// Descriptions of the next `count` updates of a monitor.
async fn next_updates(monitor: &mut ContainerMonitor, count: usize) -> Vec<String> {
    monitor.take(count).map(describe).collect().await
}

/// An engine that sends events from `sender`, and responds to the list request number `n` with `lists(n)`.
fn listing(
    sender: &broadcast::Sender<String>,
    lists: impl Fn(usize) -> Response + Send + Sync + 'static,
) -> FakeEngine {
    let count = AtomicUsize::new(0);
    with_events(sender, move |_| lists(count.fetch_add(1, Ordering::Relaxed)))
}

#[tokio::test(start_paused = true)]
async fn reconnect_finds_changes_missed_while_disconnected() {
    let engine = listing(&broadcast::Sender::new(1), |count| match count {
        0 => list(&[("a", "Up 1 second"), ("b", "Up 1 second")]),
        1 => Response::text(500, "not now\n"),
        _ => list(&[("a", "Up 1 minute"), ("c", "Exited (0) 1 second ago")]),
    });
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor();
    assert_eq!(next_updates(&mut monitor, 2).await, ["connected", "2 are there"]);
    engine.kill();
    assert_eq!(next_updates(&mut monitor, 1).await, ["disconnected"]);
    engine.start();
    let mut words = Vec::new();
    while words.last().is_none_or(|word| word != "+c") {
        words.extend(next_updates(&mut monitor, 1).await);
    }
    assert_eq!(words[words.len() - 5..], ["connected", "disconnected", "connected", "-b", "+c"], "a only grew older");
    assert_eq!(monitor.view().keys().collect::<Vec<_>>(), ["a", "c"]);
}

/// Some releases of Podman send the response headers of events with the first event.
#[tokio::test]
async fn snapshot_does_not_wait_for_late_response_headers_of_events() {
    let (latch, count) = (Latch::new(), AtomicUsize::new(0));
    let engine = FakeEngine::scripted({
        let latch = latch.clone();
        move |request| match &*request.line {
            line if line.contains("/events") && !line.contains("until=") => {
                Response::raw(format!("HTTP/1.1 200 OK\r\n\r\n{}", event("start", "b"))).waits_for(&latch).then_stall()
            }
            line if line.contains("/events") => Response::json(200, ""),
            line if line.contains("/containers/json") => match count.fetch_add(1, Ordering::Relaxed) {
                0 => list(&[("a", "Up 1 second")]),
                _ => list(&[("b", "Up 1 second")]),
            },
            _ => Response::json(200, "OK"),
        }
    });
    let docker = engine.client("1.41");
    let mut monitor = docker.containers().monitor();
    assert_eq!(next_updates(&mut monitor, 1).await, ["1 are there"]);
    latch.open();
    assert_eq!(
        next_updates(&mut monitor, 3).await,
        ["connected", "-a", "+b"],
        "what changed before events came is found"
    );
}

#[tokio::test]
async fn failed_list_is_reported_and_retried() {
    let engine = listing(&broadcast::Sender::new(1), |count| match count {
        0 => Response::text(500, "not now\n"),
        _ => list(&[("a", "Up 1 second")]),
    });
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor().retry(retry_quickly());
    assert_eq!(next_updates(&mut monitor, 4).await, ["connected", "disconnected", "connected", "1 are there"]);

    let engine = listing(&broadcast::Sender::new(1), |_| Response::text(500, "not now\n"));
    let monitor = engine.client("1.18").containers().monitor().retry(RetryPolicy::default().attempts(0));
    let updates: Vec<String> = monitor.map(describe).collect().await;
    assert_eq!(updates, ["connected", "gave up: failed to list containers: not now (500)"]);
}

#[tokio::test(start_paused = true)]
async fn exit_that_the_list_shows_late_is_reported() {
    let sender = broadcast::Sender::new(1);
    let engine = listing(&sender, |count| match count {
        0..4 => list(&[("a", "Up 1 second")]),
        _ => list(&[("a", "Exited (0) 1 second ago")]),
    });
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor();
    assert_eq!(next_updates(&mut monitor, 2).await, ["connected", "1 are there"]);
    sender.send(event("die", "a")).unwrap();
    assert_eq!(next_updates(&mut monitor, 1).await, ["a: Exited (0) 1 second ago"]);
}

#[tokio::test(start_paused = true)]
async fn full_list_is_requested_once_after_events() {
    let sender = broadcast::Sender::new(1);
    let engine = listing(&sender, |_| list(&[("a", "Up 1 second")]));
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor();
    assert_eq!(next_updates(&mut monitor, 2).await, ["connected", "1 are there"]);
    sender.send(event("rename", "a")).unwrap();
    let more = tokio::time::timeout(Duration::from_secs(600), monitor.next()).await;
    assert!(more.is_err(), "{more:?}");
    let lines = engine.request_lines();
    let lists = lines.lines().filter(|line| line.contains("/containers/json"));
    assert_eq!(
        lists.collect::<Vec<_>>(),
        [
            "GET /v1.18/containers/json?all=true",
            "GET /v1.18/containers/json?all=true&filters=%7B%22id%22%3A%5B%22a%22%5D%7D",
            "GET /v1.18/containers/json?all=true",
        ]
    );
}

#[tokio::test]
async fn dropped_container_monitor_closes_its_connections() {
    let engine = without_events(|_| list(&[]));
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor();
    assert_eq!(next_updates(&mut monitor, 2).await, ["connected", "0 are there"]);
    drop((monitor, docker));
    engine.all_connections_closed().await;
}

#[tokio::test(start_paused = true)]
async fn container_monitor_sends_its_filters_with_every_list() {
    let sender = broadcast::Sender::new(1);
    let count = AtomicUsize::new(0);
    let engine = with_events(&sender, move |_| match count.fetch_add(1, Ordering::Relaxed) {
        0 => list(&[("a", "Up 1 second")]),
        _ => list(&[]),
    });
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor().label("app=web");
    assert_eq!(next_updates(&mut monitor, 2).await, ["connected", "1 are there"]);
    sender.send(event("rename", "a")).unwrap();
    assert_eq!(next_updates(&mut monitor, 1).await, ["-a"], "a container that no longer matches is removed");
    let lines = engine.request_lines();
    let lists: Vec<&str> = lines.lines().filter(|line| line.contains("/containers/json")).collect();
    assert_eq!(
        lists[..2],
        [
            "GET /v1.18/containers/json?all=true&filters=%7B%22label%22%3A%5B%22app%3Dweb%22%5D%7D",
            "GET /v1.18/containers/json?all=true&filters=%7B%22id%22%3A%5B%22a%22%5D%2C%22label%22%3A%5B%22app%3Dweb%22%5D%7D",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn container_monitor_does_not_add_ids_to_a_filter_by_id() {
    let sender = broadcast::Sender::new(1);
    let engine = listing(&sender, |_| list(&[("a", "Up 1 second")]));
    let mut monitor = engine.client("1.18").containers().monitor().filter("id", "a");
    assert_eq!(next_updates(&mut monitor, 2).await, ["connected", "1 are there"]);
    sender.send(event("start", "b")).unwrap();
    let more = tokio::time::timeout(Duration::from_secs(600), monitor.next()).await;
    assert!(more.is_err(), "{more:?}");
    let lines = engine.request_lines();
    let mut lists = lines.lines().filter(|line| line.contains("/containers/json"));
    assert!(lists.all(|line| line.ends_with("filters=%7B%22id%22%3A%5B%22a%22%5D%7D")), "{lines}");
}

#[tokio::test]
async fn container_monitor_ends_with_the_error_of_a_filter() {
    let engine = listing(&broadcast::Sender::new(1), |_| Response::text(400, "invalid filter\n"));
    let docker = engine.client("1.18");
    let updates: Vec<String> = docker.containers().monitor().filter("colour", "red").map(describe).collect().await;
    assert_eq!(updates.len(), 2, "{updates:?}");
    assert!(updates[1].starts_with("gave up: failed to list containers: "), "{updates:?}");
    let updates: Vec<String> = docker.containers().monitor().ancestor("busybox").map(describe).collect().await;
    assert!(updates[1].contains("1.21") && updates.len() == 2, "{updates:?}");
    assert!(!engine.request_lines().contains("ancestor"), "it is not sent");
}

/// Docker sends the event before lists show its effect.
#[tokio::test(start_paused = true)]
async fn container_is_listed_again_after_its_networks_change() {
    let connected = |network: &str| {
        let networks = format!(r#""NetworkSettings":{{"Networks":{{"{network}":{{}}}}}}"#);
        Response::json(200, &format!(r#"[{{"Id":"a","Names":["/a"],"Status":"Up 1 second",{networks}}}]"#))
    };
    let sender = broadcast::Sender::new(1);
    let engine = listing(&sender, move |count| connected(if count < 2 { "bridge" } else { "back" }));
    let docker = engine.client("1.41");
    let mut monitor = docker.containers().monitor();
    assert_eq!(next_updates(&mut monitor, 2).await, ["connected", "1 are there"]);
    let actor = r#"{"ID":"net","Attributes":{"container":"a"}}"#;
    sender.send(format!(r#"{{"Type":"network","Action":"connect","Actor":{actor},"time":100}}"#)).unwrap();
    assert_eq!(next_updates(&mut monitor, 1).await, ["a: Up 1 second"]);
    assert!(monitor.view()["a"].network_settings.networks.contains_key("back"));
}
