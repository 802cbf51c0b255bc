//! Container updates, prune and disk usage.

use dockerclient::{
    ApiVersion,
    models::{DeleteItem, RestartPolicy},
    system::DiskUsageKind,
};

use crate::{
    engine::{Engine, retry_while_busy, short, supported_since, version},
    transfers::archive,
};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn update_changes_limits_of_a_running_container() {
    let engine = Engine::under_test().await;
    let container = engine.running().await;
    let Some(warnings) = supported_since(22, container.update().cpu_shares(512).await) else { return };
    assert_eq!(warnings, [""; 0]);
    assert_eq!(container.inspect().await.unwrap().host_config.cpu_shares, 512);
    if supported_since(23, container.update().restart("on-failure:2").await).is_some() {
        let seen = container.inspect().await.unwrap().host_config;
        assert_eq!((seen.cpu_shares, seen.restart_policy), (512, RestartPolicy::on_failure(2)));
    }
    let error = engine.container("ghost").update().restart(RestartPolicy::on_failure(2)).await.unwrap_err();
    assert!(error.status().is_none_or(|status| status == 404), "{error}");
    assert!(container.update().memory(1).await.unwrap_err().status().is_some());
}

/// Filters by a label, to keep the objects of other tests.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn prune_removes_unused_objects_by_label() {
    let engine = Engine::under_test().await;
    let label = engine.name("pruned");
    let none = retry_while_busy(async || engine.containers().prune().label(&*label).await).await;
    let Some(none) = supported_since(29, none) else { return };
    assert_eq!((none.removed.len(), none.reclaimed), (0, 0));

    let container = engine.create_with("true", |create| create.label(&*label, "")).await;
    let pruned = retry_while_busy(async || engine.containers().prune().label(&*label).await).await.unwrap();
    assert_eq!(pruned.removed, [container.id()]);
    assert!(!container.exists().await.unwrap());

    let network = engine.networks().create(&*label).label(&*label, "").await.unwrap();
    engine.remove_later(format!("/networks/{}", network.id()));
    let pruned = retry_while_busy(async || engine.networks().prune().label(&*label).await).await.unwrap();
    assert_eq!((pruned.removed, pruned.reclaimed), (vec![label.clone()], 0));

    engine.volumes().create().name(&*label).label(&*label, "").await.unwrap();
    engine.remove_later(format!("/volumes/{label}"));
    let pruned = retry_while_busy(async || engine.volumes().prune().all(true).label(&*label).await).await.unwrap();
    assert_eq!(pruned.removed, [&*label]);

    let dockerfile = format!("FROM busybox\nLABEL {label}=\n");
    let context = || archive(&[("Dockerfile", &dockerfile)]);
    let name = format!("{label}:1");
    let image = engine.images().build(context()).tag(&*name).await.unwrap();
    engine.remove_later(format!("/images/{name}?force=1"));
    assert_eq!(retry_while_busy(async || engine.images().prune().label(&*label).await).await.unwrap().removed, []);
    let pruned =
        retry_while_busy(async || engine.images().prune().all(true).label(&*label).await).await.unwrap().removed;
    let untagged = DeleteItem { untagged: Some(name.clone()), ..Default::default() };
    assert!(pruned.contains(&untagged) && pruned.iter().any(|item| item.deleted.is_some()), "{pruned:?}");
    assert!(!image.exists().await.unwrap());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn disk_usage_has_the_same_fields_in_every_version() {
    let engine = Engine::under_test().await;
    let container = engine.create("echo content > /file").await;
    container.start().await.unwrap();
    container.wait().await.unwrap();
    let usage = retry_while_busy(async || engine.disk_usage().await).await;
    let Some(usage) = supported_since(25, usage) else { return };
    let (images, containers) = (usage.image_usage.unwrap(), usage.container_usage.unwrap());
    assert!(images.items.iter().any(|image| image.repo_tags.iter().any(|name| short(name) == "busybox:latest")));
    assert!(images.total_count >= images.active_count && images.active_count > 0 && images.total_size > 0);
    assert!(containers.items.iter().any(|listed| listed.id == container.id()) && containers.total_size > 0);
    assert!(usage.volume_usage.is_some());
    assert_eq!(usage.build_cache_usage.is_some(), version() >= ApiVersion::new(1, 39));
    let images = retry_while_busy(async || engine.disk_usage().kind(DiskUsageKind::Images).await).await;
    supported_since(42, images);
}
