//! Updates of swarm objects: read, change, write, and again if the object has changed meanwhile.

use std::sync::atomic::{AtomicUsize, Ordering};

use dockerclient::models::{NodeAvailability, NodeSpec};
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
