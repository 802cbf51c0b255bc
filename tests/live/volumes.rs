//! Volumes, on a real engine.

use dockerclient::{
    ApiVersion,
    containers::CreateOptions,
    models::{HostConfig, VolumeCreate},
    volumes::ListOptions,
};

use crate::engine::{Engine, known_since, shell, version};

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_volume_lives_and_goes() {
    let engine = Engine::under_test().await;
    let name = engine.name("volume");
    let volume = engine.volume(&*name);
    let Some(found) = known_since(21, volume.find().await) else { return };
    assert_eq!(found, None);
    engine.remove_later(format!("/volumes/{name}?force=1"));
    let driver_opts = [("type", "tmpfs"), ("device", "tmpfs")].map(|(key, value)| (key.to_owned(), value.to_owned()));
    let options = VolumeCreate { name: name.clone(), driver_opts: driver_opts.into(), ..Default::default() };
    let made = engine.volumes().create(&options).await.unwrap();
    assert_eq!((&*made.name, &*made.driver), (&*name, "local"));
    assert_eq!(engine.volumes().create(&options).await.unwrap().mountpoint, made.mountpoint, "it is there already");
    assert_eq!(volume.inspect().await.unwrap().mountpoint, made.mountpoint);
    let listed = async |options: ListOptions| {
        let listed = engine.volumes().list(&options).await;
        listed.map(|listed| listed.iter().any(|listed| listed.name == name))
    };
    assert!(listed(ListOptions::default().dangling(true)).await.unwrap());
    assert!(!listed(ListOptions::default().dangling(false)).await.unwrap());
    for named in
        [listed(ListOptions::default().name(&*name)).await, listed(ListOptions::default().driver("local")).await]
    {
        assert_ne!(known_since(23, named), Some(false));
    }
    assert_ne!(known_since(24, listed(ListOptions::default().label("nobody=has")).await), Some(true));
    volume.remove().await.unwrap();
    assert!(volume.remove().await.unwrap_err().is_not_found());
    known_since(25, volume.force_remove().await);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_volume_in_use_stays_and_is_told_of_in_one_shape() {
    let engine = Engine::under_test().await;
    let mut config = shell("sleep 10");
    config.volumes = ["/data".to_owned()].into();
    let host_config = HostConfig { binds: vec!["/tmp:/host:ro".into()], ..Default::default() };
    let options = CreateOptions::new(config).name(engine.name("volume")).host_config(host_config);
    let container = engine.containers().create(&options).await.unwrap().container;
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
