//! Many containers at once.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use dockerclient::{
    TerminalSize, Timestamp,
    containers::{CreateOptions, RemoveOptions, StopOptions},
    models::ContainerConfig,
    monitor::{ContainerUpdate, EventUpdate, StatsUpdate},
    system::EventsOptions,
};
use futures_util::{StreamExt as _, stream};

use crate::engine::{create, docker, sweep};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an engine: cargo xtask test"]
async fn five_hundred_lives_arrive_whole_and_in_order_however_fast_they_are_read() {
    const LIVES: usize = 500;
    let docker = docker();
    sweep(&docker).await;
    let mut fast = docker.monitor_events(&EventsOptions::default());
    let mut slow = docker.monitor_events(&EventsOptions::default());
    assert!(matches!(fast.next().await, Some(EventUpdate::Connected)));
    assert!(matches!(slow.next().await, Some(EventUpdate::Connected)));
    let lives = tokio::spawn({
        let docker = docker.clone();
        async move {
            let live = |_| {
                let docker = docker.clone();
                async move {
                    let container = create(&docker, "true").await.unwrap();
                    container.start().await.unwrap();
                    container.wait().await.unwrap();
                    container.remove(&RemoveOptions::default()).await.unwrap();
                    container.id().to_owned()
                }
            };
            stream::iter(0..LIVES).map(live).buffer_unordered(8).collect::<Vec<String>>().await
        }
    });
    let listen = async |monitor: &mut dockerclient::monitor::EventMonitor, pause: Duration| {
        let mut lives: HashMap<String, Vec<String>> = HashMap::new();
        let mut ended = 0;
        while ended < LIVES {
            match monitor.next().await.unwrap() {
                EventUpdate::Event(event) => match &*event.action {
                    "create" => assert!(lives.insert(event.id, vec![event.action]).is_none()),
                    "start" | "die" | "destroy" => {
                        // Events of the second before the monitor began may be told, too; they are of other containers.
                        let Some(life) = lives.get_mut(&event.id) else { continue };
                        ended += usize::from(event.action == "destroy");
                        life.push(event.action);
                    }
                    _ => {}
                },
                other => panic!("{other:?}"),
            }
            tokio::time::sleep(pause).await;
        }
        lives
    };
    let (fast, slow) = tokio::join!(listen(&mut fast, Duration::ZERO), listen(&mut slow, Duration::from_millis(2)),);
    for id in lives.await.unwrap() {
        for lives in [&fast, &slow] {
            assert_eq!(lives[&id], ["create", "start", "die", "destroy"]);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an engine: cargo xtask test"]
async fn fifty_containers_are_measured_from_their_starts_to_their_deaths() {
    const COUNT: usize = 50;
    let before = connections();
    let (docker, monitoring) = (docker(), docker());
    sweep(&docker).await;
    let mut monitor = monitoring.containers().monitor_stats();
    let lives = tokio::spawn({
        let docker = docker.clone();
        async move {
            let live = |_| {
                let docker = docker.clone();
                async move {
                    let container = create(&docker, "sleep 4").await.unwrap();
                    container.start().await.unwrap();
                    container.wait().await.unwrap();
                }
            };
            stream::iter(0..COUNT).map(live).buffer_unordered(10).collect::<Vec<()>>().await;
        }
    });
    let (mut running, mut samples, mut ended) = (HashMap::new(), HashMap::new(), 0);
    while ended < COUNT {
        match monitor.next().await.unwrap() {
            StatsUpdate::Began(id) => assert!(running.insert(id, true).is_none()),
            StatsUpdate::Sample(sample) => {
                assert_eq!(running.get(&sample.id), Some(&true), "a sample of a container that does not run");
                *samples.entry(sample.id.clone()).or_insert(0) += 1;
            }
            StatsUpdate::Ended(id) => {
                assert_eq!(running.insert(id, false), Some(true));
                ended += 1;
            }
            StatsUpdate::Connected => {}
            other => panic!("{other:?}"),
        }
    }
    lives.await.unwrap();
    assert_eq!(samples.len(), COUNT, "each was sampled");
    drop((monitor, monitoring));
    sweep(&docker).await;
    drop(docker);
    // Tasks of the pool close them as soon as they run.
    while connections() > before {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Engines of 17.05 to 20.10 tell of a death before they list it.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an engine: cargo xtask test"]
async fn the_view_shows_deaths_that_are_listed_late_and_restarts_that_are_not_listed() {
    const COUNT: usize = 20;
    let docker = docker();
    sweep(&docker).await;
    let mut monitor = docker.containers().monitor();
    let long = create(&docker, "sleep 1000").await.unwrap();
    long.start().await.unwrap();
    while !monitor.view().get(long.id()).is_some_and(|container| container.status.starts_with("Up")) {
        assert!(monitor.next().await.is_some());
    }
    for _ in 0..COUNT {
        create(&docker, "true").await.unwrap().start().await.unwrap();
    }
    long.restart(&StopOptions::default().timeout(Duration::ZERO)).await.unwrap();
    let (mut restarts, mut exited) = (0, HashSet::new());
    while restarts == 0 || exited.len() < COUNT {
        match monitor.next().await.unwrap() {
            ContainerUpdate::Restarted(container) => restarts += usize::from(container.id == long.id()),
            ContainerUpdate::Appeared(container) | ContainerUpdate::Changed(container) => {
                if container.status.starts_with("Exited (0)") {
                    exited.insert(container.id);
                } else if container.id == long.id() && container.status.starts_with("Exited") {
                    // Its end was listed for itself.
                    restarts += 1;
                }
            }
            // Of containers that were going when the monitor began.
            ContainerUpdate::Removed(_) => {}
            other => panic!("{other:?}"),
        }
    }
    sweep(&docker).await;
    while !monitor.view().is_empty() {
        assert!(monitor.next().await.is_some());
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs an engine: cargo xtask test"]
async fn what_the_engine_drops_while_nobody_reads_lies_in_a_gap() {
    const COUNT: u16 = 2500;
    let docker = docker();
    sweep(&docker).await;
    let cmd = ["sleep", "1000"].map(Into::into).into();
    let config = ContainerConfig { image: "busybox".into(), cmd, tty: true, ..Default::default() };
    let container = docker.containers().create(&CreateOptions::new(config)).await.unwrap().container;
    container.start().await.unwrap();
    let mut monitor = docker.monitor_events(&EventsOptions::default());
    assert!(matches!(monitor.next().await, Some(EventUpdate::Connected)));
    let began = Timestamp::now();
    let resize = |size| container.resize(TerminalSize { rows: size, columns: 80 });
    let resized = stream::iter(1..=COUNT).map(resize).buffer_unordered(8).collect::<Vec<_>>().await;
    let ended = Timestamp::now();
    assert!(resized.iter().all(Result::is_ok));

    let (mut told, mut gap) = (0, None);
    while told < COUNT && gap.is_none() {
        match monitor.next().await.unwrap() {
            EventUpdate::Event(event) => told += u16::from(event.action == "resize"),
            EventUpdate::Gap(found) => gap = Some(found),
            _ => {}
        }
    }
    let gap = gap.expect("no engine keeps so many events");
    assert!(gap.since >= began && gap.until <= ended, "{gap:?} of what came between {began} and {ended}");
    container.remove(&RemoveOptions::default().force()).await.unwrap();
}

/// How many sockets this process has open.
fn connections() -> usize {
    let open = std::fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| entry.ok()?.path().read_link().ok());
    open.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
}
