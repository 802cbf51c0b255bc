//! Volume methods.

use dockerclient::{ApiVersion, volumes::ListVolumes};

use crate::engine::{Engine, supported_since, version};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn volume_lifecycle() {
    let engine = Engine::under_test().await;
    let name = engine.name("volume");
    let volume = engine.volume(&*name);
    let Some(found) = supported_since(21, volume.try_inspect().await) else { return };
    assert_eq!(found, None);
    engine.remove_later(format!("/volumes/{name}?force=1"));
    assert!(!volume.exists().await.unwrap());
    let create = || engine.volumes().create().name(&*name).driver_opt("type", "tmpfs").driver_opt("device", "tmpfs");
    let created = create().await.unwrap();
    assert_eq!((created.name(), &*created.info.name, &*created.info.driver), (&*name, &*name, "local"));
    let again = create().await.unwrap();
    assert_eq!(again.info.mountpoint, created.info.mountpoint, "a volume of that name is returned");
    assert!(volume.exists().await.unwrap());
    assert_eq!(volume.inspect().await.unwrap().mountpoint, created.info.mountpoint);
    let list = || engine.volumes().list();
    let listed = async |list: ListVolumes| list.await.map(|list| list.into_iter().any(|volume| volume.name == name));
    assert!(listed(list().dangling(true)).await.unwrap());
    assert!(!listed(list().dangling(false)).await.unwrap());
    for named in [listed(list().name(&*name)).await, listed(list().driver("local")).await] {
        assert_ne!(supported_since(24, named), Some(false));
    }
    assert_ne!(supported_since(25, listed(list().label("missing=label")).await), Some(true));
    volume.remove().await.unwrap();
    assert!(volume.remove().await.unwrap_err().is_not_found());
    supported_since(25, volume.remove().force(true).await);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn volume_in_use_is_a_mount_point_and_not_removed() {
    let engine = Engine::under_test().await;
    let create = engine.containers().create("busybox").cmd(["sleep", "10"]).name(engine.name("volume"));
    let container = create.anonymous_volume("/data").bind("/tmp", "/host:ro").await.unwrap().container;
    container.start().await.unwrap();
    let mounts = container.inspect().await.unwrap().mount_points();
    let mount = |path: &str| mounts.iter().find(|mount| mount.destination == path).unwrap();
    assert_eq!((&*mount("/host").source, mount("/host").rw), ("/tmp", false));
    assert!(mount("/data").rw && mount("/data").source.starts_with('/'));
    if version() >= ApiVersion::new(1, 21) {
        let volume = engine.volume(&*mount("/data").name);
        assert!(volume.remove().await.unwrap_err().is_conflict());
    }
}
