//! The service monitor.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

use dockerclient::monitor::{self, RetryPolicy, ServiceMonitor, ServiceUpdate};
use dockerclient_testkit::{FakeEngine, Latch, Response};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::{
    sync::{broadcast, mpsc},
    time::Instant,
};

use super::{History, ended_stream, is_live, open_stream, parameter, pong, retry_quickly, with_events, without_events};

const NO_LEADER: &str = r#"{"message":"rpc error: code = Unknown desc = The swarm does not have a leader."}"#;

fn event(action: &str, id: &str) -> String {
    format!(r#"{{"Type":"service","Action":"{action}","Actor":{{"ID":"{id}"}},"scope":"swarm","time":100}}"#)
}

/// A list of services with these ids and versions.
fn list(services: &[(&str, usize)]) -> Response {
    let service = |(id, version): &(&str, usize)| format!(r#"{{"ID":"{id}","Version":{{"Index":{version}}}}}"#);
    Response::json(200, &format!("[{}]", services.iter().map(service).collect::<Vec<_>>().join(",")))
}

fn describe(update: ServiceUpdate) -> String {
    match update {
        ServiceUpdate::Snapshot(list) => format!("{} listed", list.len()),
        ServiceUpdate::Appeared(service) => format!("+{}", service.id),
        ServiceUpdate::Changed(service) => format!("{}: {}", service.id, service.version.index),
        ServiceUpdate::Removed(id) => format!("-{id}"),
        ServiceUpdate::Connected => "connected".to_owned(),
        ServiceUpdate::Disconnected { retry_in: Some(_), .. } => "disconnected".to_owned(),
        ServiceUpdate::Disconnected { error, retry_in: None } => format!("gave up: {error}"),
        other => panic!("{other:?}"),
    }
}

/// Descriptions of the next `count` updates of a monitor.
async fn next_updates(monitor: &mut ServiceMonitor, count: usize) -> Vec<String> {
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

/// The lines of the list requests of an engine.
fn list_requests(engine: &FakeEngine) -> Vec<String> {
    engine.request_lines().lines().filter(|line| line.contains("/services")).map(str::to_owned).collect()
}

#[tokio::test(start_paused = true)]
async fn service_monitor_returns_a_snapshot_then_changes() {
    let sender = broadcast::Sender::new(1);
    let engine = listing(&sender, |count| match count {
        0 => list(&[("a", 1), ("b", 1)]),
        1 => list(&[("a", 2), ("b", 1), ("c", 2)]),
        _ => list(&[("a", 2), ("c", 2)]),
    });
    let docker = engine.client("1.41");
    let mut monitor = docker.services().monitor().poll_interval(None);
    assert_eq!(next_updates(&mut monitor, 2).await, ["connected", "2 listed"]);
    sender.send(event("update", "a")).unwrap();
    assert_eq!(next_updates(&mut monitor, 2).await, ["a: 2", "+c"]);
    sender.send(event("remove", "b")).unwrap();
    assert_eq!(next_updates(&mut monitor, 1).await, ["-b"]);
    assert_eq!(monitor.view().keys().collect::<Vec<_>>(), ["a", "c"]);
    let events = engine.requests().into_iter().find(is_live).unwrap();
    assert!(events.line.contains("filters=%7B%22type%22%3A%5B%22service%22%5D%7D"), "{}", events.line);
}

#[tokio::test(start_paused = true)]
async fn event_during_a_list_causes_another_list() {
    let (sender, latch) = (broadcast::Sender::new(1), Latch::new());
    let first = latch.clone();
    let engine = listing(&sender, move |count| match count {
        0 => list(&[("a", 1)]).waits_for(&first),
        _ => list(&[("a", 2)]),
    });
    let mut monitor = engine.client("1.41").services().monitor().poll_interval(None);
    assert_eq!(next_updates(&mut monitor, 1).await, ["connected"]);
    assert!(tokio::time::timeout(Duration::from_secs(1), monitor.next()).await.is_err());
    sender.send(event("update", "a")).unwrap();
    assert!(tokio::time::timeout(Duration::from_secs(1), monitor.next()).await.is_err());
    assert_eq!(list_requests(&engine).len(), 1);
    latch.open();
    assert_eq!(next_updates(&mut monitor, 2).await, ["1 listed", "a: 2"]);
}

#[tokio::test(start_paused = true)]
async fn reconnect_finds_service_changes_missed_while_disconnected() {
    let engine = listing(&broadcast::Sender::new(1), |count| match count {
        0 => list(&[("a", 1), ("b", 1)]),
        1 => Response::text(500, "not now\n"),
        _ => list(&[("a", 1), ("c", 3)]),
    });
    let docker = engine.client("1.41");
    let mut monitor = docker.services().monitor();
    assert_eq!(next_updates(&mut monitor, 2).await, ["connected", "2 listed"]);
    engine.kill();
    assert_eq!(next_updates(&mut monitor, 1).await, ["disconnected"]);
    engine.start();
    let mut words = Vec::new();
    while words.last().is_none_or(|word| word != "+c") {
        words.extend(next_updates(&mut monitor, 1).await);
    }
    assert_eq!(words[words.len() - 5..], ["connected", "disconnected", "connected", "-b", "+c"]);
    assert_eq!(monitor.view().keys().collect::<Vec<_>>(), ["a", "c"]);
}

#[tokio::test(start_paused = true)]
async fn swarm_without_a_leader_is_reported_and_retried() {
    let sender = broadcast::Sender::new(1);
    let engine = listing(&sender, |count| match count {
        0 => list(&[("a", 1)]),
        1..4 => Response::json(503, NO_LEADER),
        _ => list(&[("a", 1), ("b", 5)]),
    });
    let mut monitor = engine.client("1.41").services().monitor().poll_interval(None);
    assert_eq!(next_updates(&mut monitor, 2).await, ["connected", "1 listed"]);
    sender.send(event("update", "a")).unwrap();
    let updates = next_updates(&mut monitor, 5).await;
    assert_eq!(updates, ["disconnected", "disconnected", "disconnected", "connected", "+b"]);
}

#[tokio::test(start_paused = true)]
async fn gap_in_the_event_stream_causes_a_list() {
    // The engine drops b from the stream, and keeps it in its history.
    let (kept, sent) = (History::new([(100, "a"), (100, "b"), (100, "c")]), History::new([(100, "a"), (100, "c")]));
    let is_checked = AtomicBool::new(false);
    let engine = FakeEngine::scripted(move |request| match request {
        request if is_live(request) => open_stream(sent.replay(request)),
        request if request.line.contains("/events") => {
            // Later than the time of the connection.
            is_checked.fetch_or(parameter(request, "until") == Some(101), Ordering::Relaxed);
            ended_stream(kept.replay(request))
        }
        request if request.line.contains("/services") => {
            list(&[("a", if is_checked.load(Ordering::Relaxed) { 2 } else { 1 })])
        }
        _ => pong(),
    });
    let mut monitor = engine.client("1.41").services().monitor().poll_interval(None);
    assert_eq!(next_updates(&mut monitor, 3).await, ["connected", "1 listed", "a: 2"]);
}

#[tokio::test(start_paused = true)]
async fn services_are_polled_at_an_interval() {
    for (version, seconds) in [("1.24", 5), ("1.29", 5), ("1.30", 30), ("1.41", 30)] {
        let engine = listing(&broadcast::Sender::new(1), |count| list(&[("a", count)]));
        let docker = engine.client(version);
        let mut monitor = docker.services().monitor();
        assert_eq!(next_updates(&mut monitor, 2).await, ["connected", "1 listed"]);
        let begin = Instant::now();
        assert_eq!(next_updates(&mut monitor, 2).await, ["a: 1", "a: 2"]);
        assert_eq!(begin.elapsed().as_secs(), 2 * seconds, "{version}");

        let mut monitor = docker.services().monitor().poll_interval(Duration::from_secs(2));
        next_updates(&mut monitor, 2).await;
        let begin = Instant::now();
        next_updates(&mut monitor, 1).await;
        assert_eq!(begin.elapsed().as_secs(), 2, "{version}");

        let mut monitor = docker.services().monitor().poll_interval(None);
        next_updates(&mut monitor, 2).await;
        let more = tokio::time::timeout(Duration::from_secs(600), monitor.next()).await;
        assert!(more.is_err(), "{more:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn service_monitor_sends_its_filters_with_every_list() {
    let engine = listing(&broadcast::Sender::new(1), |count| list(&[("a", count)]));
    let docker = engine.client("1.41");
    let mut monitor = docker.services().monitor().label("app=web").status(true);
    assert_eq!(next_updates(&mut monitor, 3).await, ["connected", "1 listed", "a: 1"]);
    let line = "GET /v1.41/services?filters=%7B%22label%22%3A%5B%22app%3Dweb%22%5D%7D&status=true";
    assert_eq!(list_requests(&engine), [line, line]);
    let filtered =
        docker.services().monitor().name("w").id("f").mode("global").runtime("plugin").filters([("a", ["b"])]);
    let debug = format!("{filtered:?}");
    for filter in [r#""name": {"w"}"#, r#""id": {"f"}"#, r#""mode": {"global"}"#, r#""runtime": {"plugin"}"#] {
        assert!(debug.contains(filter), "{filter}: {debug}");
    }
}

#[tokio::test]
async fn service_monitor_ends_with_the_error_of_a_filter() {
    let engine = listing(&broadcast::Sender::new(1), |_| Response::text(400, "invalid filter\n"));
    let docker = engine.client("1.24");
    let updates: Vec<String> = docker.services().monitor().filter("colour", "red").map(describe).collect().await;
    assert_eq!(updates.len(), 2, "{updates:?}");
    assert!(updates[1].starts_with("gave up: failed to list services: "), "{updates:?}");
    let updates: Vec<String> = docker.services().monitor().mode("global").map(describe).collect().await;
    assert!(updates[1].contains("1.29") && updates.len() == 2, "{updates:?}");
    assert!(!engine.request_lines().contains("mode"), "it is not sent");
}

#[tokio::test]
async fn service_monitor_gives_up_after_the_last_attempt() {
    let engine = listing(&broadcast::Sender::new(1), |_| Response::json(503, NO_LEADER));
    let policy = retry_quickly().attempts(2);
    let updates: Vec<String> = engine.client("1.41").services().monitor().retry(policy).map(describe).collect().await;
    assert_eq!(updates[..3], ["connected", "disconnected", "disconnected"]);
    assert!(updates[3].starts_with("gave up: ") && updates[3].contains("does not have a leader"), "{updates:?}");
    assert_eq!((updates.len(), list_requests(&engine).len()), (4, 3));
    engine.kill();
    let monitor = engine.client("1.41").services().monitor().retry(RetryPolicy::default().attempts(0));
    assert_eq!(monitor.count().await, 1, "the engine cannot be reached");
}

#[tokio::test]
async fn service_monitor_next_is_cancel_safe() {
    let engine = listing(&broadcast::Sender::new(1), |count| match count {
        0 => Response::json(503, NO_LEADER),
        1 => list(&[("a", 1)]),
        _ => list(&[("b", 1)]),
    });
    let monitor = engine.client("1.41").services().monitor().retry(retry_quickly());
    let mut monitor = monitor.poll_interval(Duration::from_millis(1));
    let mut updates = Vec::new();
    while updates.len() < 6 {
        match monitor.next().now_or_never() {
            Some(update) => updates.push(describe(update.unwrap())),
            None => tokio::time::sleep(Duration::from_micros(100)).await,
        }
    }
    assert_eq!(updates, ["connected", "disconnected", "connected", "1 listed", "-a", "+b"]);
}

#[tokio::test]
async fn dropped_service_monitor_closes_its_connections() {
    let engine = without_events(|_| list(&[]));
    let docker = engine.client("1.41");
    let mut monitor = docker.services().monitor();
    assert_eq!(next_updates(&mut monitor, 2).await, ["connected", "0 listed"]);
    drop((monitor, docker));
    engine.all_connections_closed().await;
}

#[tokio::test]
async fn service_monitor_calls_a_callback() {
    let engine = without_events(|_| list(&[("a", 1)]));
    let (sender, mut received) = mpsc::unbounded_channel();
    let handle = monitor::run(engine.client("1.41").services().monitor(), move |update| {
        sender.send(describe(update)).unwrap();
        std::future::ready(())
    });
    assert_eq!(received.recv().await.unwrap(), "connected");
    assert_eq!(received.recv().await.unwrap(), "1 listed");
    handle.stop().await;
}
