//! Container stats.

use dockerclient::ApiVersion;

use crate::engine::{Engine, version};

fn supports_stats() -> bool {
    version() >= ApiVersion::new(1, 17)
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn stats_are_streamed_until_the_container_is_removed() {
    let engine = Engine::under_test().await;
    let container = engine.create("while true; do :; done").await;
    container.start().await.unwrap();
    let outcome = container.stats().await;
    if !supports_stats() {
        assert_eq!(outcome.unwrap_err().required_version(), Some(ApiVersion::new(1, 17)));
        return;
    }
    let mut stats = outcome.unwrap();
    let first = stats.try_next().await.unwrap().unwrap();
    let second = stats.try_next().await.unwrap().unwrap();
    assert!(second.time() > first.time());
    assert_eq!(first.cpu_percent(None), None, "nothing to compare with");
    let percent = second.cpu_percent(Some(&first)).unwrap();
    assert!(percent > 1.0, "{percent}");
    assert!(second.cpu_percent(None).is_some(), "the sample includes the previous one");
    assert!(second.memory_used() > Some(0) && second.memory_percent().unwrap() < 100.0);

    container.remove().force(true).await.unwrap();
    while stats.try_next().await.unwrap().is_some() {}
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn stats_once_of_a_running_and_a_stopped_container() {
    if !supports_stats() {
        return;
    }
    let engine = Engine::under_test().await;
    assert!(engine.running().await.stats_once().await.unwrap().time().is_some());
    let stopped = engine.create("true").await.stats_once().await.unwrap();
    assert_eq!((stopped.time(), stopped.memory_used()), (None, None));
    assert!(engine.container("ghost").stats().await.unwrap_err().is_not_found());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn stats_once_without_one_shot_has_a_previous_sample() {
    if !supports_stats() {
        return;
    }
    let engine = Engine::under_test().await;
    let container = engine.create("while true; do :; done").await;
    container.start().await.unwrap();
    let at_once = container.stats_once().await.unwrap();
    assert_eq!(at_once.cpu_percent(None), None, "nothing to compare with");
    let second = container.stats_once().one_shot(false).await.unwrap();
    assert!(second.cpu_percent(None).unwrap() > 1.0, "{second:?}");
    assert!(second.cpu_percent(Some(&at_once)).unwrap() > 1.0, "{second:?}");
    assert!(second.time() > at_once.time());
}
