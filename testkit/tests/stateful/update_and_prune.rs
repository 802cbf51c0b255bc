//! Updates, prune and disk usage.

use dockerclient::{
    models::{RestartPolicy, RestartPolicyName},
    system::DiskUsageKind,
};
use dockerclient_testkit::{FakeEngine, Image};

use crate::archive;

#[tokio::test]
async fn update_limits_and_restart_policy() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let container = docker.containers().create("busybox").cmd(["true"]).await.unwrap();
    let update = container.update().memory(64 << 20).memory_swap(128 << 20);
    update.restart(RestartPolicy::always()).await.unwrap();
    let host = container.inspect().await.unwrap().host_config;
    assert_eq!((host.memory, host.restart_policy.name), (64 << 20, Some(RestartPolicyName::Always)));
    assert!(container.update().memory(256 << 20).await.unwrap_err().is_conflict());
}

#[tokio::test]
async fn prune_removes_only_stopped_containers() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let running = docker.containers().create("busybox").cmd(["sleep", "1000"]).await.unwrap();
    running.start().await.unwrap();
    let ended = docker.containers().create("busybox").cmd(["true"]).await.unwrap();
    let pruned = docker.containers().prune().await.unwrap();
    assert_eq!(pruned.removed, [ended.id()]);
    assert!(running.try_inspect().await.unwrap().is_some());
    assert!(docker.images().prune().await.unwrap().removed.is_empty());
}

#[tokio::test]
async fn disk_usage_of_images_and_containers() {
    let engine = FakeEngine::builder().image(Image::new("large").size(5 << 20)).build();
    let docker = engine.client("1.41");
    let container = docker.containers().create("busybox").cmd(["true"]).await.unwrap();
    container.copy_in("/tmp", archive(&[("file", "hello")])).await.unwrap();
    let usage = docker.disk_usage().await.unwrap();
    assert_eq!(usage.images.iter().map(|image| image.size).max(), Some(5 << 20));
    assert_eq!(usage.containers[0].size_rw, Some(5));
}

#[tokio::test]
async fn disk_usage_totals() {
    let engine = FakeEngine::builder().image(Image::new("large").size(5 << 20)).newest_api("1.55").build();
    let docker = engine.client("1.51");
    docker.containers().create("busybox").cmd(["true"]).await.unwrap();
    let before = docker.disk_usage().await.unwrap();
    let since = engine.client("1.55").disk_usage().await.unwrap();
    assert_eq!(since.image_usage.as_ref().unwrap().items.len(), 2);
    assert_eq!(
        (since.image_usage, since.container_usage, since.volume_usage, since.build_cache_usage),
        (before.image_usage, before.container_usage, before.volume_usage, before.build_cache_usage)
    );
    let containers = engine.client("1.55").disk_usage().kind(DiskUsageKind::Containers).await.unwrap();
    assert!(containers.container_usage.is_some() && containers.image_usage.is_none());
}
