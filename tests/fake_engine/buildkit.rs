//! BuildKit: sessions and gRPC connections, and builds that are cancelled.

use std::time::Duration;

use dockerclient::{ErrorKind, Upload};
use dockerclient_testkit::{FakeEngine, Response, frame};
use insta::assert_snapshot;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const UPGRADED: &str = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";

/// The start of an HTTP/2 connection preface, which engines send first in a session.
const PREFACE: &str = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

#[tokio::test]
async fn session_sends_its_headers_and_returns_the_connection() {
    let engine = FakeEngine::scripted(|_| Response::raw(format!("{UPGRADED}{PREFACE}")).then_echo());
    let session = engine.client("1.41").buildkit().session("k3v1q9").name("web").shared_key("files");
    let session = session.methods(["/moby.filesync.v1.FileSync/DiffCopy", "/grpc.health.v1.Health/Check"]);
    let mut connection = session.header("X-Trace", "7").await.unwrap();
    assert_eq!((connection.status(), connection.headers()["upgrade"].to_str().unwrap()), (101, "h2c"));
    let mut preface = [0; PREFACE.len()];
    connection.read_exact(&mut preface).await.unwrap();
    assert_eq!(preface, PREFACE.as_bytes());
    connection.write_all(b"settings").await.unwrap();
    connection.shutdown().await.unwrap();
    let mut read = Vec::new();
    connection.read_to_end(&mut read).await.unwrap();
    assert_eq!(read, [frame(1, b"settings"), frame(2, b"met the end")].concat());
    let request = engine.requests().remove(0);
    assert_eq!(["connection", "upgrade"].map(|name| request.header(name).unwrap()), ["Upgrade", "h2c"]);
    let mut headers: Vec<String> = request.headers.into_iter().filter(|header| header.starts_with("x-")).collect();
    headers.sort();
    assert_snapshot!(format!("{}\n{}", request.line, headers.join("\n")), @"
    POST /v1.41/session
    x-docker-expose-session-grpc-method: /grpc.health.v1.Health/Check
    x-docker-expose-session-grpc-method: /moby.filesync.v1.FileSync/DiffCopy
    x-docker-expose-session-name: web
    x-docker-expose-session-sharedkey: files
    x-docker-expose-session-uuid: k3v1q9
    x-trace: 7
    ");
    drop(connection);
    engine.all_connections_closed().await;
}

#[tokio::test]
async fn grpc_returns_the_connection() {
    let engine = FakeEngine::scripted(|_| Response::raw(UPGRADED).then_echo());
    let mut connection = engine.client("1.41").buildkit().grpc().await.unwrap();
    connection.write_all(PREFACE.as_bytes()).await.unwrap();
    connection.shutdown().await.unwrap();
    let mut read = Vec::new();
    connection.read_to_end(&mut read).await.unwrap();
    assert_eq!(read, [frame(1, PREFACE.as_bytes()), frame(2, b"met the end")].concat());
    let requests = engine.requests();
    let headers = ["connection", "upgrade"].map(|name| requests[0].header(name).unwrap());
    assert_eq!((&*requests[0].line, headers), ("POST /v1.41/grpc", ["Upgrade", "h2c"]));
}

#[tokio::test]
async fn buildkit_connection_requires_an_upgrade() {
    let engine = FakeEngine::scripted(|request| match request.line.contains("/session") {
        true => Response::json(400, r#"{"message":"session k3v1q9 already exists"}"#),
        false => Response::json(200, "{}"),
    });
    let buildkit = engine.client("1.41").buildkit();
    let taken = buildkit.session("k3v1q9").await.unwrap_err();
    let plain = buildkit.grpc().await.unwrap_err();
    assert_eq!((taken.kind(), plain.kind()), (ErrorKind::BadRequest, ErrorKind::ConnectionLost));
    let invalid = buildkit.session("k3v1q9").methods(["a\nb"]).await.unwrap_err();
    assert_snapshot!([taken, plain, invalid].map(|error| error.to_string()).join("\n"), @r#"
    failed to open BuildKit session k3v1q9: session k3v1q9 already exists (400)
    failed to connect to BuildKit: the engine did not switch to HTTP/2 (status 200)
    failed to open BuildKit session k3v1q9: invalid gRPC method "a\nb"
    "#);
    assert_eq!(engine.requests().len(), 2);
}

#[tokio::test]
async fn session_is_limited_by_its_time_limit() {
    let engine = FakeEngine::scripted(|_| Response::never());
    let docker = engine.client("1.41");
    let error = docker.buildkit().session("k3v1q9").time_limit(Duration::from_millis(20)).await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    drop(docker);
    engine.all_connections_closed().await;
}

#[tokio::test]
async fn build_id_is_sent_to_start_and_to_cancel_a_build() {
    let engine = FakeEngine::scripted(|request| match &*request.line {
        line if line.contains("/session") => Response::raw(UPGRADED).then_stall(),
        line if line.contains("/cancel") => Response::empty(200).header("Content-Type", "application/json"),
        _ => Response::json(200, r#"{"errorDetail":{"message":"context canceled"},"error":"context canceled"}"#),
    });
    let images = engine.client("1.41").images();
    let build = images.build(Upload::from(Vec::new())).build_kit(true).build_id("nightly 17");
    assert!(build.await.unwrap_err().is_operation_failed());
    images.cancel_build("nightly 17").await.unwrap();
    let requests = engine.requests();
    let id = requests[0].header("x-docker-expose-session-uuid").unwrap();
    assert_snapshot!(engine.request_lines().replace(id, "ID"), @"
    POST /v1.41/session
    POST /v1.41/build?buildid=nightly+17&session=ID&version=2
    POST /v1.41/build/cancel?id=nightly+17
    ");
}
