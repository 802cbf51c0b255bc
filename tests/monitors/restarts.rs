//! Nothing is lost in silence when the engine goes and comes.

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
    containers::{ListOptions, LogsOptions, RemoveOptions},
    monitor::{self, ContainerUpdate, EventUpdate, Gap, LogUpdate, RetryPolicy},
    system::{EventKind, EventsOptions},
};
use futures_util::StreamExt as _;

use crate::engine::{create, docker, engine, rounds, sweep};

fn soon() -> RetryPolicy {
    RetryPolicy::default().longest(Duration::from_millis(200))
}

/// Something that the engine said it did.
struct Deed {
    id: String,
    action: &'static str,
    between: (Timestamp, Timestamp),
}

/// Creates and removes containers until it is told to stop; whatever the engine does not confirm may have happened or not.
async fn do_deeds(docker: DockerClient, go_on: Arc<AtomicBool>) -> Vec<Deed> {
    let mut deeds = Vec::new();
    while go_on.load(Ordering::Relaxed) {
        let began = Timestamp::now();
        let Ok(container) = create(&docker, "true").await else {
            tokio::time::sleep(Duration::from_millis(20)).await;
            continue;
        };
        let created = Timestamp::now();
        deeds.push(Deed { id: container.id().to_owned(), action: "create", between: (began, created) });
        if container.remove(&RemoveOptions::default()).await.is_ok() {
            let between = (created, Timestamp::now());
            deeds.push(Deed { id: container.id().to_owned(), action: "destroy", between });
        }
    }
    deeds
}

/// Whether a deed lies in a gap; the bounds of gaps may be whole seconds.
fn is_covered(deed: &Deed, gaps: &[Gap]) -> bool {
    let (began, ended) = deed.between;
    gaps.iter().any(|gap| {
        gap.since.unix_seconds() <= ended.unix_seconds() && began.unix_seconds() <= gap.until.unix_seconds() + 1
    })
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an engine: cargo xtask test"]
async fn every_event_is_told_once_and_in_order_or_lies_in_a_gap() {
    let docker = docker();
    sweep(&docker).await;
    for round in 0..rounds() {
        for how in ["stop", "kill"] {
            let told = Arc::new(Mutex::new(Vec::new()));
            let calls = Arc::clone(&told);
            let events = docker.monitor_events(&EventsOptions::default()).retry(soon());
            let handle = monitor::run(events, move |update| {
                calls.lock().unwrap().push(update);
                std::future::ready(())
            });
            while told.lock().unwrap().is_empty() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            let go_on = Arc::new(AtomicBool::new(true));
            let deeds = tokio::spawn(do_deeds(docker.clone(), Arc::clone(&go_on)));
            tokio::time::sleep(Duration::from_millis(500)).await;
            tokio::task::spawn_blocking(move || engine(how)).await.unwrap();
            tokio::time::sleep(Duration::from_millis(300)).await;
            tokio::task::spawn_blocking(|| engine("start")).await.unwrap();
            tokio::time::sleep(Duration::from_millis(800)).await;
            go_on.store(false, Ordering::Relaxed);
            let mut deeds = deeds.await.unwrap();

            // A last deed, after which everything before it has been told.
            let last = create(&docker, "true").await.unwrap();
            last.remove(&RemoveOptions::default()).await.unwrap();
            while !has_told(&told.lock().unwrap(), last.id(), "destroy") {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            handle.stop().await;
            check(&told.lock().unwrap(), &mut deeds, &format!("round {round}, {how}"));
        }
    }
    sweep(&docker).await;
}

fn has_told(told: &[EventUpdate], id: &str, action: &str) -> bool {
    told.iter().any(|update| matches!(update, EventUpdate::Event(event) if event.id == id && event.action == action))
}

fn check(told: &[EventUpdate], deeds: &mut Vec<Deed>, place: &str) {
    let mut places: HashMap<(&str, &str), Vec<usize>> = HashMap::new();
    let (mut gaps, mut disconnections) = (Vec::new(), 0);
    for (index, update) in told.iter().enumerate() {
        match update {
            EventUpdate::Event(event) if event.kind == EventKind::Container => {
                places.entry((&event.id, &event.action)).or_default().push(index);
            }
            EventUpdate::Gap(gap) => gaps.push(gap.clone()),
            EventUpdate::Disconnected { .. } => disconnections += 1,
            _ => {}
        }
    }
    assert!(disconnections > 0, "{place}: the engine was gone");
    assert!(deeds.len() > 10, "{place}: {} deeds", deeds.len());
    for deed in deeds.drain(..) {
        let found = places.get(&(&*deed.id, deed.action)).map_or(0, Vec::len);
        let covered = is_covered(&deed, &gaps);
        assert!(found == 1 || (found == 0 && covered), "{place}: {} of {} told {found} times", deed.action, deed.id);
        if let (Some(created), Some(destroyed)) =
            (places.get(&(&*deed.id, "create")), places.get(&(&*deed.id, "destroy")))
        {
            assert!(created < destroyed, "{place}: {} is out of order", deed.id);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an engine: cargo xtask test"]
async fn the_view_of_containers_equals_a_fresh_list() {
    let docker = docker();
    sweep(&docker).await;
    let kept = create(&docker, "sleep 1000").await.unwrap();
    kept.start().await.unwrap();
    let mut monitor = docker.containers().monitor().retry(soon());
    while !matches!(monitor.next().await, Some(ContainerUpdate::Snapshot(list)) if list.len() == 1) {}

    for how in ["stop", "kill"] {
        let go_on = Arc::new(AtomicBool::new(true));
        let deeds = tokio::spawn(do_deeds(docker.clone(), Arc::clone(&go_on)));
        let other = create(&docker, "true").await.unwrap();
        let restart = tokio::task::spawn_blocking(move || {
            engine(how);
            engine("start");
        });
        // The monitor goes on being read all the time.
        let mut restart = std::pin::pin!(restart);
        loop {
            tokio::select! {
                done = &mut restart => break done.unwrap(),
                _ = monitor.next() => {}
            }
        }
        go_on.store(false, Ordering::Relaxed);
        deeds.await.unwrap();
        other.remove(&RemoveOptions::default()).await.unwrap();
        let kept_name = kept.inspect().await.unwrap().name;

        let mut equal = false;
        for _ in 0..1000 {
            if let Ok(update) = tokio::time::timeout(Duration::from_millis(20), monitor.next()).await {
                assert!(update.is_some());
            }
            let list = docker.containers().list(&ListOptions::default().all()).await.unwrap();
            let essence = |container: &dockerclient::models::ContainerSummary| {
                let word = container.status.split(' ').next().unwrap_or_default().to_owned();
                (container.names.clone(), container.image.clone(), word)
            };
            let list: BTreeMap<_, _> =
                list.iter().map(|container| (container.id.clone(), essence(container))).collect();
            let view: BTreeMap<_, _> = monitor.view().iter().map(|(id, c)| (id.clone(), essence(c))).collect();
            equal = list == view && list.values().any(|(names, ..)| names.contains(&kept_name));
            if equal {
                break;
            }
        }
        assert!(equal, "{how}: {:?}", monitor.view());
    }
    sweep(&docker).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an engine: cargo xtask test"]
async fn each_line_is_told_once_across_restarts_of_container_and_engine() {
    let docker = docker();
    sweep(&docker).await;
    // Counts on where it ended before.
    let script = "trap 'exit 0' TERM; n=$(cat /count 2>/dev/null || echo 0); \
        while true; do echo $n; echo $((n + 1)) > /count; n=$((n + 1)); sleep 0.02; done";
    let container = create(&docker, script).await.unwrap();
    container.start().await.unwrap();
    let monitor = container.monitor_logs(&LogsOptions::default().only_stdout()).retry(soon());
    let told = Arc::new(Mutex::new(Vec::new()));
    let calls = Arc::clone(&told);
    let handle = monitor::run(monitor, move |update| {
        calls.lock().unwrap().push(update);
        std::future::ready(())
    });
    // A few more lines, however slow the machine is; that they come is asserted below.
    let pause = async || {
        let lines = || told.lock().unwrap().iter().filter(|update| matches!(update, LogUpdate::Line(_))).count();
        let before = lines();
        for _ in 0..1000 {
            if lines() > before + 10 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    pause().await;
    container.restart(&Default::default()).await.unwrap();
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
    container.remove(&RemoveOptions::default().force()).await.unwrap();
    handle.ended().await;

    let told = told.lock().unwrap();
    let lines = told.iter().filter_map(|update| match update {
        LogUpdate::Line(line) => Some(line.text().parse::<usize>().unwrap()),
        _ => None,
    });
    let lines: Vec<usize> = lines.collect();
    let gaps = told.iter().filter(|update| matches!(update, LogUpdate::Gap(_))).count();
    // A kill may come between a line and its count, which then is written again.
    let repeats = lines.windows(2).filter(|pair| pair[0] == pair[1]).count();
    assert!(lines.len() > 30 && gaps == 0 && repeats <= 3, "{lines:?}, {gaps} gaps");
    assert!(lines.windows(2).all(|pair| pair[1] == pair[0] || pair[1] == pair[0] + 1), "{lines:?}");
}
