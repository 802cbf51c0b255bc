//! Limits, pruning, and what everything takes.

use dockerclient::{
    PruneOptions,
    containers::CreateOptions,
    models::{ContainerUpdate, RestartPolicy},
};
use dockerclient_testkit::{Engine, Image};

use crate::{archive, config};

#[tokio::test]
async fn a_container_gets_other_limits() {
    let engine = Engine::new();
    let docker = engine.client("1.41");
    let container = docker.containers().create(&CreateOptions::new(config("true"))).await.unwrap().container;
    let policy = RestartPolicy { name: "always".into(), ..Default::default() };
    let update = ContainerUpdate {
        memory: 64 << 20,
        memory_swap: 128 << 20,
        restart_policy: Some(policy),
        ..Default::default()
    };
    container.update(&update).await.unwrap();
    let host = container.inspect().await.unwrap().host_config;
    assert_eq!((host.memory, &*host.restart_policy.name), (64 << 20, "always"));
    let more = ContainerUpdate { memory: 256 << 20, ..Default::default() };
    assert!(container.update(&more).await.unwrap_err().is_conflict());
}

#[tokio::test]
async fn what_has_ended_is_pruned_and_what_runs_is_not() {
    let engine = Engine::new();
    let docker = engine.client("1.41");
    let running = docker.containers().create(&CreateOptions::new(config("sleep 1000"))).await.unwrap().container;
    running.start().await.unwrap();
    let ended = docker.containers().create(&CreateOptions::new(config("true"))).await.unwrap().container;
    let pruned = docker.containers().prune(&PruneOptions::default()).await.unwrap();
    assert_eq!(pruned.removed, [ended.id()]);
    assert!(running.find().await.unwrap().is_some());
    assert!(docker.images().prune(&PruneOptions::default()).await.unwrap().removed.is_empty());
}

#[tokio::test]
async fn what_everything_takes_is_told() {
    let engine = Engine::builder().image(Image::new("large").size(5 << 20)).build();
    let docker = engine.client("1.41");
    let container = docker.containers().create(&CreateOptions::new(config("true"))).await.unwrap().container;
    container.copy_in("/tmp", archive(&[("file", "hello")])).await.unwrap();
    let usage = docker.disk_usage().await.unwrap();
    assert_eq!(usage.images.iter().map(|image| image.size).max(), Some(5 << 20));
    assert_eq!(usage.containers[0].size_rw, Some(5));
}
