//! Many containers at once.

use std::{collections::HashMap, time::Duration};

use dockerclient::{
    containers::RemoveOptions,
    monitor::{EventUpdate, StatsUpdate},
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
                EventUpdate::Event(event) => {
                    if matches!(&*event.action, "create" | "start" | "die" | "destroy") {
                        // Those that were created before are of other tests.
                        ended += usize::from(event.action == "destroy" && lives.contains_key(&event.id));
                        lives.entry(event.id).or_default().push(event.action);
                    }
                }
                other => panic!("{other:?}"),
            }
            tokio::time::sleep(pause).await;
        }
        lives
    };
    let (fast, slow) = tokio::join!(listen(&mut fast, Duration::ZERO), listen(&mut slow, Duration::from_millis(2)),);
    for id in lives.await.unwrap() {
        for lives in [&fast, &slow] {
            // Events of the second before the monitor began may be told, too; they are of other containers.
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

/// How many sockets this process has open.
fn connections() -> usize {
    let open = std::fs::read_dir("/proc/self/fd").unwrap().filter_map(|entry| entry.ok()?.path().read_link().ok());
    open.filter(|target| target.to_string_lossy().starts_with("socket:")).count()
}
