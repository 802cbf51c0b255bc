//! The monitor of statistics.

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
    at_once,
    containers::{container, event, list},
    end, go_on, head, quiet, telling,
};
use dockerclient_testkit::{Engine, Reply, Request};

const SAMPLE: &str = r#"{"read":"2026-11-23T21:51:59Z","cpu_stats":{},"memory_stats":{"usage":7},"blkio_stats":{}}"#;

/// What comes of a container that has ended.
const ZEROS: &str = r#"{"read":"0001-01-01T00:00:00Z","cpu_stats":{},"memory_stats":{},"blkio_stats":{}}"#;

fn word(update: StatsUpdate) -> String {
    match update {
        StatsUpdate::Sample(sample) => sample.name.clone(),
        StatsUpdate::Began(id) => format!("+{id}"),
        StatsUpdate::Ended(id) => format!("-{id}"),
        StatsUpdate::Failed { id, retry_in, .. } => {
            format!("{id} failed{}", if retry_in.is_some() { "" } else { " for good" })
        }
        StatsUpdate::Connected => "connected".to_owned(),
        StatsUpdate::Disconnected { .. } => "disconnected".to_owned(),
        other => panic!("{other:?}"),
    }
}

/// The next things that a monitor tells.
async fn told(monitor: &mut StatsMonitor, count: usize) -> Vec<String> {
    monitor.take(count).map(word).collect().await
}

/// Waits until a monitor has told all of this, in whatever order.
async fn told_all<const N: usize>(monitor: &mut StatsMonitor, all: [&str; N]) {
    let mut awaited = HashSet::from(all);
    while !awaited.is_empty() {
        awaited.remove(&*word(monitor.next().await.unwrap()));
    }
}

fn is_stats(request: &Request, id: &str) -> bool {
    request.line.contains(&format!("/containers/{id}/stats"))
}

/// An engine with the containers `a`, which answers, `b`, which does not, and `c`, which does not run.
fn with_a_silent_container() -> Engine {
    quiet(|request| match request {
        request if is_stats(request, "a") => go_on(SAMPLE.repeat(3)),
        request if is_stats(request, "b") => Reply::raw("").then_say_nothing_more(),
        _ => {
            let b = r#"{"Id":"b","Names":["/other/b","/b"],"Status":"Up 1 second"}"#;
            let (a, c) = (container("a", "Up 1 second"), container("c", "Exited (0) 1 second ago"));
            Reply::json(200, &format!("[{a},{b},{c}]"))
        }
    })
}

#[tokio::test]
async fn a_container_that_does_not_answer_holds_up_no_other() {
    let engine = with_a_silent_container();
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor_stats();
    assert_eq!(told(&mut monitor, 6).await, ["connected", "+a", "+b", "a", "a", "a"]);
    drop((monitor, docker));
    engine.all_hung_up().await;
}

#[tokio::test]
async fn only_containers_that_are_named_are_measured() {
    let engine = with_a_silent_container();
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor_stats().only(["/b", "c"]);
    assert_eq!(told(&mut monitor, 2).await, ["connected", "+b"]);
}

#[tokio::test(start_paused = true)]
async fn a_container_that_falls_silent_is_connected_to_anew() {
    let engine = with_a_silent_container();
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor_stats().retry(at_once());
    assert_eq!(told(&mut monitor, 6).await, ["connected", "+a", "+b", "a", "a", "a"]);
    let next: HashSet<String> = told(&mut monitor, 5).await.into_iter().collect();
    assert_eq!(next, ["a failed", "b failed", "a"].map(str::to_owned).into());
    let mut patient = docker.containers().monitor_stats().only(["a"]).watchdog(None);
    assert_eq!(told(&mut patient, 5).await, ["connected", "+a", "a", "a", "a"]);
    let more = tokio::time::timeout(Duration::from_secs(100_000), patient.next()).await;
    assert!(more.is_err(), "{more:?}");
}

#[tokio::test]
async fn a_container_that_ends_and_starts_again_is_measured_anew() {
    let (news, status) = (broadcast::Sender::new(1), Arc::new(Mutex::new("Up 1 second")));
    let listed = Arc::clone(&status);
    let engine = telling(&news, move |request| match request {
        request if request.line.contains("/stats") => go_on(SAMPLE.to_owned() + ZEROS),
        _ => list(&[("a", *listed.lock().unwrap())]),
    });
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor_stats();
    assert_eq!(told(&mut monitor, 3).await, ["connected", "+a", "a"]);

    *status.lock().unwrap() = "Exited (0) 1 second ago";
    news.send(event("die", "a")).unwrap();
    assert_eq!(told(&mut monitor, 1).await, ["-a"]);
    *status.lock().unwrap() = "Up 1 second";
    news.send(event("start", "a")).unwrap();
    assert_eq!(told(&mut monitor, 2).await, ["+a", "a"]);

    // Quicker than a list.
    news.send(event("die", "a") + &event("start", "a")).unwrap();
    assert_eq!(told(&mut monitor, 3).await, ["-a", "+a", "a"]);
}

#[tokio::test]
async fn a_container_that_gets_another_name_has_it_in_its_samples() {
    let (news, name) = (broadcast::Sender::new(1), Arc::new(Mutex::new("web")));
    let (named, samples) = (Arc::clone(&name), broadcast::Sender::new(1));
    let source = samples.clone();
    let engine = telling(&news, move |request| match request {
        request if request.line.contains("/stats") => Reply::raw(head()).then_tell(&source),
        _ => {
            let name = named.lock().unwrap();
            Reply::json(200, &format!(r#"[{{"Id":"f43c","Names":["/{name}"],"Status":"Up 1 second"}}]"#))
        }
    });
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor_stats();
    let mut named_web = docker.containers().monitor_stats().only(["web"]);
    assert_eq!(told(&mut monitor, 2).await, ["connected", "+f43c"]);
    assert_eq!(told(&mut named_web, 2).await, ["connected", "+f43c"]);
    *name.lock().unwrap() = "old";
    news.send(event("rename", "f43c")).unwrap();
    assert_eq!(told(&mut named_web, 1).await, ["-f43c"]);
    // Until it is heard of, samples have the old name.
    let mut names = HashSet::new();
    while !names.contains("old") {
        // Before it is listened to, it comes to nothing.
        let _ = samples.send(SAMPLE.to_owned());
        names.extend(tokio::time::timeout(Duration::from_millis(10), told(&mut monitor, 1)).await.unwrap_or_default());
    }
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_went_and_came_is_measured_again() {
    let engine = quiet(|request| match request {
        request if request.line.contains("/stats") => go_on(SAMPLE),
        _ => list(&[("a", "Up 1 second"), ("b", "Up 1 second")]),
    });
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor_stats();
    assert_eq!(told(&mut monitor, 3).await, ["connected", "+a", "+b"]);
    told(&mut monitor, 2).await;
    engine.kill();
    told_all(&mut monitor, ["disconnected", "a failed", "b failed"]).await;
    engine.start();
    told_all(&mut monitor, ["connected", "a", "b"]).await;
}

#[tokio::test]
async fn a_stream_that_ends_is_opened_again_and_failures_without_end_are_told() {
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    let engine = quiet(move |request| match request {
        request if request.line.contains("/stats") => match count.fetch_add(1, Ordering::Relaxed) {
            0 => end(SAMPLE),
            1 => Reply::raw(head()).then_hang_up(),
            2 => Reply::text(500, "not now\n"),
            _ => go_on(SAMPLE),
        },
        _ => list(&[("a", "Up 1 second")]),
    });
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor_stats().retry(at_once());
    assert_eq!(told(&mut monitor, 6).await, ["connected", "+a", "a", "a failed", "a failed", "a"]);

    let mut monitor = engine.client("1.16").containers().monitor_stats();
    assert_eq!(told(&mut monitor, 3).await, ["connected", "+a", "a failed for good"], "statistics need API 1.17");
}

#[tokio::test]
async fn a_thousand_containers_are_measured_over_one_client() {
    const COUNT: usize = 1000;
    let engine = quiet(|request| match request {
        request if request.line.contains("/stats") => go_on(SAMPLE.repeat(2)),
        _ => {
            let all: Vec<String> = (0..COUNT).map(|id| container(&id.to_string(), "Up 1 second")).collect();
            Reply::json(200, &format!("[{}]", all.join(",")))
        }
    });
    let docker = engine.client("1.18");
    let threads = || std::fs::read_dir("/proc/self/task").unwrap().count();
    let mut monitor = docker.containers().monitor_stats().retry(at_once());
    let (mut samples, mut most) = (vec![0; COUNT], 0);
    let before = threads();
    while samples.iter().any(|count| *count < 2) {
        if let StatsUpdate::Sample(sample) = monitor.next().await.unwrap() {
            samples[sample.id.parse::<usize>().unwrap()] += 1;
            most = most.max(threads());
        }
    }
    assert!(most <= before + 20, "{before} threads became {most}, of which other tests may have some");
    drop((monitor, docker));
    engine.all_hung_up().await;
}
