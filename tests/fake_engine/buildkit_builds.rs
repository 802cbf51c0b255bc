//! Builds with BuildKit by `POST /build`, in a session. Builds through the control API are tested with the fake engine, in the
//! testkit, and live.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use bollard_buildkit_proto::moby::buildkit::v1::{StatusResponse, Vertex, VertexLog};
use dockerclient::{
    DockerClient, ErrorKind, Upload,
    images::{BuildImage, PlainTrace, ProgressItem},
    models::AuthConfig,
};
use dockerclient_testkit::{FakeEngine, Response};
use insta::assert_snapshot;
use prost::Message as _;

const UPGRADED: &str = "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";

const BUILT: &str = r#"{"id":"moby.image.id","aux":{"ID":"sha256:f43c"}}"#;

fn build(docker: &DockerClient) -> BuildImage {
    docker.images().build(Upload::from(Vec::new())).build_kit(true)
}

/// An engine that opens a session, and responds to the build with these messages.
fn engine(messages: impl Into<String>) -> FakeEngine {
    let messages = messages.into();
    FakeEngine::scripted(move |request| match request.line.contains("/session") {
        true => Response::raw(UPGRADED).then_stall(),
        false => Response::json(200, &messages),
    })
}

/// A progress message with the trace of one step, and its output.
fn trace(step: &str, output: &str, error: &str) -> String {
    let time = |seconds| Some(bollard_buildkit_proto::google::protobuf::Timestamp { seconds, nanos: 0 });
    let digest = format!("sha256:{step}");
    let log = VertexLog { vertex: digest.clone(), stream: 1, msg: output.into(), ..Default::default() };
    let vertex = Vertex {
        digest,
        name: step.into(),
        started: time(1),
        completed: time(3),
        error: error.into(),
        ..Default::default()
    };
    let logs = if output.is_empty() { Vec::new() } else { vec![log] };
    let trace = StatusResponse { vertexes: vec![vertex], logs, ..Default::default() };
    format!("{{\"id\":\"moby.buildkit.trace\",\"aux\":\"{}\"}}\n", STANDARD.encode(trace.encode_to_vec()))
}

/// A response whose body does not end after these messages.
fn endless(messages: &str) -> Response {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    Response::raw(format!("{head}{:x}\r\n{messages}\r\n", messages.len())).then_stall()
}

#[tokio::test]
async fn build_with_buildkit_opens_a_session_first() {
    let engine = engine(BUILT);
    let docker = engine.client("1.39");
    let auth = AuthConfig { username: "me".into(), password: "hunter2".into(), ..Default::default() };
    let built = build(&docker).secret("token", "hunter2").credentials("registry.example", auth).tag("web:2");
    assert_eq!(built.header("X-Trace", "7").await.unwrap().name(), "sha256:f43c");
    let requests = engine.requests();
    let id = requests[0].header("x-docker-expose-session-uuid").unwrap();
    let lines: Vec<String> = requests.iter().map(|request| request.line.replace(id, "ID")).collect();
    assert_snapshot!(lines.join("\n"), @"
    POST /v1.39/session
    POST /v1.39/build?session=ID&t=web%3A2&version=2
    ");
    assert!(id.len() == 25 && requests.iter().all(|request| request.header("x-trace") == Some("7")), "{requests:?}");
    assert!(requests[1].header("x-registry-config").is_none() && !format!("{requests:?}").contains("hunter2"));
    drop(docker);
    engine.all_connections_closed().await;
}

#[tokio::test]
async fn progress_of_buildkit_is_decoded_and_shown_as_lines() {
    let engine = engine(trace("[1/2] FROM busybox", "", "") + &trace("[2/2] RUN make", "cc\nld\n", "") + BUILT);
    let mut progress = build(&engine.client("1.39")).progress().await.unwrap();
    let (mut plain, mut lines) = (PlainTrace::new(), String::new());
    while let Some(item) = progress.try_next().await.unwrap() {
        if let ProgressItem::Trace(trace) = item {
            lines += &plain.format(&trace);
        }
    }
    assert_snapshot!(lines, @"
    #1 [1/2] FROM busybox
    #1 DONE 2.0s

    #2 [2/2] RUN make
    #2 cc
    #2 ld
    #2 DONE 2.0s
    ");
    assert_eq!(progress.finish().await.unwrap().name(), "sha256:f43c");
}

#[tokio::test]
async fn failed_build_with_buildkit_names_the_step() {
    let message = "executor failed running [/bin/sh -c make]: exit code: 2";
    let failed = format!(r#"{{"errorDetail":{{"message":"{message}"}},"error":"{message}"}}"#);
    let engine = engine(trace("[1/1] RUN make", "no rule\n", message) + &failed);
    let error = build(&engine.client("1.39")).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code(), error.operation()),
        (ErrorKind::OperationFailed, Some(2), Some("image_build"))
    );
    assert_snapshot!(error.message().unwrap(), @"
    [1/1] RUN make: executor failed running [/bin/sh -c make]: exit code: 2; last output:
    no rule
    ");
}

#[tokio::test]
async fn build_whose_session_is_lost_is_an_error() {
    for has_headers in [false, true] {
        let engine = FakeEngine::scripted(move |request| match request.line.contains("/session") {
            true => Response::raw(UPGRADED).then_close(),
            false if has_headers => endless(&trace("[1/1] RUN make", "", "")),
            false => Response::never(),
        });
        let docker = engine.client("1.39");
        let error = build(&docker).await.unwrap_err();
        assert!(error.is_connection_lost(), "{error}");
        assert_eq!(error.to_string(), "failed to build image: the session with BuildKit was lost");
        drop(docker);
        engine.all_connections_closed().await;
    }
}

#[tokio::test]
async fn dropped_build_closes_its_session() {
    let engine = FakeEngine::scripted(|request| match request.line.contains("/session") {
        true => Response::raw(UPGRADED).then_stall(),
        false => endless(&trace("[1/1] RUN make", "", "")),
    });
    let docker = engine.client("1.39");
    let mut progress = build(&docker).progress().await.unwrap();
    assert!(progress.try_next().await.unwrap().is_some());
    drop((progress, docker));
    engine.all_connections_closed().await;
}

#[tokio::test]
async fn build_options_that_buildkit_lacks_are_errors() {
    let engine = engine(BUILT);
    let images = engine.client("1.39").images();
    let build = || images.build(Upload::from(Vec::new()));
    let with = || build().build_kit(true);
    let errors = [
        build().secret("token", "hunter2").await,
        build().ssh_agent("default", "/nowhere").await,
        build().ssh_key("default", "/nowhere").await,
        with().ssh_agent("default", "/nowhere").await,
        with().ssh_agent("default", "").await,
        with().ssh_key("default", "/nowhere").ssh_agent("default", "/nowhere").await,
        with().secret_env("token", "DOCKERCLIENT_NO_SUCH_VARIABLE").await,
        with().memory("1g").await,
        with().cpu_shares(5).await,
        with().security_opt("a=b").await,
        with().shm_size("1m").await,
    ];
    let errors = errors.map(|error| error.unwrap_err().to_string());
    // The cause is in the words of the operating system.
    let errors = errors.map(|error| match error.split_once(" at /nowhere: ") {
        Some((message, _)) => format!("{message} at /nowhere: CAUSE"),
        None => error,
    });
    assert_snapshot!(errors.join("\n"), @r#"
    failed to build image: the secret "token" requires BuildKit: build_kit(true)
    failed to build image: the SSH agent "default" requires BuildKit: build_kit(true)
    failed to build image: the SSH key "default" requires BuildKit: build_kit(true)
    failed to build image: failed to connect to the SSH agent "default" at /nowhere: CAUSE
    failed to build image: the path of the SSH agent "default" is empty
    failed to build image: ssh_agent and ssh_key cannot be combined with the same id "default"
    failed to build image: the variable "DOCKERCLIENT_NO_SUCH_VARIABLE" of the secret "token" is not set
    failed to build image: option memory is not supported by BuildKit; use the classic builder
    failed to build image: option cpu_shares is not supported by BuildKit; use the classic builder
    failed to build image: option security_opt is not supported by BuildKit; use the classic builder
    failed to build image: with BuildKit, the option shm_size requires API 1.42 or later; the negotiated version is 1.39
    "#);
    assert_eq!(engine.request_lines(), "");
}
