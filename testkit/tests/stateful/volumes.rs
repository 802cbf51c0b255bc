//! Volumes, and the containers that have them.

use dockerclient::{
    PruneOptions,
    containers::{CreateOptions, RemoveOptions},
    models::{HostConfig, VolumeCreate},
    volumes::ListOptions,
};
use dockerclient_testkit::Engine;

use crate::{actions, config, logged};

#[tokio::test]
async fn a_volume_outlives_its_containers_and_is_held_by_them() {
    let engine = Engine::new();
    let docker = engine.client("1.41");
    docker.volumes().create(&VolumeCreate { name: "data".into(), ..Default::default() }).await.unwrap();
    let host = HostConfig { binds: vec!["data:/data".into()], ..Default::default() };
    let writer = CreateOptions::new(config("echo kept > /data/file")).host_config(host.clone());
    let writer = docker.containers().create(&writer).await.unwrap().container;
    writer.start().await.unwrap();
    writer.wait().await.unwrap();
    let mounts = writer.inspect().await.unwrap().mounts;
    assert_eq!((&*mounts[0].name, &*mounts[0].destination, mounts[0].rw), ("data", "/data", true));
    let error = docker.volume("data").remove().await.unwrap_err();
    assert!(error.is_conflict(), "{error}");
    writer.remove(&RemoveOptions::default().volumes()).await.unwrap();

    let reader = CreateOptions::new(config("cat /data/file")).host_config(host);
    let reader = docker.containers().create(&reader).await.unwrap().container;
    assert_eq!(logged(&reader).await, "kept\n");
    reader.remove(&RemoveOptions::default()).await.unwrap();
    docker.volume("data").remove().await.unwrap();
    assert!(docker.volume("data").find().await.unwrap().is_none());
}

#[tokio::test]
async fn an_anonymous_volume_goes_with_its_container_if_that_is_wished() {
    let engine = Engine::new();
    let docker = engine.client("1.41");
    for (options, left) in [(RemoveOptions::default(), 1), (RemoveOptions::default().volumes(), 1)] {
        let mut config = config("true");
        config.volumes.insert("/data".into());
        let container = docker.containers().create(&CreateOptions::new(config)).await.unwrap().container;
        container.remove(&options).await.unwrap();
        assert_eq!(docker.volumes().list(&ListOptions::default().dangling(true)).await.unwrap().len(), left);
    }
    let pruned = docker.volumes().prune(&PruneOptions::default()).await.unwrap();
    assert_eq!(pruned.removed.len(), 1);
}

#[tokio::test]
async fn what_happens_to_volumes_is_told_in_order() {
    let engine = Engine::new();
    let docker = engine.client("1.41");
    let mut events = docker.events(&Default::default()).await.unwrap();
    let host = HostConfig { binds: vec!["data:/data".into()], ..Default::default() };
    let options = CreateOptions::new(config("true")).host_config(host);
    let container = docker.containers().create(&options).await.unwrap().container;
    container.start().await.unwrap();
    container.wait().await.unwrap();
    container.remove(&RemoveOptions::default()).await.unwrap();
    docker.volume("data").remove().await.unwrap();
    let told = actions(&mut events, "volume destroy").await;
    assert_eq!(
        told,
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
