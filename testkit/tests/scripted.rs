//! What a test says shall happen happens, and what it expects is held against what came.

#![allow(clippy::unwrap_used)] // in a test, a panic is a report

use std::panic::{AssertUnwindSafe, catch_unwind};

use dockerclient::{
    containers::{ListOptions, LogsOptions},
    images::TagOptions,
};
use dockerclient_testkit::{Call, Engine, Gate, Image, Process, Program, Reply};
use futures_util::TryStreamExt as _;
use insta::assert_snapshot;

/// What the engine says when it is verified.
fn report(engine: Engine) -> String {
    let verified = catch_unwind(AssertUnwindSafe(|| drop(engine)));
    *verified.expect_err("the engine was content").downcast::<String>().unwrap()
}

#[tokio::test]
async fn a_call_fails_as_often_as_it_is_told_and_then_does_what_it_does() {
    let engine = Engine::new();
    engine.expect(Call::to("image_inspect").with("name", "busybox").times(2).fails(500, "the disk is on fire"));
    let image = engine.client("1.18").image("busybox");
    let error = image.inspect().await.unwrap_err();
    assert_snapshot!(error, @"image inspect: engine said 500: the disk is on fire");
    assert_eq!(image.inspect().await.unwrap_err().status(), Some(500));
    image.inspect().await.unwrap();
    assert_eq!(engine.calls_to("image_inspect").len(), 3);
}

#[tokio::test]
async fn what_was_expected_and_did_not_come_fails_the_test_and_the_transcript_shows_what_came() {
    let engine = Engine::new();
    engine.expect(Call::to("container_start").with("id", "web"));
    engine.expect(Call::to("container_list").times(3));
    engine.client("1.18").containers().list(&ListOptions::default().all()).await.unwrap();
    assert_snapshot!(report(engine), @r"
    the double of the engine is not content:
    - container_start(id=web) was expected once, and came not at all
    - container_list() was expected 3 times, and came once
    what it was asked:
    container_list     GET /v1.18/containers/json?all=true -> 200
    ");
}

#[tokio::test]
async fn calls_in_the_wrong_order_or_unwanted_fail_the_test() {
    let engine = Engine::new();
    engine.expect_in_order([Call::to("system_ping"), Call::to("system_info")]);
    engine.expect(Call::to("system_version").never());
    let docker = engine.client("1.18");
    docker.info().await.unwrap();
    docker.ping().await.unwrap();
    docker.version().await.unwrap();
    let report = report(engine);
    assert!(report.contains("- system_info() came before system_ping()"), "{report}");
    assert!(report.contains("- system_version() came, and should not have"), "{report}");
}

#[tokio::test]
async fn what_the_document_does_not_know_fails_the_test_and_is_told_to_the_client() {
    let engine = Engine::new();
    let body = r#"{"Image":"busybox","Cmd":"true","Colour":"red"}"#;
    let answer = ask(&engine, &format!("POST /v1.15/containers/create?nmae=x HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    let gone = ask(&engine, "GET /v1.16/containers/web/stats HTTP/1.1\r\n\r\n").await;
    assert!(gone.contains("API 1.16 has no operation container_stats"), "{gone}");
    assert_snapshot!(report(engine).split("what it was asked").next().unwrap(), @r#"
    the double of the engine is not content:
    - POST /v1.15/containers/create?nmae=x: container_create at API 1.15 has no parameter "nmae"; the field "Cmd" is "true", not of type array; API 1.15 has no field "Colour" here
    - GET /v1.16/containers/web/stats: API 1.16 has no operation container_stats
    "#);
}

#[tokio::test]
async fn a_lenient_engine_takes_what_engines_take() {
    let engine = Engine::builder().lenient().build();
    let answer = ask(&engine, "GET /v1.18/images/json?colour=red HTTP/1.1\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let answer = ask(&engine, "GET /no/such/route HTTP/1.1\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
}

#[tokio::test]
async fn a_panic_in_the_double_fails_the_test() {
    let engine = Engine::builder().image(Image::new("broken").program([""; 0], Program::new(broken))).build();
    engine.expect(Call::to("system_ping").answers(|_| panic!("in the script")));
    let docker = engine.client("1.18");
    assert_eq!(docker.ping().await.unwrap_err().status(), Some(500));
    let config =
        dockerclient::models::ContainerConfig { image: "broken".into(), cmd: vec!["x".into()], ..Default::default() };
    let options = dockerclient::containers::CreateOptions::new(config);
    let container = docker.containers().create(&options).await.unwrap().container;
    container.start().await.unwrap();
    assert_eq!(container.wait().await.unwrap().code, 255);
    let report = report(engine);
    assert!(report.contains("- the double panicked: in the script"), "{report}");
    assert!(report.contains("- a program panicked: in the program"), "{report}");
}

async fn broken(_: Process) -> i64 {
    panic!("in the program")
}

#[tokio::test]
async fn an_answer_breaks_off_or_is_no_http_or_never_comes() {
    let engine = Engine::new();
    let docker = engine.client("1.18");
    engine.expect(Call::to("image_list").cut_after(200));
    let images = docker.images();
    let error = images.list(&dockerclient::images::ListOptions::default()).await.unwrap_err();
    assert!(error.status().is_none(), "{error}");
    engine.expect(Call::to("system_ping").answers_garbage());
    assert!(docker.ping().await.unwrap_err().status().is_none());
    engine.expect(Call::to("system_ping").hangs_up());
    assert!(docker.ping().await.unwrap_err().status().is_none());
    engine.expect(Call::to("system_info").hangs());
    let asking = tokio::spawn(async move { docker.info().await });
    while engine.calls_to("system_info").is_empty() {
        tokio::task::yield_now().await;
    }
    asking.abort();
    engine.all_hung_up().await;
}

#[tokio::test]
async fn an_answer_waits_until_it_is_told() {
    let (engine, gate) = (Engine::new(), Gate::new());
    engine.expect(Call::to("image_tag").waits_for(&gate));
    let docker = engine.client("1.18");
    let tagging = tokio::spawn({
        let docker = docker.clone();
        async move { docker.image("busybox").tag(&TagOptions::new("copy")).await }
    });
    docker.ping().await.unwrap();
    assert!(docker.image("copy").find().await.unwrap().is_none());
    gate.open();
    tagging.await.unwrap().unwrap();
    assert!(docker.image("copy").find().await.unwrap().is_some());
}

#[tokio::test]
async fn what_is_not_simulated_answers_501_and_is_listed() {
    let engine = Engine::new();
    let asked = "GET /v1.18/containers/web/attach/ws?stream=1 HTTP/1.1\r\n\r\n";
    let answer = ask(&engine, asked).await;
    assert!(answer.starts_with("HTTP/1.1 501 "), "{answer}");
    assert!(answer.contains("the double of an engine does not simulate container_attach_ws"), "{answer}");
    assert_eq!(Engine::not_simulated(), ["container_attach_ws", "image_attestations"]);
    engine
        .expect(Call::to("container_attach_ws").answers(|_| Reply::with_type(200, "text/plain", "what the test says")));
    let answer = ask(&engine, asked).await;
    assert!(answer.ends_with("what the test says"), "{answer}");
}

#[tokio::test]
async fn a_whole_script_is_in_command_of_every_byte() {
    let engine = Engine::answering(|_| {
        Reply::raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n\x01\0\0\0\0\0\0\x01x\r\n").then_hang_up()
    });
    let logs = engine.client("1.18").container("web").logs(&LogsOptions::default()).await;
    assert!(logs.is_err() || logs.unwrap().try_collect::<Vec<_>>().await.is_err());
    assert!(engine.lines().contains("GET /v1.18/containers/web/json"), "{}", engine.lines());
}

/// Sends bytes over a connection in memory, and returns what comes until it is closed.
async fn ask(engine: &Engine, request: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = engine.connector()().unwrap();
    let request = request.replacen("\r\n", "\r\nHost: docker\r\nConnection: close\r\n", 1);
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}
