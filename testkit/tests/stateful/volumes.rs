//! Volumes and the containers that mount them.

use dockerclient_testkit::FakeEngine;

use crate::{actions, logged};

#[tokio::test]
async fn volume_is_in_use_by_and_outlives_containers() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    docker.volumes().create().name("data").await.unwrap();
    let create = |script| docker.containers().create("busybox").cmd(["sh", "-c", script]).volume("data", "/data");
    let writer = create("echo kept > /data/file").await.unwrap();
    writer.start().await.unwrap();
    writer.wait().await.unwrap();
    let mounts = writer.inspect().await.unwrap().mounts;
    assert_eq!((&*mounts[0].name, &*mounts[0].destination, mounts[0].rw), ("data", "/data", true));
    let error = docker.volume("data").remove().await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    writer.remove().volumes(true).await.unwrap();

    let reader = create("cat /data/file").await.unwrap();
    assert_eq!(logged(&reader).await, "kept\n");
    reader.remove().await.unwrap();
    docker.volume("data").remove().await.unwrap();
    assert!(docker.volume("data").try_inspect().await.unwrap().is_none());
}

#[tokio::test]
async fn anonymous_volume_is_removed_with_its_container() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    for volumes in [false, true] {
        let container = docker.containers().create("busybox").cmd(["true"]).anonymous_volume("/data").await.unwrap();
        container.remove().volumes(volumes).await.unwrap();
        assert_eq!(docker.volumes().list().dangling(true).await.unwrap().volumes.len(), 1);
    }
    let pruned = docker.volumes().prune().await.unwrap();
    assert_eq!(pruned.removed.len(), 1);
}

#[tokio::test]
async fn volume_events_are_in_order() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let mut events = docker.events().await.unwrap();
    let container = docker.containers().create("busybox").cmd(["true"]).volume("data", "/data").await.unwrap();
    container.start().await.unwrap();
    container.wait().await.unwrap();
    container.remove().await.unwrap();
    docker.volume("data").remove().await.unwrap();
    let events = actions(&mut events, "volume destroy").await;
    assert_eq!(
        events,
        [
            "volume create",
            "container create",
            "network connect",
            "volume mount",
            "container start",
            "container die",
            "network disconnect",
            "volume unmount",
            "container destroy",
            "volume destroy"
        ]
    );
}
