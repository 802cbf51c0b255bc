//! The monitor of containers.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use dockerclient::monitor::{ContainerMonitor, ContainerUpdate, RetryPolicy};
use futures_util::StreamExt as _;
use tokio::sync::broadcast;

use super::{at_once, quiet, telling};
use dockerclient_testkit::{Engine, Reply};

pub(super) fn container(id: &str, status: &str) -> String {
    format!(r#"{{"Id":"{id}","Names":["/{id}"],"Image":"i","Command":"c","Created":1,"Status":"{status}"}}"#)
}

pub(super) fn event(action: &str, id: &str) -> String {
    format!(r#"{{"status":"{action}","id":"{id}","from":"i","time":100}}"#)
}

pub(super) fn list(containers: &[(&str, &str)]) -> Reply {
    let containers: Vec<String> = containers.iter().map(|(id, status)| container(id, status)).collect();
    Reply::json(200, &format!("[{}]", containers.join(",")))
}

fn word(update: ContainerUpdate) -> String {
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

/// The next things that a monitor tells.
async fn told(monitor: &mut ContainerMonitor, count: usize) -> Vec<String> {
    monitor.take(count).map(word).collect().await
}

/// An engine in which `news` happen, and that answers one list after the other.
fn listing(news: &broadcast::Sender<String>, lists: impl Fn(usize) -> Reply + Send + Sync + 'static) -> Engine {
    let count = AtomicUsize::new(0);
    telling(news, move |_| lists(count.fetch_add(1, Ordering::Relaxed)))
}

#[tokio::test(start_paused = true)]
async fn containers_that_changed_while_nobody_listened_are_found() {
    let engine = listing(&broadcast::Sender::new(1), |count| match count {
        0 => list(&[("a", "Up 1 second"), ("b", "Up 1 second")]),
        1 => Reply::text(500, "not now\n"),
        _ => list(&[("a", "Up 1 minute"), ("c", "Exited (0) 1 second ago")]),
    });
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor();
    assert_eq!(told(&mut monitor, 2).await, ["connected", "2 are there"]);
    engine.kill();
    assert_eq!(told(&mut monitor, 1).await, ["disconnected"]);
    engine.start();
    let mut words = Vec::new();
    while words.last().is_none_or(|word| word != "+c") {
        words.extend(told(&mut monitor, 1).await);
    }
    assert_eq!(words[words.len() - 5..], ["connected", "disconnected", "connected", "-b", "+c"], "a only grew older");
    assert_eq!(monitor.view().keys().collect::<Vec<_>>(), ["a", "c"]);
}

#[tokio::test]
async fn a_list_that_fails_is_told_and_tried_again() {
    let engine = listing(&broadcast::Sender::new(1), |count| match count {
        0 => Reply::text(500, "not now\n"),
        _ => list(&[("a", "Up 1 second")]),
    });
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor().retry(at_once());
    assert_eq!(told(&mut monitor, 4).await, ["connected", "disconnected", "connected", "1 are there"]);

    let engine = listing(&broadcast::Sender::new(1), |_| Reply::text(500, "not now\n"));
    let monitor = engine.client("1.18").containers().monitor().retry(RetryPolicy::default().attempts(0));
    let told: Vec<String> = monitor.map(word).collect().await;
    assert_eq!(told, ["connected", "gave up: container list: engine said 500: not now"]);
}

#[tokio::test(start_paused = true)]
async fn a_death_that_the_engine_lists_late_is_told() {
    let news = broadcast::Sender::new(1);
    let engine = listing(&news, |count| match count {
        0..4 => list(&[("a", "Up 1 second")]),
        _ => list(&[("a", "Exited (0) 1 second ago")]),
    });
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor();
    assert_eq!(told(&mut monitor, 2).await, ["connected", "1 are there"]);
    news.send(event("die", "a")).unwrap();
    assert_eq!(told(&mut monitor, 1).await, ["a: Exited (0) 1 second ago"]);
}

#[tokio::test(start_paused = true)]
async fn after_events_everything_is_looked_at_once_more_and_then_nothing_is() {
    let news = broadcast::Sender::new(1);
    let engine = listing(&news, |_| list(&[("a", "Up 1 second")]));
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor();
    assert_eq!(told(&mut monitor, 2).await, ["connected", "1 are there"]);
    news.send(event("rename", "a")).unwrap();
    let more = tokio::time::timeout(Duration::from_secs(600), monitor.next()).await;
    assert!(more.is_err(), "{more:?}");
    let lines = engine.lines();
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
async fn a_dropped_monitor_of_containers_closes_its_connections() {
    let engine = quiet(|_| list(&[]));
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor();
    assert_eq!(told(&mut monitor, 2).await, ["connected", "0 are there"]);
    drop((monitor, docker));
    engine.all_hung_up().await;
}
