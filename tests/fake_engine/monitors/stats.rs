//! The stats monitor.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use dockerclient::monitor::{StatsMonitor, StatsUpdate};
use futures_util::StreamExt as _;
use tokio::sync::broadcast;

use super::{
    containers::{container, event, list},
    ended_stream, open_stream, response_head, retry_quickly, with_events, without_events,
};
use dockerclient_testkit::{FakeEngine, Request, Response};

const SAMPLE: &str = r#"{"read":"2026-11-23T21:51:59Z","cpu_stats":{},"memory_stats":{"usage":7},"blkio_stats":{}}"#;

/// The sample of a container that has exited.
const ZEROS: &str = r#"{"read":"0001-01-01T00:00:00Z","cpu_stats":{},"memory_stats":{},"blkio_stats":{}}"#;

fn describe(update: StatsUpdate) -> String {
    match update {
        StatsUpdate::Sample(sample) => sample.container.name().to_owned(),
        StatsUpdate::Began(container) => format!("+{}", container.id),
        StatsUpdate::Ended(container) => format!("-{}", container.id),
        StatsUpdate::Failed { container, retry_in, .. } => {
            format!("{} failed{}", container.id, if retry_in.is_some() { "" } else { " permanently" })
        }
        StatsUpdate::Connected => "connected".to_owned(),
        StatsUpdate::Disconnected { .. } => "disconnected".to_owned(),
        other => panic!("{other:?}"),
    }
}

/// Descriptions of the next `count` updates of a monitor.
async fn next_updates(monitor: &mut StatsMonitor, count: usize) -> Vec<String> {
    monitor.take(count).map(describe).collect().await
}

/// Waits until a monitor has yielded all of these updates, in any order.
async fn wait_for_updates<const N: usize>(monitor: &mut StatsMonitor, all: [&str; N]) {
    let mut awaited = HashSet::from(all);
    while !awaited.is_empty() {
        awaited.remove(&*describe(monitor.next().await.unwrap()));
    }
}

fn is_stats(request: &Request, id: &str) -> bool {
    request.line.contains(&format!("/containers/{id}/stats"))
}

/// An engine with three containers: `a` sends stats, `b` never responds to a request for stats, `c` is not running.
fn with_a_stalled_container() -> FakeEngine {
    without_events(|request| match request {
        request if is_stats(request, "a") => open_stream(SAMPLE.repeat(3)),
        request if is_stats(request, "b") => Response::raw("").then_stall(),
        _ => {
            let b = r#"{"Id":"b","Names":["/other/b","/b"],"Status":"Up 1 second"}"#;
            let (a, c) = (container("a", "Up 1 second"), container("c", "Exited (0) 1 second ago"));
            Response::json(200, &format!("[{a},{b},{c}]"))
        }
    })
}

#[tokio::test]
async fn stalled_container_does_not_block_others() {
    let engine = with_a_stalled_container();
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor_stats();
    assert_eq!(next_updates(&mut monitor, 6).await, ["connected", "+a", "+b", "a", "a", "a"]);
    drop((monitor, docker));
    engine.all_connections_closed().await;
}

#[tokio::test]
async fn stats_monitor_is_limited_to_named_containers() {
    let engine = with_a_stalled_container();
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor_stats().only(["/b", "c"]);
    assert_eq!(next_updates(&mut monitor, 2).await, ["connected", "+b"]);
}

#[tokio::test(start_paused = true)]
async fn stalled_stats_stream_is_reopened() {
    let engine = with_a_stalled_container();
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor_stats().retry(retry_quickly());
    assert_eq!(next_updates(&mut monitor, 6).await, ["connected", "+a", "+b", "a", "a", "a"]);
    let next: HashSet<String> = next_updates(&mut monitor, 5).await.into_iter().collect();
    assert_eq!(next, ["a failed", "b failed", "a"].map(str::to_owned).into());
    let mut unlimited = docker.containers().monitor_stats().only(["a"]).idle_timeout(None);
    assert_eq!(next_updates(&mut unlimited, 5).await, ["connected", "+a", "a", "a", "a"]);
    let more = tokio::time::timeout(Duration::from_secs(100_000), unlimited.next()).await;
    assert!(more.is_err(), "{more:?}");
}

#[tokio::test]
async fn restarted_container_is_monitored_again() {
    let (sender, status) = (broadcast::Sender::new(1), Arc::new(Mutex::new("Up 1 second")));
    let listed = Arc::clone(&status);
    let engine = with_events(&sender, move |request| match request {
        request if request.line.contains("/stats") => open_stream(SAMPLE.to_owned() + ZEROS),
        _ => list(&[("a", *listed.lock().unwrap())]),
    });
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor_stats();
    assert_eq!(next_updates(&mut monitor, 3).await, ["connected", "+a", "a"]);

    *status.lock().unwrap() = "Exited (0) 1 second ago";
    sender.send(event("die", "a")).unwrap();
    assert_eq!(next_updates(&mut monitor, 1).await, ["-a"]);
    *status.lock().unwrap() = "Up 1 second";
    sender.send(event("start", "a")).unwrap();
    assert_eq!(next_updates(&mut monitor, 2).await, ["+a", "a"]);

    // Exit and restart before the next list.
    sender.send(event("die", "a") + &event("start", "a")).unwrap();
    assert_eq!(next_updates(&mut monitor, 3).await, ["-a", "+a", "a"]);
}

#[tokio::test]
async fn renamed_container_has_the_new_name_in_samples() {
    let (sender, name) = (broadcast::Sender::new(1), Arc::new(Mutex::new("web")));
    let (named, samples) = (Arc::clone(&name), broadcast::Sender::new(1));
    let source = samples.clone();
    let engine = with_events(&sender, move |request| match request {
        request if request.line.contains("/stats") => Response::raw(response_head()).then_stream(&source),
        _ => {
            let name = named.lock().unwrap();
            Response::json(200, &format!(r#"[{{"Id":"f43c","Names":["/{name}"],"Status":"Up 1 second"}}]"#))
        }
    });
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor_stats();
    let mut named_web = docker.containers().monitor_stats().only(["web"]);
    assert_eq!(next_updates(&mut monitor, 2).await, ["connected", "+f43c"]);
    assert_eq!(next_updates(&mut named_web, 2).await, ["connected", "+f43c"]);
    *name.lock().unwrap() = "old";
    sender.send(event("rename", "f43c")).unwrap();
    assert_eq!(next_updates(&mut named_web, 1).await, ["-f43c"]);
    // Samples have the old name until the rename event is handled.
    let mut names = HashSet::new();
    while !names.contains("old") {
        // Fails while no stats stream is open.
        let _ = samples.send(SAMPLE.to_owned());
        names.extend(
            tokio::time::timeout(Duration::from_millis(10), next_updates(&mut monitor, 1)).await.unwrap_or_default(),
        );
    }
}

#[tokio::test(start_paused = true)]
async fn stats_resume_after_the_engine_restarts() {
    let engine = without_events(|request| match request {
        request if request.line.contains("/stats") => open_stream(SAMPLE),
        _ => list(&[("a", "Up 1 second"), ("b", "Up 1 second")]),
    });
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor_stats();
    assert_eq!(next_updates(&mut monitor, 3).await, ["connected", "+a", "+b"]);
    next_updates(&mut monitor, 2).await;
    engine.kill();
    wait_for_updates(&mut monitor, ["disconnected", "a failed", "b failed"]).await;
    engine.start();
    wait_for_updates(&mut monitor, ["connected", "a", "b"]).await;
}

#[tokio::test]
async fn ended_stats_stream_is_reopened_and_errors_reported() {
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    let engine = without_events(move |request| match request {
        request if request.line.contains("/stats") => match count.fetch_add(1, Ordering::Relaxed) {
            0 => ended_stream(SAMPLE),
            1 => Response::raw(response_head()).then_close(),
            2 => Response::text(500, "not now\n"),
            _ => open_stream(SAMPLE),
        },
        _ => list(&[("a", "Up 1 second")]),
    });
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor_stats().retry(retry_quickly());
    assert_eq!(next_updates(&mut monitor, 6).await, ["connected", "+a", "a", "a failed", "a failed", "a"]);

    let mut monitor = engine.client("1.16").containers().monitor_stats();
    assert_eq!(
        next_updates(&mut monitor, 3).await,
        ["connected", "+a", "a failed permanently"],
        "stats require API 1.17"
    );
}

#[tokio::test]
async fn one_client_monitors_a_thousand_containers() {
    const COUNT: usize = 1000;
    let engine = without_events(|request| match request {
        request if request.line.contains("/stats") => open_stream(SAMPLE.repeat(2)),
        _ => {
            let all: Vec<String> = (0..COUNT).map(|id| container(&id.to_string(), "Up 1 second")).collect();
            Response::json(200, &format!("[{}]", all.join(",")))
        }
    });
    let docker = engine.client("1.18");
    // Only Linux lists the threads of a process in files.
    let threads = || std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    let mut monitor = docker.containers().monitor_stats().retry(retry_quickly());
    let (mut samples, mut most) = (vec![0; COUNT], 0);
    let before = threads();
    while samples.iter().any(|count| *count < 2) {
        if let StatsUpdate::Sample(sample) = monitor.next().await.unwrap() {
            samples[sample.container.id.parse::<usize>().unwrap()] += 1;
            most = most.max(threads());
        }
    }
    assert!(most <= before + 20, "{before} threads became {most}, of which other tests may have some");
    drop((monitor, docker));
    engine.all_connections_closed().await;
}

#[tokio::test]
async fn stats_monitor_ends_with_the_error_of_a_filter() {
    let engine = without_events(|_| list(&[]));
    let monitor = engine.client("1.18").containers().monitor_stats().ancestor("busybox");
    let updates: Vec<StatsUpdate> = monitor.collect().await;
    assert!(
        matches!(&updates[..], [StatsUpdate::Connected, StatsUpdate::Disconnected { error, retry_in: None }]
        if error.is_unsupported()),
        "{updates:?}"
    );
}
