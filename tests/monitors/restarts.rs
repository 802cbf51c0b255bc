//! Monitors across restarts of the engine: a lost update is always reported as a gap.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use dockerclient::{
    DockerClient, Timestamp,
    monitor::{self, ContainerUpdate, EventUpdate, Gap, LogUpdate, RetryPolicy},
    system::{Event, EventKind},
};
use futures_util::{StreamExt as _, stream};

use crate::engine::{create, docker, engine, remove_containers, rounds};

/// Retries often, so that the tests do not take long.
fn fast_retry() -> RetryPolicy {
    RetryPolicy::default().longest(Duration::from_millis(200))
}

/// A creation or removal of a container that the engine confirmed.
struct Operation {
    id: String,
    action: &'static str,
    /// The times before the request and after the response.
    between: (Timestamp, Timestamp),
}

/// Creates and removes containers until `is_running` is cleared. Returns the operations that the engine confirmed; others may
/// or may not have been executed.
async fn create_and_remove_containers(docker: DockerClient, is_running: Arc<AtomicBool>) -> Vec<Operation> {
    let mut operations = Vec::new();
    while is_running.load(Ordering::Relaxed) {
        let began = Timestamp::now();
        let Ok(container) = create(&docker, "true").await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let created = Timestamp::now();
        operations.push(Operation { id: container.id().to_owned(), action: "create", between: (began, created) });
        if container.remove().await.is_ok() {
            let between = (created, Timestamp::now());
            operations.push(Operation { id: container.id().to_owned(), action: "destroy", between });
        }
    }
    operations
}

/// Whether an operation is within a gap. Gaps may start and end at whole seconds.
fn is_covered(operation: &Operation, gaps: &[Gap]) -> bool {
    let (began, ended) = operation.between;
    gaps.iter().any(|gap| {
        gap.since.unix_seconds() <= ended.unix_seconds() && began.unix_seconds() <= gap.until.unix_seconds() + 1
    })
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an engine: cargo xtask test"]
async fn event_monitor_returns_each_event_once_or_a_gap() {
    let docker = docker();
    remove_containers(&docker).await;
    for round in 0..rounds() {
        for how in ["stop", "kill"] {
            let updates = Arc::new(Mutex::new(Vec::new()));
            let calls = Arc::clone(&updates);
            let events = docker.monitor_events().retry(fast_retry());
            let handle = monitor::run(events, move |update| {
                calls.lock().unwrap().push(update);
                std::future::ready(())
            });
            while updates.lock().unwrap().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let is_running = Arc::new(AtomicBool::new(true));
            let operations = tokio::spawn(create_and_remove_containers(docker.clone(), Arc::clone(&is_running)));
            tokio::time::sleep(Duration::from_millis(500)).await;
            tokio::task::spawn_blocking(move || engine(how)).await.unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
            tokio::task::spawn_blocking(|| engine("start")).await.unwrap();
            tokio::time::sleep(Duration::from_millis(800)).await;
            is_running.store(false, Ordering::Relaxed);
            let mut operations = operations.await.unwrap();

            // When the monitor returns the events of a last container, it has returned all events before them.
            let last = create(&docker, "true").await.unwrap();
            last.remove().await.unwrap();
            while !has_event(&updates.lock().unwrap(), last.id(), "destroy") {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            handle.stop().await;
            check_events(&updates.lock().unwrap(), &mut operations, &format!("round {round}, {how}"));
        }
    }
    remove_containers(&docker).await;
}

/// Podman keeps its events across restarts.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an engine: cargo xtask test"]
async fn event_monitor_returns_no_older_or_repeated_event() {
    let docker = docker();
    remove_containers(&docker).await;
    let create_and_remove = async || {
        let container = create(&docker, "true").await.unwrap();
        container.remove().await.unwrap();
        container.id().to_owned()
    };
    // More events than a monitor keeps for comparison.
    let tag = |_| docker.image("busybox").tag("remembered:1").send();
    let tagged = stream::iter(0..1200).map(tag).buffer_unordered(8).collect::<Vec<_>>().await;
    assert!(tagged.iter().all(Result::is_ok));
    docker.image("remembered:1").remove().await.unwrap();
    tokio::time::sleep(Duration::from_secs(2)).await;
    let began = Timestamp::now();
    let mut monitor = docker.monitor_events().retry(fast_retry());
    let mut returned: HashMap<(String, String, Timestamp), usize> = HashMap::new();
    for kill in 0..10 {
        let id = create_and_remove().await;
        let mut removed = false;
        while !removed {
            if let EventUpdate::Event(event) = monitor.next().await.unwrap() {
                let is_older = event.time.unix_seconds() < began.unix_seconds();
                assert!(!is_older, "after {kill} kills: {event:?} is older than {began}");
                removed = event.id == id && docker_action(&event) == "destroy";
                *returned.entry((event.id, event.action, event.time)).or_default() += 1;
            }
        }
        tokio::task::spawn_blocking(|| {
            engine("kill");
            engine("start");
        })
        .await
        .unwrap();
    }
    let twice: Vec<_> = returned.iter().filter(|(_, count)| **count > 1).collect();
    assert!(twice.is_empty(), "{twice:?}");
    remove_containers(&docker).await;
}

fn has_event(updates: &[EventUpdate], id: &str, action: &str) -> bool {
    let is_match = |event: &Event| event.id == id && docker_action(event) == action;
    updates.iter().any(|update| matches!(update, EventUpdate::Event(event) if is_match(event)))
}

/// The action of an event as Docker names it: Podman sends `remove` instead of `destroy`.
fn docker_action(event: &Event) -> &str {
    if event.action == "remove" { "destroy" } else { &event.action }
}

/// Checks that each operation has its event once, or is within a gap.
fn check_events(updates: &[EventUpdate], operations: &mut Vec<Operation>, round: &str) {
    let mut positions: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    let (mut gaps, mut disconnections) = (Vec::new(), 0);
    for (index, update) in updates.iter().enumerate() {
        match update {
            EventUpdate::Event(event) if event.kind == EventKind::Container => {
                positions.entry((&event.id, docker_action(event))).or_default().push(index);
            }
            EventUpdate::Gap(gap) => gaps.push(gap.clone()),
            EventUpdate::Disconnected { .. } => disconnections += 1,
            _ => {}
        }
    }
    assert!(disconnections > 0, "{round}: the monitor was not disconnected");
    assert!(operations.len() > 10, "{round}: {} operations", operations.len());
    for operation in operations.drain(..) {
        let found = positions.get(&(&*operation.id, operation.action)).map_or(0, Vec::len);
        let covered = is_covered(&operation, &gaps);
        let name = format!("{round}: {} of {}", operation.action, operation.id);
        assert!(found == 1 || (found == 0 && covered), "{name}: {found} events");
        if let (Some(created), Some(destroyed)) =
            (positions.get(&(&*operation.id, "create")), positions.get(&(&*operation.id, "destroy")))
        {
            assert!(created < destroyed, "{round}: {} is out of order", operation.id);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an engine: cargo xtask test"]
async fn container_monitor_view_equals_a_new_list_after_restarts() {
    let docker = docker();
    remove_containers(&docker).await;
    let kept = create(&docker, "sleep 1000").await.unwrap();
    kept.start().await.unwrap();
    let mut monitor = docker.containers().monitor().retry(fast_retry());
    while !matches!(monitor.next().await, Some(ContainerUpdate::Snapshot(list)) if list.len() == 1) {}

    for how in ["stop", "kill"] {
        let is_running = Arc::new(AtomicBool::new(true));
        let operations = tokio::spawn(create_and_remove_containers(docker.clone(), Arc::clone(&is_running)));
        let other = create(&docker, "true").await.unwrap();
        let restart = tokio::task::spawn_blocking(move || {
            engine(how);
            engine("start");
        });
        // Poll the monitor during the restart.
        let mut restart = std::pin::pin!(restart);
        loop {
            tokio::select! {
                done = &mut restart => break done.unwrap(),
                _ = monitor.next() => {}
            }
        }
        is_running.store(false, Ordering::Relaxed);
        operations.await.unwrap();
        other.remove().await.unwrap();
        let kept_name = kept.inspect().await.unwrap().name;

        let mut equal = false;
        for _ in 0..1000 {
            if let Ok(update) = tokio::time::timeout(Duration::from_millis(20), monitor.next()).await {
                assert!(update.is_some());
            }
            let list = docker.containers().list().all(true).await.unwrap();
            let key_fields = |container: &dockerclient::models::ContainerSummary| {
                let state = container.status.split(' ').next().unwrap_or_default().to_owned();
                (container.names.clone(), container.image.clone(), state)
            };
            let list: BTreeMap<_, _> =
                list.iter().map(|container| (container.id.clone(), key_fields(container))).collect();
            let view: BTreeMap<_, _> = monitor.view().iter().map(|(id, c)| (id.clone(), key_fields(c))).collect();
            equal = list == view && list.values().any(|(names, ..)| names.contains(&kept_name));
            if equal {
                break;
            }
        }
        assert!(equal, "{how}: {:?}", monitor.view());
    }
    remove_containers(&docker).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an engine: cargo xtask test"]
async fn log_monitor_returns_each_line_once_across_restarts() {
    let docker = docker();
    remove_containers(&docker).await;
    // Continues at the number where it was stopped.
    let script = "trap 'exit 0' TERM; n=$(cat /count 2>/dev/null || echo 0); \
        while true; do echo $n; echo $((n + 1)) > /count; n=$((n + 1)); sleep 0.02; done";
    let container = create(&docker, script).await.unwrap();
    container.start().await.unwrap();
    let monitor = container.monitor_logs().stderr(false).retry(fast_retry());
    let updates = Arc::new(Mutex::new(Vec::new()));
    let calls = Arc::clone(&updates);
    let handle = monitor::run(monitor, move |update| {
        calls.lock().unwrap().push(update);
        std::future::ready(())
    });
    // Waits for ten more lines, for at most 20 s. Whether they were received is asserted at the end.
    let pause = async || {
        let lines = || updates.lock().unwrap().iter().filter(|update| matches!(update, LogUpdate::Line(_))).count();
        let before = lines();
        for _ in 0..1000 {
            if lines() > before + 10 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    pause().await;
    container.restart().await.unwrap();
    pause().await;
    for how in ["stop", "kill"] {
        tokio::task::spawn_blocking(move || {
            engine(how);
            engine("start");
        })
        .await
        .unwrap();
        container.start().await.unwrap();
        pause().await;
    }
    container.remove().force(true).await.unwrap();
    handle.ended().await;

    let updates = updates.lock().unwrap();
    let lines = updates.iter().filter_map(|update| match update {
        LogUpdate::Line(line) => Some(line.text().parse::<usize>().unwrap()),
        _ => None,
    });
    let lines: Vec<usize> = lines.collect();
    let gaps = updates.iter().filter(|update| matches!(update, LogUpdate::Gap(_))).count();
    // If the script is killed between a line and the update of its counter, it writes the line again.
    let repeats = lines.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert!(lines.len() > 30 && gaps == 0 && repeats <= 3, "{lines:?}, {gaps} gaps");
    assert!(lines.windows(2).all(|pair| pair[1] == pair[0] || pair[1] == pair[0] + 1), "{lines:?}");
}
