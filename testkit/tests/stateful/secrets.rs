//! Secrets of a swarm.

use dockerclient::DockerClient;
use dockerclient_testkit::FakeEngine;

use crate::actions;

/// A client of an engine that is a swarm manager.
async fn manager(engine: &FakeEngine) -> DockerClient {
    let docker = engine.client("1.41");
    docker.swarm().init().await.unwrap();
    docker
}

#[tokio::test]
async fn secrets_require_a_swarm_manager() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    assert_eq!(docker.secrets().list().await.unwrap_err().status(), Some(503));
    assert_eq!(docker.secrets().create("app.key", "hunter2").await.unwrap_err().status(), Some(503));
    assert_eq!(docker.secret("app.key").remove().await.unwrap_err().status(), Some(503));
}

#[tokio::test]
async fn secret_data_is_not_returned_and_labels_can_change() {
    let engine = FakeEngine::new();
    let docker = manager(&engine).await;
    let secret = docker.secrets().create("app.key", "hunter2").label("app", "web").await.unwrap();
    let old = docker.secret("app.key").inspect().await.unwrap();
    assert_eq!((&*old.id, &*old.spec.data, &*old.spec.labels["app"]), (secret.id(), "", "web"));
    secret.update(|spec| drop(spec.labels.insert("app".into(), "db".into()))).await.unwrap();
    let changed = docker.secret(&secret.id()[..10]).inspect().await.unwrap();
    assert_eq!((changed.created_at == old.created_at, &*changed.spec.labels["app"]), (true, "db"));
    let error = secret.replace(old.version.index, old.spec).await.unwrap_err();
    assert_eq!(error.message(), Some("rpc error: code = Unknown desc = update out of sequence"));
    let error = secret.update(|spec| spec.data = "b3RoZXI=".into()).await.unwrap_err();
    assert_eq!(error.message(), Some("rpc error: code = InvalidArgument desc = only updates to Labels are allowed"));
    secret.remove().await.unwrap();
    assert_eq!(secret.try_inspect().await.unwrap(), None);
}

#[tokio::test]
async fn invalid_secrets_are_rejected() {
    let engine = FakeEngine::new();
    let docker = manager(&engine).await;
    docker.secrets().create("app.key", "hunter2").await.unwrap();
    let limit = "x".repeat(500 << 10);
    for (name, data, status) in [
        ("app.key", "other", 409),
        ("APP.key", "other", 409),
        ("-", "data", 400),
        ("", "data", 400),
        ("empty", "", 400),
        ("large", &*limit, 400),
    ] {
        assert_eq!(docker.secrets().create(name, data).await.unwrap_err().status(), Some(status), "{name:?}");
    }
    docker.secrets().create("large", &limit[1..]).await.unwrap();
    let error = docker.secrets().create("external", "").driver("vault").await.unwrap_err();
    assert_eq!(error.message(), Some("rpc error: code = Unknown desc = plugin \"vault\" not found"));
}

#[tokio::test]
async fn secrets_are_listed_by_filters() {
    let engine = FakeEngine::new();
    let docker = manager(&engine).await;
    let key = docker.secrets().create("app.key", "1").label("app", "web").await.unwrap();
    docker.secrets().create("app.crt", "2").label("app", "db").await.unwrap();
    docker.secrets().create("other", "3").await.unwrap();
    let list = || docker.secrets().list();
    for (list, count) in [
        (list(), 3),
        (list().name("APP"), 2),
        (list().names(["app"]), 0),
        (list().names(["app.key", "other"]), 2),
        (list().name("app").label("app=web"), 1),
        (list().label("app"), 2),
        (list().id(&key.id()[..12]), 1),
        (list().id(key.id()).names(["other"]), 2),
    ] {
        let name = format!("{list:?}");
        assert_eq!(list.await.unwrap().len(), count, "{name}");
    }
}

#[tokio::test]
async fn secret_in_use_by_a_service_cannot_be_removed() {
    let engine = FakeEngine::new();
    let docker = manager(&engine).await;
    let secret = docker.secrets().create("app.key", "hunter2").await.unwrap();
    let create = docker.services().create("busybox").resolve_image(false).name("web").cmd(["sleep", "1000"]);
    create.secret("app.key", "key").await.unwrap();
    let error = secret.remove().await.unwrap_err();
    let message = "rpc error: code = InvalidArgument desc = secret 'app.key' is in use by the following service: web";
    assert_eq!((error.status(), error.message()), (Some(400), Some(message)));
    docker.service("web").remove().await.unwrap();
    secret.remove().await.unwrap();
}

#[tokio::test]
async fn secret_events_are_in_order() {
    let engine = FakeEngine::new();
    let docker = manager(&engine).await;
    let mut events = docker.events().await.unwrap();
    let secret = docker.secrets().create("app.key", "hunter2").await.unwrap();
    secret.update(|spec| spec.labels.clear()).await.unwrap();
    secret.remove().await.unwrap();
    let mut events = actions(&mut events, "secret remove").await;
    events.retain(|event| event.starts_with("secret"));
    assert_eq!(events, ["secret create", "secret update", "secret remove"]);
}
