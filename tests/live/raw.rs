//! Raw requests.

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::engine::Engine;

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn raw_response_equals_the_result_of_the_method() {
    let engine = Engine::under_test().await;
    let info: Value = engine.get("/info").await.unwrap().json().await.unwrap();
    // Not the id: Podman returns a new one each time.
    assert_eq!(info["Name"], engine.info().await.unwrap().name);
    let all: Value = engine.get("/containers/json").query("all", 1).await.unwrap().json().await.unwrap();
    assert!(all.is_array());
    let error = engine.get("/containers/no-such-container/json").await.unwrap_err();
    assert!(error.is_not_found(), "{error}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn raw_upgrade_attaches_to_a_container() {
    let engine = Engine::under_test().await;
    let container = engine.create_with("cat", |create| create.stdin(true)).await;
    // The proxy does not support attached sessions.
    let docker = engine.direct();
    let attach = docker.post(format!("/containers/{}/attach", container.id()));
    let attach = attach.query("stream", 1).query("stdin", 1).query("stdout", 1);
    let mut connection = attach.upgrade("tcp").await.unwrap();
    container.start().await.unwrap();
    connection.write_all(b"hello").await.unwrap();
    connection.shutdown().await.unwrap();
    let mut output = Vec::new();
    connection.read_to_end(&mut output).await.unwrap();
    assert_eq!(output, b"\x01\0\0\0\0\0\0\x05hello");
}
