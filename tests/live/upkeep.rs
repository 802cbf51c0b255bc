//! Limits that change, what takes up space, and what nobody needs any more, on a real engine.

use dockerclient::{
    PruneOptions,
    images::BuildOptions,
    models::{ContainerConfig, ContainerUpdate, DeleteItem, NetworkCreate, RestartPolicy, VolumeCreate},
    system::DiskUsageKind,
};

use crate::{
    engine::{Engine, in_turn, known_since, short},
    transfers::archive,
};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn limits_are_changed_while_a_container_runs() {
    let engine = Engine::under_test().await;
    let container = engine.running().await;
    let update = ContainerUpdate { cpu_shares: 512, ..Default::default() };
    let Some(warnings) = known_since(22, container.update(&update).await) else { return };
    assert_eq!(warnings, [""; 0]);
    assert_eq!(container.inspect().await.unwrap().host_config.cpu_shares, 512);
    let restart_policy = Some(RestartPolicy { name: "on-failure".into(), maximum_retry_count: 2 });
    let update = ContainerUpdate { restart_policy, ..Default::default() };
    if known_since(23, container.update(&update).await).is_some() {
        let seen = container.inspect().await.unwrap().host_config;
        assert_eq!((seen.cpu_shares, &*seen.restart_policy.name), (512, "on-failure"));
    }
    assert!(engine.container("ghost").update(&update).await.unwrap_err().status().is_none_or(|status| status == 404));
    let little = ContainerUpdate { memory: 1, ..Default::default() };
    assert!(container.update(&little).await.unwrap_err().status().is_some());
}

/// Only what has a label of this test: others have made things, too.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn what_nobody_needs_is_removed() {
    let engine = Engine::under_test().await;
    let label = engine.name("pruned");
    let labels = || [(label.clone(), String::new())].into();
    let options = PruneOptions::default().label(&*label);
    let none = in_turn(async || engine.containers().prune(&options).await).await;
    let Some(none) = known_since(29, none) else { return };
    assert_eq!((none.removed.len(), none.reclaimed), (0, 0));

    let container = engine.create_with("true", |config| ContainerConfig { labels: labels(), ..config });
    let container = container.await;
    let pruned = in_turn(async || engine.containers().prune(&options).await).await.unwrap();
    assert_eq!(pruned.removed, [container.id()]);
    assert!(container.find().await.unwrap().is_none());

    let network = NetworkCreate { name: label.clone(), labels: labels(), ..Default::default() };
    let network = engine.networks().create(&network).await.unwrap().network;
    engine.remove_later(format!("/networks/{}", network.id()));
    let pruned = in_turn(async || engine.networks().prune(&options).await).await.unwrap();
    assert_eq!((pruned.removed, pruned.reclaimed), (vec![label.clone()], 0));

    let volume = VolumeCreate { name: label.clone(), labels: labels(), ..Default::default() };
    engine.volumes().create(&volume).await.unwrap();
    engine.remove_later(format!("/volumes/{label}"));
    let all = options.clone().all();
    assert_eq!(in_turn(async || engine.volumes().prune(&all).await).await.unwrap().removed, [&*label]);

    let dockerfile = format!("FROM busybox\nLABEL {label}=\n");
    let context = || archive(&[("Dockerfile", &dockerfile)]);
    let name = format!("{label}:1");
    let id = engine.images().build(context(), &BuildOptions::default().name(&*name)).await.unwrap();
    engine.remove_later(format!("/images/{name}?force=1"));
    assert_eq!(in_turn(async || engine.images().prune(&options).await).await.unwrap().removed, []);
    let pruned = in_turn(async || engine.images().prune(&all).await).await.unwrap().removed;
    let untagged = DeleteItem { untagged: Some(name.clone()), ..Default::default() };
    assert!(pruned.contains(&untagged) && pruned.iter().any(|item| item.deleted.is_some()), "{pruned:?}");
    assert!(engine.image(&id).find().await.unwrap().is_none());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn what_takes_up_space_is_told_in_one_shape() {
    let engine = Engine::under_test().await;
    let container = engine.create("echo content > /file").await;
    container.start().await.unwrap();
    container.wait().await.unwrap();
    let usage = in_turn(async || engine.disk_usage().await).await;
    let Some(usage) = known_since(25, usage) else { return };
    let (images, containers) = (usage.images_usage.unwrap(), usage.containers_usage.unwrap());
    assert!(images.items.iter().any(|image| image.repo_tags.iter().any(|name| short(name) == "busybox:latest")));
    assert!(images.total_count >= images.active_count && images.active_count > 0 && images.total_size > 0);
    assert!(containers.items.iter().any(|listed| listed.id == container.id()) && containers.total_size > 0);
    assert!(usage.volumes_usage.is_some() && usage.build_cache_usage.is_some());
    let images = in_turn(async || engine.disk_usage_of([DiskUsageKind::Images]).await).await;
    known_since(42, images);
}
