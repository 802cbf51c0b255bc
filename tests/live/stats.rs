//! What containers use.

use dockerclient::{ApiVersion, containers::RemoveOptions};
use futures_util::TryStreamExt as _;

use crate::engine::{Engine, version};

fn knows_stats() -> bool {
    version() >= ApiVersion::new(1, 17)
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_running_container_is_measured_until_it_is_removed() {
    let engine = Engine::under_test().await;
    let container = engine.create("while true; do :; done").await;
    container.start().await.unwrap();
    let outcome = container.stats().await;
    if !knows_stats() {
        assert_eq!(outcome.unwrap_err().needed_version(), Some(ApiVersion::new(1, 17)));
        return;
    }
    let mut stats = outcome.unwrap();
    let first = stats.try_next().await.unwrap().unwrap();
    let second = stats.try_next().await.unwrap().unwrap();
    assert!(second.time() > first.time());
    assert_eq!(first.cpu_percent(None), None, "nothing to compare with");
    let percent = second.cpu_percent(Some(&first)).unwrap();
    assert!(percent > 1.0, "{percent}");
    assert!(second.cpu_percent(None).is_some(), "this engine sends the measurement before along");
    assert!(second.memory_used() > 0 && second.memory_percent().unwrap() < 100.0);

    container.remove(&RemoveOptions::default().force()).await.unwrap();
    while stats.try_next().await.unwrap().is_some() {}
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_container_is_measured_once_also_if_it_does_not_run() {
    if !knows_stats() {
        return;
    }
    let engine = Engine::under_test().await;
    assert!(engine.running().await.stats_once().await.unwrap().time().is_some());
    let stopped = engine.create("true").await.stats_once().await.unwrap();
    assert_eq!((stopped.time(), stopped.memory_used()), (None, 0));
    assert!(engine.container("ghost").stats().await.unwrap_err().is_not_found());
}
