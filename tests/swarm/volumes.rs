//! Cluster volumes. The swarm stores them even if no CSI plugin can create them.

use dockerclient::{
    ErrorKind,
    models::{ClusterVolumeSpec, MountVolume, VolumeAccessMode, VolumeAccessScope, VolumeAvailability, VolumeSharing},
};

use crate::engine::{Manager, is_out_of_sequence, supported_since, supports};

fn spec() -> ClusterVolumeSpec {
    let mode = VolumeAccessMode {
        scope: Some(VolumeAccessScope::Multi),
        sharing: Some(VolumeSharing::OneWriter),
        mount_volume: Some(MountVolume { fs_type: "ext4".into(), ..Default::default() }),
        ..Default::default()
    };
    ClusterVolumeSpec { group: "fast".into(), access_mode: Some(mode), ..Default::default() }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn cluster_volume_lifecycle() {
    let docker = Manager::under_test().await;
    let name = docker.name("volume");
    docker.remove_later(format!("/volumes/{name}?force=1"));
    let created = docker.volumes().create().name(&*name).driver("missing-csi").cluster(spec()).await;
    let Some(created) = supported_since(42, created) else { return };
    let old = created.info.cluster_volume.clone().unwrap();
    assert_eq!(old.spec, ClusterVolumeSpec { availability: Some(VolumeAvailability::Active), ..spec() });
    assert!(old.created_at.is_some() && old.info.is_none());
    let listed = docker.volumes().list().await.unwrap();
    assert!(listed.into_iter().any(|volume| volume.cluster_volume.is_some_and(|found| found.id == old.id)));
    assert_eq!(old.handle(&docker).inspect().await.unwrap().name, name);

    let volume = docker.volume(&*name);
    volume.update(|spec| spec.availability = Some(VolumeAvailability::Drain)).await.unwrap();
    let seen = async || volume.inspect().await.unwrap().cluster_volume.unwrap();
    let changed = seen().await;
    assert_eq!((&changed.id, &changed.spec.availability), (&old.id, &Some(VolumeAvailability::Drain)));
    assert!(changed.version.index > old.version.index);

    let paused = || ClusterVolumeSpec { availability: Some(VolumeAvailability::Pause), ..spec() };
    assert!(is_out_of_sequence(old.handle(&docker).replace(old.version.index, paused()).await));
    // Engines find the volume by its name, but the swarm does not update it.
    assert!(volume.replace(changed.version.index, paused()).await.unwrap_err().is_not_found());
    old.handle(&docker).replace(changed.version.index, paused()).await.unwrap();
    assert_eq!(seen().await.spec, paused());

    volume.remove().force(true).await.unwrap();
    assert!(!volume.exists().await.unwrap());
    assert!(volume.update(|_| {}).await.unwrap_err().is_not_found());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn update_of_a_local_volume_is_an_error() {
    let docker = Manager::under_test().await;
    let name = docker.name("volume");
    docker.remove_later(format!("/volumes/{name}?force=1"));
    let volume = docker.volumes().create().name(&*name).await.unwrap();
    let error = volume.update(|_| {}).await.unwrap_err();
    assert_eq!(error.kind(), if supports(42) { ErrorKind::InvalidInput } else { ErrorKind::Unsupported }, "{error}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn cluster_volume_requires_a_manager() {
    let docker = Manager::without_swarm().await;
    let created = docker.volumes().create().name("data").driver("missing-csi").cluster(spec()).await.map(drop);
    for outcome in [created, docker.volume("data").replace(7, spec()).await] {
        let error = outcome.unwrap_err();
        assert_eq!((error.status(), error.is_unsupported()), (supports(42).then_some(503), !supports(42)), "{error}");
    }
}
