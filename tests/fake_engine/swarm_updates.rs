//! Updates of swarm objects: read, change, write, and again if the object has changed in the meantime.

use std::sync::atomic::{AtomicUsize, Ordering};

use dockerclient::{
    ApiVersion, ErrorKind,
    models::{ClusterVolumeSpec, NodeAvailability, NodeSpec, VolumeAvailability},
};
use dockerclient_testkit::{FakeEngine, Response};
use insta::assert_snapshot;

const OUT_OF_SEQUENCE: &str = r#"{"message":"rpc error: code = Unknown desc = update out of sequence"}"#;

/// An engine whose object changes before each of the first `conflicts` writes.
fn engine(conflicts: usize) -> FakeEngine {
    let writes = AtomicUsize::new(0);
    FakeEngine::scripted(move |request| match &*request.line {
        line if line.starts_with("GET") => {
            let index = 7 + writes.load(Ordering::Relaxed);
            let spec = r#"{"Name":"a","Labels":{"kept":"yes"},"Availability":"active"}"#;
            Response::json(200, &format!(r#"{{"ID":"f43c","Version":{{"Index":{index}}},"Spec":{spec}}}"#))
        }
        _ if writes.fetch_add(1, Ordering::Relaxed) < conflicts => Response::json(500, OUT_OF_SEQUENCE),
        _ => Response::empty(200),
    })
}

#[tokio::test]
async fn node_update_is_retried_if_out_of_sequence() {
    let engine = engine(2);
    let update = engine.client("1.41").node("a").update(|spec| spec.availability = Some(NodeAvailability::Drain));
    update.await.unwrap();
    assert_snapshot!(engine.request_lines(), @"
    GET /v1.41/nodes/a
    POST /v1.41/nodes/a/update?version=7
    GET /v1.41/nodes/a
    POST /v1.41/nodes/a/update?version=8
    GET /v1.41/nodes/a
    POST /v1.41/nodes/a/update?version=9
    ");
    let body = engine.requests().last().unwrap().body.clone();
    assert_snapshot!(body, @r#"{"Availability":"drain","Labels":{"kept":"yes"},"Name":"a"}"#);
}

#[tokio::test]
async fn secret_and_config_updates_are_retried_if_out_of_sequence() {
    let engine = engine(1);
    let docker = engine.client("1.41");
    docker.secret("a").update(|spec| _ = spec.labels.insert("new".into(), String::new())).await.unwrap();
    docker.config("a").update(|spec| _ = spec.labels.insert("new".into(), String::new())).await.unwrap();
    assert_snapshot!(engine.request_lines(), @"
    GET /v1.41/secrets/a
    POST /v1.41/secrets/a/update?version=7
    GET /v1.41/secrets/a
    POST /v1.41/secrets/a/update?version=8
    GET /v1.41/configs/a
    POST /v1.41/configs/a/update?version=9
    ");
}

/// Engines return fields that the version lacks, and accept them.
#[tokio::test]
async fn unchanged_fields_of_newer_versions_are_sent() {
    let engine = FakeEngine::scripted(|request| {
        let spec = r#"{"Name":"a","Labels":{},"Templating":{"Name":"golang"},
            "TaskTemplate":{"ContainerSpec":{"Image":"busybox","Init":false,"Sysctls":{"a":"1"}}}}"#;
        match request.line.starts_with("GET") {
            true => Response::json(200, &format!(r#"{{"ID":"f43c","Version":{{"Index":7}},"Spec":{spec}}}"#)),
            false => Response::json(200, "{}"),
        }
    });
    let docker = engine.client("1.30");
    let config = docker.config("a");
    config.update(|spec| _ = spec.labels.insert("new".into(), String::new())).await.unwrap();
    let found = config.inspect().await.unwrap();
    config.replace(7, found.spec.clone()).await.unwrap();
    let secret = docker.secret("a").update(|spec| _ = spec.labels.insert("new".into(), String::new()));
    secret.await.unwrap();
    assert!(engine.requests().iter().filter(|request| request.body.contains("golang")).count() == 3);
    let changed = config.update(|spec| spec.templating = None).await;
    changed.unwrap();

    // Engines remove `Sysctls` from updates below API 1.40, but ignore the fields of a rollback.
    let service = docker.service("a");
    let error = service.update(|_| {}).await.unwrap_err();
    assert!(error.is_unsupported() && error.to_string().contains("Sysctls"), "{error}");
    service.rollback().await.unwrap();
}

/// An engine with a cluster volume that changes before each of the first `conflicts` writes.
fn engine_with_cluster_volume(conflicts: usize) -> FakeEngine {
    let writes = AtomicUsize::new(0);
    FakeEngine::scripted(move |request| match &*request.line {
        line if line.starts_with("GET") => {
            let index = 7 + writes.load(Ordering::Relaxed);
            let spec = r#"{"Group":"fast","AccessMode":{"Scope":"single","MountVolume":{}},"Availability":"active"}"#;
            let cluster_volume = format!(r#"{{"ID":"7hkv","Version":{{"Index":{index}}},"Spec":{spec}}}"#);
            let volume = format!(r#"{{"Name":"data","Driver":"csi","ClusterVolume":{cluster_volume}}}"#);
            Response::json(200, &volume)
        }
        _ if writes.fetch_add(1, Ordering::Relaxed) < conflicts => Response::json(500, OUT_OF_SEQUENCE),
        _ => Response::empty(200),
    })
}

/// The volume is found by its name, and written by its id.
#[tokio::test]
async fn volume_update_is_retried_if_out_of_sequence() {
    let engine = engine_with_cluster_volume(1);
    let data = engine.client("1.42").volume("data");
    data.update(|spec| spec.availability = Some(VolumeAvailability::Drain)).await.unwrap();
    assert_snapshot!(engine.request_lines(), @"
    GET /v1.42/volumes/data
    PUT /v1.42/volumes/7hkv?version=7
    GET /v1.42/volumes/data
    PUT /v1.42/volumes/7hkv?version=8
    ");
    let body = engine.requests().last().unwrap().body.clone();
    assert_snapshot!(body, @r#"{"Spec":{"AccessMode":{"MountVolume":{},"Scope":"single"},"Availability":"drain","Group":"fast"}}"#);

    let engine = engine_with_cluster_volume(usize::MAX);
    let error = engine.client("1.42").volume("data").update(|_| {}).await.unwrap_err();
    assert_eq!((error.status(), error.operation()), (Some(500), Some("volume_update")), "{error}");
    assert_eq!(engine.requests().len(), 10);
}

#[tokio::test]
async fn volume_replace_writes_once_by_the_id_of_the_handle() {
    let engine = engine_with_cluster_volume(1);
    let docker = engine.client("1.42");
    let found = docker.volume("data").inspect().await.unwrap().cluster_volume.unwrap();
    let spec = ClusterVolumeSpec { availability: Some(VolumeAvailability::Pause), ..Default::default() };
    let replace = || found.handle(&docker).replace(found.version.index, spec.clone());
    assert_eq!(replace().await.unwrap_err().status(), Some(500));
    replace().await.unwrap();
    assert_snapshot!(engine.request_lines(), @"
    GET /v1.42/volumes/data
    PUT /v1.42/volumes/7hkv?version=7
    PUT /v1.42/volumes/7hkv?version=7
    ");
}

#[tokio::test]
async fn volume_update_requires_a_cluster_volume() {
    let engine = FakeEngine::scripted(|_| Response::json(200, r#"{"Name":"data","Driver":"local"}"#));
    let error = engine.client("1.42").volume("data").update(|_| {}).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_snapshot!(error, @"failed to update volume data: only cluster volumes can be updated");
    assert_eq!(engine.request_lines(), "GET /v1.42/volumes/data");

    let error = engine.client("1.41").volume("data").update(|_| {}).await.unwrap_err();
    assert_eq!(error.required_version(), Some(ApiVersion::new(1, 42)), "{error}");
    assert_eq!(engine.requests().len(), 1);
}

#[tokio::test]
async fn update_fails_after_five_attempts() {
    let engine = engine(usize::MAX);
    let docker = engine.client("1.41");
    let error = docker.node("a").update(|spec| spec.name.clear()).await.unwrap_err();
    assert_eq!((error.status(), error.operation()), (Some(500), Some("node_update")), "{error}");
    assert_eq!(engine.requests().len(), 10);
    let swarm = docker.swarm().update(|spec| spec.name.clear()).await.unwrap_err();
    assert_eq!(swarm.operation(), Some("swarm_update"), "{swarm}");
    assert_eq!(engine.requests().len(), 20);
}

#[tokio::test]
async fn replace_of_a_stale_version_is_not_retried() {
    let engine = engine(1);
    let error = engine.client("1.41").node("a").replace(3, NodeSpec::default()).await.unwrap_err();
    assert_eq!(error.status(), Some(500), "{error}");
    assert_snapshot!(engine.request_lines(), @"POST /v1.41/nodes/a/update?version=3");
}
