//! Monitors of many containers.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use dockerclient::{
    TerminalSize, Timestamp,
    monitor::{CombinedLogUpdate, ContainerUpdate, EventUpdate, StatsUpdate},
};
use futures_util::{StreamExt as _, stream};

use crate::engine::{create, docker, remove_containers};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an engine: cargo xtask test"]
async fn event_monitor_is_complete_and_in_order_for_500_containers() {
    const COUNT: usize = 500;
    let docker = docker();
    remove_containers(&docker).await;
    // Removed after all others: its event is the last one.
    let last = create(&docker, "true").await.unwrap();
    let mut fast = docker.monitor_events();
    let mut slow = docker.monitor_events();
    assert!(matches!(fast.next().await, Some(EventUpdate::Connected)));
    assert!(matches!(slow.next().await, Some(EventUpdate::Connected)));
    let containers = tokio::spawn({
        let (docker, last) = (docker.clone(), last.clone());
        async move {
            let run = |_| {
                let docker = docker.clone();
                async move {
                    let container = create(&docker, "true").await.unwrap();
                    container.start().await.unwrap();
                    container.wait().await.unwrap();
                    container.remove().await.unwrap();
                    container.id().to_owned()
                }
            };
            let ids = stream::iter(0..COUNT).map(run).buffer_unordered(8).collect::<Vec<String>>().await;
            last.remove().await.unwrap();
            ids
        }
    });
    let collect = async |monitor: &mut dockerclient::monitor::EventMonitor, pause: Duration| {
        let mut actions: HashMap<String, Vec<String>> = HashMap::new();
        loop {
            match monitor.next().await.unwrap() {
                EventUpdate::Event(event) if event.id == last.id() && event.action == "destroy" => return actions,
                EventUpdate::Event(event) => {
                    if ["create", "start", "die", "destroy"].contains(&&*event.action) {
                        actions.entry(event.id).or_default().push(event.action);
                    }
                }
                other => panic!("{other:?}"),
            }
            tokio::time::sleep(pause).await;
        }
    };
    let (fast, slow) = tokio::join!(collect(&mut fast, Duration::ZERO), collect(&mut slow, Duration::from_millis(2)),);
    for id in containers.await.unwrap() {
        for actions in [&fast, &slow] {
            assert_eq!(actions[&id], ["create", "start", "die", "destroy"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an engine: cargo xtask test"]
async fn stats_monitor_samples_50_containers_from_start_to_exit() {
    const COUNT: usize = 50;
    let before = connections();
    let (docker, monitoring) = (docker(), docker());
    remove_containers(&docker).await;
    let mut monitor = monitoring.containers().monitor_stats();
    let containers = tokio::spawn({
        let docker = docker.clone();
        async move {
            let run = |_| {
                let docker = docker.clone();
                async move {
                    let container = create(&docker, "sleep 4").await.unwrap();
                    container.start().await.unwrap();
                    container.wait().await.unwrap();
                }
            };
            stream::iter(0..COUNT).map(run).buffer_unordered(10).collect::<Vec<()>>().await;
        }
    });
    let (mut running, mut samples, mut ended) = (HashMap::new(), HashMap::new(), 0);
    while ended < COUNT {
        match monitor.next().await.unwrap() {
            StatsUpdate::Began(container) => assert!(running.insert(container.id.clone(), true).is_none()),
            StatsUpdate::Sample(sample) => {
                let id = &sample.container.id;
                assert_eq!(running.get(id), Some(&true), "a sample of a container that does not run");
                *samples.entry(id.clone()).or_insert(0) += 1;
            }
            StatsUpdate::Ended(container) => {
                assert_eq!(running.insert(container.id.clone(), false), Some(true));
                ended += 1;
            }
            StatsUpdate::Connected => {}
            other => panic!("{other:?}"),
        }
    }
    containers.await.unwrap();
    assert_eq!(samples.len(), COUNT, "each was sampled");
    drop((monitor, monitoring));
    remove_containers(&docker).await;
    drop(docker);
    // The tasks of the connection pool close idle connections asynchronously.
    while connections() > before {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an engine: cargo xtask test"]
async fn combined_logs_of_60_containers_need_at_most_65_sockets() {
    const COUNT: usize = 60;
    let docker = docker();
    remove_containers(&docker).await;
    for _ in 0..COUNT {
        create(&docker, "echo hello; sleep 1000").await.unwrap().start().await.unwrap();
    }
    drop(docker);
    let (before, cpu_before) = (connections(), cpu_time());
    let monitoring = crate::engine::docker();
    let mut monitor = monitoring.containers().monitor_logs();
    let (mut lines, mut most) = (HashSet::new(), 0);
    while lines.len() < COUNT {
        match monitor.next().await.unwrap() {
            CombinedLogUpdate::Line { container, line } => {
                assert_eq!(line.text(), "hello");
                assert!(lines.insert(container.id.clone()), "a line of {} was repeated", container.id);
            }
            CombinedLogUpdate::Opened(_) | CombinedLogUpdate::Connected => {}
            other => panic!("{other:?}"),
        }
        most = most.max(connections().saturating_sub(before));
    }
    assert!((COUNT..=65).contains(&most), "{most} sockets");
    let cpu = cpu_time().saturating_sub(cpu_before);
    println!("{COUNT} containers: {most} sockets, {cpu:?} of CPU time to open their logs");
    let idle = cpu_time();
    assert!(tokio::time::timeout(Duration::from_secs(10), monitor.next()).await.is_err(), "nothing is written");
    println!("{:?} of CPU time in 10 s without lines", cpu_time().saturating_sub(idle));
    remove_containers(&crate::engine::docker()).await;
    let mut removed = 0;
    while removed < COUNT {
        removed += usize::from(matches!(monitor.next().await, Some(CombinedLogUpdate::Removed(_))));
    }
    assert_eq!(monitor.bookmarks().unwrap().containers().count(), 0);
}

/// Docker 17.05 to 20.10 sends the event of an exit before its lists show it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an engine: cargo xtask test"]
async fn container_monitor_view_has_late_exits_and_fast_restarts() {
    const COUNT: usize = 20;
    let docker = docker();
    remove_containers(&docker).await;
    let mut monitor = docker.containers().monitor();
    let long = create(&docker, "sleep 1000").await.unwrap();
    long.start().await.unwrap();
    while !monitor.view().get(long.id()).is_some_and(|container| container.status.starts_with("Up")) {
        assert!(monitor.next().await.is_some());
    }
    for _ in 0..COUNT {
        create(&docker, "true").await.unwrap().start().await.unwrap();
    }
    long.restart().timeout(Duration::ZERO).await.unwrap();
    let (mut restarts, mut exited) = (0, HashSet::new());
    while restarts == 0 || exited.len() < COUNT {
        match monitor.next().await.unwrap() {
            ContainerUpdate::Restarted(container) => restarts += usize::from(container.id == long.id()),
            ContainerUpdate::Appeared(container) | ContainerUpdate::Changed(container) => {
                if container.status.starts_with("Exited (0)") {
                    exited.insert(container.id);
                } else if container.id == long.id() && container.status.starts_with("Exited") {
                    // Listed between its exit and its start.
                    restarts += 1;
                }
            }
            // Containers that were being removed when the monitor started.
            ContainerUpdate::Removed(_) => {}
            other => panic!("{other:?}"),
        }
    }
    remove_containers(&docker).await;
    while !monitor.view().is_empty() {
        assert!(monitor.next().await.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an engine: cargo xtask test"]
async fn event_monitor_reports_dropped_events_as_a_gap() {
    const COUNT: u16 = 2500;
    let docker = docker();
    remove_containers(&docker).await;
    let container = docker.containers().create("busybox").cmd(["sleep", "1000"]).tty(true).await.unwrap();
    container.start().await.unwrap();
    let mut monitor = docker.monitor_events();
    assert!(matches!(monitor.next().await, Some(EventUpdate::Connected)));
    let began = Timestamp::now();
    let resize = |size| container.resize(TerminalSize { rows: size, columns: 80 }).send();
    let resized = stream::iter(1..=COUNT).map(resize).buffer_unordered(8).collect::<Vec<_>>().await;
    let ended = Timestamp::now();
    assert!(resized.iter().all(Result::is_ok));

    let (mut returned, mut gap) = (0, None);
    while returned < COUNT && gap.is_none() {
        match monitor.next().await.unwrap() {
            EventUpdate::Event(event) => returned += u16::from(event.action == "resize"),
            EventUpdate::Gap(found) => gap = Some(found),
            _ => {}
        }
    }
    let gap = gap.expect("more events than an engine buffers");
    assert!(gap.since >= began && gap.until <= ended, "{gap:?} of events between {began} and {ended}");
    container.remove().force(true).await.unwrap();
}

/// The CPU time of this process.
fn cpu_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    let ticks: u64 = [11, 12].map(|field| fields[field].parse::<u64>().unwrap()).iter().sum();
    // Linux reports them in hundredths of a second.
    Duration::from_millis(10 * ticks)
}

/// The number of open sockets of this process.
fn connections() -> usize {
    let open = std::fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| entry.ok()?.path().read_link().ok());
    open.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
}
