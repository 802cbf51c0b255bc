//! Expected calls, scripted responses and verification.

#![allow(clippy::unwrap_used)] // a panic fails the test

use std::panic::{AssertUnwindSafe, catch_unwind};

use dockerclient_testkit::{
    Call, FakeEngine, Image, Latch, Process, Program, Request, Response, client_from_fn, frame,
};
use futures_util::TryStreamExt as _;
use insta::assert_snapshot;

/// Drops the engine, and returns the report of its verification.
fn report(engine: FakeEngine) -> String {
    let verified = catch_unwind(AssertUnwindSafe(|| drop(engine)));
    *verified.expect_err("verification succeeded").downcast::<String>().unwrap()
}

#[tokio::test]
async fn call_fails_the_expected_number_of_times() {
    let engine = FakeEngine::new();
    engine.expect(Call::to("image_inspect").with("name", "busybox").times(2).fails(500, "the disk is on fire"));
    let image = engine.client("1.18").image("busybox");
    let error = image.inspect().await.unwrap_err();
    assert_snapshot!(error, @"failed to inspect image busybox: the disk is on fire (500)");
    assert_eq!(image.inspect().await.unwrap_err().status(), Some(500));
    image.inspect().await.unwrap();
    assert_eq!(engine.calls_to("image_inspect").len(), 3);
}

#[tokio::test]
async fn unmet_expectations_fail_with_the_transcript() {
    let engine = FakeEngine::new();
    engine.expect(Call::to("container_start").with("id", "web"));
    engine.expect(Call::to("container_list").times(3));
    engine.client("1.18").containers().list().all(true).await.unwrap();
    assert_snapshot!(report(engine), @r"
    verification of the fake engine failed:
    - container_start(id=web): expected 1 call, got 0
    - container_list(): expected 3 calls, got 1
    requests received:
    container_list     GET /v1.18/containers/json?all=true -> 200
    ");
}

#[tokio::test]
async fn out_of_order_and_forbidden_calls_fail_the_test() {
    let engine = FakeEngine::new();
    engine.expect_in_order([Call::to("system_ping"), Call::to("system_info")]);
    engine.expect(Call::to("system_version").never());
    let docker = engine.client("1.18");
    docker.info().await.unwrap();
    docker.ping().await.unwrap();
    docker.version().await.unwrap();
    let report = report(engine);
    assert!(report.contains("- system_info(): expected after system_ping()"), "{report}");
    assert!(report.contains("- system_version(): expected no call, got 1"), "{report}");
}

#[tokio::test]
async fn invalid_requests_fail_the_test_and_return_400() {
    let engine = FakeEngine::new();
    let body = r#"{"Image":"busybox","Cmd":"true","Colour":"red"}"#;
    let response = exchange(&engine, &format!("POST /v1.15/containers/create?nmae=x HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())).await;
    assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
    let gone = exchange(&engine, "GET /v1.16/containers/web/stats HTTP/1.1\r\n\r\n").await;
    assert!(gone.contains("API 1.16 has no operation container_stats"), "{gone}");
    assert_snapshot!(report(engine).split("requests received").next().unwrap(), @r#"
    verification of the fake engine failed:
    - POST /v1.15/containers/create?nmae=x: container_create at API 1.15 has no parameter "nmae"; the field "Cmd" is "true", not of type array; API 1.15 has no field "Colour" here
    - GET /v1.16/containers/web/stats: API 1.16 has no operation container_stats
    "#);
}

#[tokio::test]
async fn lenient_accepts_unknown_parameters_and_routes() {
    let engine = FakeEngine::builder().lenient().build();
    let response = exchange(&engine, "GET /v1.18/images/json?colour=red HTTP/1.1\r\n\r\n").await;
    assert!(response.starts_with("HTTP/1.1 200 "), "{response}");
    let response = exchange(&engine, "GET /no/such/route HTTP/1.1\r\n\r\n").await;
    assert!(response.starts_with("HTTP/1.1 404 "), "{response}");
}

#[tokio::test]
async fn panics_in_responses_and_programs_fail_the_test() {
    let engine = FakeEngine::builder().image(Image::new("broken").program([""; 0], Program::new(broken))).build();
    engine.expect(Call::to("system_ping").responds(|_| panic!("in the script")));
    let docker = engine.client("1.18");
    assert_eq!(docker.ping().await.unwrap_err().status(), Some(500));
    let container = docker.containers().create("broken").cmd(["x"]).await.unwrap();
    container.start().await.unwrap();
    assert_eq!(container.wait().await.unwrap().code(), Some(255));
    let report = report(engine);
    assert!(report.contains("- the fake engine panicked: in the script"), "{report}");
    assert!(report.contains("- a program panicked: in the program"), "{report}");
}

async fn broken(_: Process) -> i64 {
    panic!("in the program")
}

#[tokio::test]
async fn truncated_invalid_and_missing_responses() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.18");
    engine.expect(Call::to("image_list").truncate_after(200));
    let error = docker.images().list().await.unwrap_err();
    assert!(error.status().is_none(), "{error}");
    engine.expect(Call::to("system_ping").responds_with_garbage());
    assert!(docker.ping().await.unwrap_err().status().is_none());
    engine.expect(Call::to("system_ping").closes_connection());
    assert!(docker.ping().await.unwrap_err().status().is_none());
    engine.expect(Call::to("system_info").hangs());
    let info = tokio::spawn(async move { docker.info().await });
    while engine.calls_to("system_info").is_empty() {
        tokio::task::yield_now().await;
    }
    info.abort();
    engine.all_connections_closed().await;
}

#[tokio::test]
async fn call_waits_for_latch() {
    let (engine, latch) = (FakeEngine::new(), Latch::new());
    engine.expect(Call::to("image_tag").waits_for(&latch));
    let docker = engine.client("1.18");
    let tagging = tokio::spawn({
        let docker = docker.clone();
        async move { docker.image("busybox").tag("copy").await }
    });
    docker.ping().await.unwrap();
    assert!(docker.image("copy").try_inspect().await.unwrap().is_none());
    latch.open();
    tagging.await.unwrap().unwrap();
    assert!(docker.image("copy").try_inspect().await.unwrap().is_some());
}

#[tokio::test]
async fn not_simulated_operations_return_501() {
    let engine = FakeEngine::new();
    let request = "GET /v1.18/containers/web/attach/ws?stream=1 HTTP/1.1\r\n\r\n";
    let response = exchange(&engine, request).await;
    assert!(response.starts_with("HTTP/1.1 501 "), "{response}");
    assert!(response.contains("the fake engine does not simulate container_attach_websocket"), "{response}");
    let buildkit: &[&str] = if cfg!(feature = "buildkit") { &[] } else { &["buildkit_grpc", "buildkit_session"] };
    let all = [buildkit, &["container_attach_websocket", "image_attestations"]].concat();
    assert_eq!(FakeEngine::not_simulated(), all);
    engine.expect(
        Call::to("container_attach_websocket")
            .responds(|_| Response::with_type(200, "text/plain", "response of the test")),
    );
    let response = exchange(&engine, request).await;
    assert!(response.ends_with("response of the test"), "{response}");
}

#[tokio::test]
async fn scripted_raw_response() {
    let engine = FakeEngine::scripted(|_| {
        Response::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n\x01\0\0\0\0\0\0\x01x\r\n")
            .then_close()
    });
    let logs = engine.client("1.18").container("web").logs().await;
    assert!(logs.is_err() || logs.unwrap().try_collect::<Vec<_>>().await.is_err());
    assert!(engine.request_lines().contains("GET /v1.18/containers/web/json"), "{}", engine.request_lines());
}

/// Sends a request over an in-memory connection, and returns the bytes received until EOF.
async fn exchange(engine: &FakeEngine, request: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = engine.connector()().unwrap();
    let request = request.replacen("\r\n", "\r\nHost: docker\r\nConnection: close\r\n", 1);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = Vec::new();
    stream.read_to_end(&mut response).await.unwrap();
    String::from_utf8(response).unwrap()
}

#[tokio::test]
async fn client_from_an_asynchronous_function() {
    let docker = client_from_fn(async |request: Request| {
        tokio::task::yield_now().await;
        match (request.method(), request.path()) {
            ("POST", "/containers/create") => {
                assert_eq!(request.query("name").as_deref(), Some("web"));
                assert_eq!(request.json().unwrap()["Image"], "busybox");
                Response::json(201, r#"{"Id": "f43c"}"#)
            }
            ("GET", "/containers/web/logs") => Response::with_type(200, "text/plain", frame(1, b"hello\n")),
            ("GET", "/containers/web/json") => Response::json(200, r#"{"Id": "f43c"}"#),
            (method, path) => Response::text(404, &format!("unexpected: {method} {path}")),
        }
    });
    let created = docker.containers().create("busybox").name("web").await.unwrap();
    assert_eq!(created.id(), "f43c");
    let output = docker.clone().container("web").logs().await.unwrap().capture().await.unwrap();
    assert_eq!(output.stdout_text(), "hello\n");
    let error = docker.ping().await.unwrap_err();
    assert_snapshot!(error, @"failed to ping the engine: unexpected: GET /_ping (404)");
}
