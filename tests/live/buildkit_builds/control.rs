//! The build cache and the history of builds, over BuildKit's control API.

use std::time::Duration;

use dockerclient::{
    ApiVersion, DockerClient, Pruned,
    buildkit::{BuildHistoryEvent, BuildRecord, CacheRecord},
};
use tokio::time::{Instant, sleep, timeout};

use super::{CONTROL_API, build, built, engine_with_control_api};
use crate::engine::{Engine, version};

/// A limit that is not reached, also on a slow machine.
const LONG: Duration = Duration::from_secs(60);

/// Removes the records of the build cache that match a filter, once the builds that used them have released them.
pub(super) async fn prune(docker: &DockerClient, key: &str, value: &str) -> Pruned<CacheRecord> {
    let begin = Instant::now();
    loop {
        let pruned = docker.buildkit().prune().all(true).filter(key, value).await.unwrap();
        if !pruned.removed.is_empty() {
            return pruned;
        }
        assert!(begin.elapsed() < LONG, "{key} {value}");
        sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn build_cache_is_listed_and_pruned_by_filters() {
    let Some(engine) = engine_with_control_api().await else { return };
    let docker = engine.direct();
    let name = engine.name("usage");
    let dockerfile = format!("FROM busybox\nRUN echo {name} > /file\n");
    let (image, _) = built(&engine, build(&docker, &[("Dockerfile", &dockerfile)])).await.unwrap();
    let usage = || docker.buildkit().disk_usage();
    let own = || usage().filter("description~", &*name);

    let records = own().await.unwrap();
    let [record] = &*records else { panic!("{records:?}") };
    assert!(record.size > 0 && record.created.is_some() && !record.parents.is_empty(), "{record:?}");
    let all = usage().await.unwrap();
    assert!(all.len() > 1 && all.iter().any(|other| other.id == record.id), "{all:?}");
    assert!(all.is_sorted_by_key(|record| record.size), "{all:?}");
    assert!(own().filter("type", "source.local").await.unwrap().is_empty());
    assert_eq!(usage().filter("id", &record.id).await.unwrap().len(), 1);
    let error = usage().filter("no such field", "x").await.unwrap_err();
    assert!(error.is_bad_request() && error.operation() == Some("buildkit_grpc"), "{error:?}");

    image.remove().force(true).await.unwrap();
    let none = docker.buildkit().prune().filter("id", format!("not-{name}")).await.unwrap();
    assert_eq!((none.removed.len(), none.reclaimed), (0, 0));
    let pruned = prune(&docker, "id", &record.id).await;
    assert!(pruned.removed.iter().any(|removed| removed.id == record.id), "{pruned:?}");
    assert!(own().await.unwrap().is_empty());
}

/// Returns the record of the build for which `is_own` returns true, once it is complete.
async fn completed(docker: &DockerClient, is_own: impl Fn(&BuildRecord) -> bool) -> BuildRecord {
    let mut events = docker.build_history().watch().running(true).await.unwrap();
    loop {
        match events.try_next().await.unwrap().expect("the stream does not end") {
            BuildHistoryEvent::Completed(record) if is_own(&record) => return record,
            _ => {}
        }
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn build_history_is_watched_listed_and_changed() {
    let Some(engine) = engine_with_control_api().await else { return };
    let docker = engine.direct();
    let history = docker.build_history();
    if version() < ApiVersion::new(1, 43) {
        assert!(history.list().await.unwrap_err().is_unsupported());
        assert!(history.watch().await.unwrap_err().is_unsupported());
        assert!(history.remove("absent").await.unwrap_err().is_unsupported());
        return;
    }
    let name = engine.name("history");
    let is_own = |record: &BuildRecord| record.attributes.get("label:test") == Some(&name);
    let files = [("Dockerfile", "FROM busybox\nRUN true\nRUN exit 3\n")];
    let failing = build(&docker, &files).label("test", &*name).no_cache(true);
    let both = async { tokio::join!(completed(&docker, is_own), failing.send()) };
    let (record, outcome) = timeout(LONG, both).await.unwrap();
    assert_eq!(outcome.unwrap_err().code(), Some(3));
    assert!(record.error.as_ref().is_some_and(|error| error.contains("exit code: 3")), "{record:?}");
    assert!(record.created.is_some() && record.created < record.completed, "{record:?}");
    assert_eq!(record.frontend, "dockerfile.v0");

    let own = async || history.list().await.unwrap().into_iter().find(is_own);
    let listed = own().await.unwrap();
    assert_eq!((&listed.reference, &listed.error), (&record.reference, &record.error));
    assert_eq!(history.list().limit(1).await.unwrap().len(), 1);
    history.pin(&record.reference).await.unwrap();
    assert!(own().await.unwrap().pinned);
    history.unpin(&record.reference).await.unwrap();
    assert!(!own().await.unwrap().pinned);
    history.remove(&record.reference).await.unwrap();
    assert!(own().await.is_none());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn control_api_requires_api_1_40() {
    let engine = Engine::under_test().await;
    if version() < CONTROL_API {
        let buildkit = engine.direct().buildkit();
        for error in [buildkit.disk_usage().await.unwrap_err(), buildkit.prune().await.unwrap_err()] {
            assert!(error.is_unsupported() && error.required_version() == Some(CONTROL_API), "{error}");
        }
    }
}
