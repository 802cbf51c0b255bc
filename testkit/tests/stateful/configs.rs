//! Configs of a swarm.

use dockerclient_testkit::FakeEngine;

#[tokio::test]
async fn config_data_is_returned_and_labels_can_change() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    assert_eq!(docker.configs().list().await.unwrap_err().status(), Some(503));
    docker.swarm().init().await.unwrap();
    let config = docker.configs().create("app.conf", "listen 80;").label("app", "web").await.unwrap();
    let old = docker.config("app.conf").inspect().await.unwrap();
    assert_eq!((&*old.id, &*old.data().unwrap()), (config.id(), b"listen 80;".as_slice()));
    config.update(|spec| spec.labels.clear()).await.unwrap();
    assert!(config.inspect().await.unwrap().spec.labels.is_empty());
    assert_eq!(config.replace(old.version.index, old.spec).await.unwrap_err().status(), Some(500));
    let error = config.update(|spec| spec.data = "b3RoZXI=".into()).await.unwrap_err();
    assert_eq!(error.message(), Some("rpc error: code = InvalidArgument desc = only updates to Labels are allowed"));
    let found = docker.configs().list().name("app").await.unwrap();
    assert_eq!(found[0].data().unwrap(), b"listen 80;");
    config.remove().await.unwrap();
    assert!(docker.configs().list().await.unwrap().is_empty());
}

#[tokio::test]
async fn config_in_use_by_a_service_cannot_be_removed() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    docker.swarm().init().await.unwrap();
    let config = docker.configs().create("app.conf", "listen 80;").await.unwrap();
    for name in ["web", "db"] {
        let create = docker.services().create("busybox").resolve_image(false).name(name).cmd(["sleep", "1000"]);
        create.config(&*config, "/app.conf").await.unwrap();
    }
    let error = config.remove().await.unwrap_err();
    let message =
        "rpc error: code = InvalidArgument desc = config 'app.conf' is in use by the following services: web, db";
    assert_eq!((error.status(), error.message()), (Some(400), Some(message)));
}
