//! The node monitor.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use dockerclient::monitor::{NodeMonitor, NodeUpdate};
use dockerclient_testkit::{FakeEngine, Response};
use futures_util::StreamExt as _;
use tokio::sync::broadcast;

use super::{is_live, retry_quickly, with_events};

fn event(action: &str, id: &str) -> String {
    format!(r#"{{"Type":"node","Action":"{action}","Actor":{{"ID":"{id}"}},"scope":"swarm","time":100}}"#)
}

/// A list of nodes with these ids and states. The first one is the leader.
fn list(nodes: &[(&str, &str)]) -> Response {
    let nodes = nodes.iter().enumerate().map(|(index, (id, state))| {
        let manager = if index == 0 { r#"{"Leader":true,"Reachability":"reachable"}"# } else { "null" };
        format!(r#"{{"ID":"{id}","Status":{{"State":"{state}"}},"ManagerStatus":{manager}}}"#)
    });
    Response::json(200, &format!("[{}]", nodes.collect::<Vec<_>>().join(",")))
}

fn describe(update: NodeUpdate) -> String {
    match update {
        NodeUpdate::Snapshot(list) => format!("{} listed", list.len()),
        NodeUpdate::Appeared(node) => format!("+{}", node.id),
        NodeUpdate::Changed(node) => {
            let leader = if node.manager_status.is_some_and(|manager| manager.leader) { ", leader" } else { "" };
            format!("{}: {}{leader}", node.id, node.status.state.map_or_else(String::new, |state| state.to_string()))
        }
        NodeUpdate::Removed(id) => format!("-{id}"),
        NodeUpdate::Connected => "connected".to_owned(),
        NodeUpdate::Disconnected { error, retry_in: Some(_) } => error.status().unwrap_or_default().to_string(),
        NodeUpdate::Disconnected { error, retry_in: None } => format!("gave up: {error}"),
        other => panic!("{other:?}"),
    }
}

/// Descriptions of the next `count` updates of a monitor.
async fn next_updates(monitor: &mut NodeMonitor, count: usize) -> Vec<String> {
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
async fn node_monitor_returns_a_snapshot_then_changes() {
    let sender = broadcast::Sender::new(1);
    let engine = listing(&sender, |count| match count {
        0 => list(&[("a", "ready"), ("b", "ready")]),
        1 => list(&[("a", "ready"), ("b", "down"), ("c", "ready")]),
        _ => list(&[("a", "ready"), ("c", "ready")]),
    });
    let mut monitor = engine.client("1.41").nodes().monitor().poll_interval(None);
    assert_eq!(next_updates(&mut monitor, 2).await, ["connected", "2 listed"]);
    sender.send(event("update", "b")).unwrap();
    assert_eq!(next_updates(&mut monitor, 2).await, ["b: down", "+c"]);
    sender.send(event("remove", "b")).unwrap();
    assert_eq!(next_updates(&mut monitor, 1).await, ["-b"]);
    assert_eq!(monitor.view().keys().collect::<Vec<_>>(), ["a", "c"]);
    let events = engine.requests().into_iter().find(is_live).unwrap();
    assert!(events.line.contains("filters=%7B%22type%22%3A%5B%22node%22%5D%7D"), "{}", events.line);
}

#[tokio::test(start_paused = true)]
async fn node_monitor_detects_a_new_leader_without_events() {
    let engine = listing(&broadcast::Sender::new(1), |count| match count {
        0 => list(&[("a", "ready"), ("b", "ready")]),
        _ => list(&[("b", "ready"), ("a", "ready")]),
    });
    let mut monitor = engine.client("1.41").nodes().monitor().poll_interval(Duration::from_secs(1));
    assert_eq!(next_updates(&mut monitor, 4).await, ["connected", "2 listed", "b: ready, leader", "a: ready"]);
}

#[tokio::test]
async fn node_monitor_waits_until_the_engine_is_a_manager() {
    for (version, status) in [("1.24", 406), ("1.41", 503)] {
        let engine = listing(&broadcast::Sender::new(1), move |count| match count {
            0..2 => Response::json(status, r#"{"message":"This node is not a swarm manager."}"#),
            _ => list(&[("a", "ready")]),
        });
        let mut monitor = engine.client(version).nodes().monitor().retry(retry_quickly());
        let status = status.to_string();
        assert_eq!(next_updates(&mut monitor, 5).await, ["connected", &*status, &*status, "connected", "1 listed"]);
    }
}

#[tokio::test(start_paused = true)]
async fn node_monitor_sends_its_filters_with_every_list() {
    let engine = listing(&broadcast::Sender::new(1), |count| match count {
        0 => list(&[("a", "ready")]),
        _ => list(&[]),
    });
    let docker = engine.client("1.41");
    let mut monitor = docker.nodes().monitor().role("worker").node_label("rack");
    assert_eq!(next_updates(&mut monitor, 3).await, ["connected", "1 listed", "-a"]);
    let lines = engine.request_lines();
    let lists: Vec<&str> = lines.lines().filter(|line| line.contains("/nodes")).collect();
    let line = "GET /v1.41/nodes?filters=%7B%22node.label%22%3A%5B%22rack%22%5D%2C%22role%22%3A%5B%22worker%22%5D%7D";
    assert_eq!(lists, [line, line]);
    let filtered = docker.nodes().monitor().name("w").id("f").label("a").membership("accepted").filters([("b", ["c"])]);
    let debug = format!("{filtered:?}");
    for filter in [r#""name": {"w"}"#, r#""id": {"f"}"#, r#""label": {"a"}"#, r#""membership": {"accepted"}"#] {
        assert!(debug.contains(filter), "{filter}: {debug}");
    }
}
