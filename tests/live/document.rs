//! What no method of the client asks: what the engine answers fits the document.

use std::time::Duration;

use bytes::Bytes;
use dockerclient::ApiVersion;
use serde_json::{Value, json};

use crate::engine::{Engine, version};

/// Whether the version under test is 1.`minor` or newer.
fn knows(minor: u16) -> bool {
    version() >= ApiVersion::new(1, minor)
}

/// Asks, and checks the status; the tap checks all else.
async fn ask(engine: &Engine, status: u16, method: &str, path: &str, body: Value) -> Value {
    let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
    let (got, answer) = engine.ask(method, path, body).await;
    assert_eq!(got, status, "{method} {path}: {answer}");
    answer
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn an_engine_is_asked_for_its_head_only() {
    if knows(40) {
        let engine = Engine::under_test().await;
        ask(&engine, 200, "HEAD", "/_ping", Value::Null).await;
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn all_that_a_container_can_be_made_of_is_told_back() {
    if !knows(25) {
        return;
    }
    let engine = Engine::under_test().await;
    let name = engine.name("full");
    let container = json!({
        "Image": "busybox", "Cmd": ["sleep", "10"], "StopTimeout": 1, "StopSignal": "SIGKILL",
        "Healthcheck": { "Test": ["CMD", "true"], "Interval": 1_000_000_000 },
        "HostConfig": {
            "Mounts": [{ "Type": "tmpfs", "Target": "/data", "TmpfsOptions": { "SizeBytes": 65536, "Mode": 493 } }],
            "Tmpfs": { "/run": "size=1m" }, "Init": false, "PidsLimit": 100, "NanoCpus": 500_000_000,
            "Ulimits": [{ "Name": "nofile", "Soft": 1024, "Hard": 2048 }], "ExtraHosts": ["db:10.0.0.1"],
        },
        "NetworkingConfig": { "EndpointsConfig": { "bridge": {} } },
    });
    ask(&engine, 201, "POST", &format!("/containers/create?name={name}"), container).await;
    ask(&engine, 204, "POST", &format!("/containers/{name}/start"), Value::Null).await;
    let container = engine.container(&name);
    while container.inspect().await.unwrap().state.health.unwrap().log.is_empty() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let listed = ask(&engine, 200, "GET", "/containers/json?size=1", Value::Null).await;
    assert!(listed.as_array().unwrap().iter().any(|listed| listed["Names"][0] == format!("/{name}")));
}
