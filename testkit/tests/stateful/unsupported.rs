//! Operations on objects that the engine cannot have: checkpoints, builds with BuildKit, and cluster volumes.

use dockerclient::models::ClusterVolumeSpec;
use dockerclient_testkit::FakeEngine;

#[tokio::test]
async fn checkpoints_require_experimental_mode() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let container = docker.containers().create("busybox").cmd(["sleep", "1000"]).await.unwrap();
    assert_eq!(container.list_checkpoints().await.unwrap_err().status(), Some(501));
    assert_eq!(container.create_checkpoint("one").await.unwrap_err().status(), Some(501));
    assert_eq!(container.remove_checkpoint("one").await.unwrap_err().status(), Some(501));
    assert_eq!(container.start().checkpoint("one").await.unwrap_err().status(), Some(400));
    assert_eq!(container.start().checkpoint_dir("/tmp").await.unwrap_err().status(), Some(403));
    container.start().await.unwrap();
}

#[tokio::test]
async fn cancelling_an_unknown_build_succeeds() {
    let engine = FakeEngine::new();
    engine.client("1.41").images().cancel_build("nosuch").await.unwrap();
}

#[tokio::test]
async fn cluster_volume_update_requires_a_swarm_manager() {
    let engine = FakeEngine::builder().newest_api("1.42").build();
    let docker = engine.client("1.42");
    let update = || docker.volume("data").replace(1, ClusterVolumeSpec::default());
    assert_eq!(update().await.unwrap_err().status(), Some(503));
    docker.swarm().init().await.unwrap();
    assert_eq!(update().await.unwrap_err().status(), Some(404));
}
