//! What goes wrong, and what is said about it.

use std::{error::Error as _, time::Duration};

use dockerclient::{
    ApiVersion, DockerClient,
    containers::{ListOptions, LogsOptions},
};
use dockerclient_testkit::{Engine, Reply};
use futures_util::TryStreamExt as _;
use insta::assert_snapshot;

/// A limit that is reached soon, whatever the machine does meanwhile.
const SOON: Duration = Duration::from_millis(50);

fn docker(address: &str) -> DockerClient {
    DockerClient::builder().address(address).api_version(ApiVersion::new(1, 18)).build().unwrap()
}

#[tokio::test]
async fn a_socket_that_is_not_there_is_told_from_one_that_nobody_listens_to() {
    let missing = docker("unix:///nowhere/docker.sock").info().await.unwrap_err();
    let path = std::env::temp_dir().join(format!("dockerclient-dead-{}.sock", std::process::id()));
    drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let dead = docker(&format!("unix://{}", path.display())).info().await.unwrap_err();
    std::fs::remove_file(&path).unwrap();
    let refused = docker("tcp://127.0.0.1:1").info().await.unwrap_err();
    for error in [&missing, &dead, &refused] {
        assert!(error.is_connect() && error.source().is_some() && error.status().is_none());
        assert_eq!(error.operation(), Some("system_info"));
    }
    let dead = dead.to_string().replace(&*path.to_string_lossy(), "PATH");
    assert_snapshot!(format!("{missing}\n{dead}\n{refused}"), @r"
    system info: no engine at /nowhere/docker.sock: there is no such socket; start the engine, or set DOCKER_HOST to where it listens
    system info: no engine at PATH: the socket is there but nobody listens; start the engine
    system info: no engine at tcp://127.0.0.1:1: the connection was refused; start the engine, or have it listen there
    ");
}

#[tokio::test]
async fn a_peer_that_does_not_speak_http_is_no_engine() {
    let engine = Engine::answering(|_| Reply::raw("\u{15}\u{3}\u{1}\0\u{2}\u{2}").then_hang_up());
    let error = engine.client("1.18").info().await.unwrap_err();
    assert!(!error.is_connect() && error.source().is_some());
    assert_snapshot!(error, @"system info: the engine behind the connector does not answer in HTTP; it is no engine, or it wants TLS");
}

#[tokio::test]
async fn an_engine_that_hangs_up_before_it_answers_may_have_done_what_was_asked() {
    let engine = Engine::answering(|_| Reply::raw("").then_hang_up());
    let error = engine.client("1.18").container("web").start().await.unwrap_err();
    assert_eq!(engine.requests().len(), 1, "not asked twice");
    assert_snapshot!(error, @"container start: the connection to the engine behind the connector broke before the engine answered; it may have done what was asked");
}

#[tokio::test]
async fn an_engine_that_never_answers_is_given_up() {
    let engine = Engine::answering(|_| Reply::raw("").then_say_nothing_more());
    let docker = DockerClient::builder()
        .address(engine.address())
        .api_version(ApiVersion::new(1, 18))
        .answer_timeout(SOON)
        .build()
        .unwrap();
    let error = docker.info().await.unwrap_err();
    assert!(error.is_timeout() && !error.is_connect());
    assert_snapshot!(error, @"system info: the engine did not begin to answer within 50ms");
    engine.all_hung_up().await;
    let wait = tokio::time::timeout(SOON * 4, docker.container("web").wait()).await;
    assert!(wait.is_err(), "waiting for a container takes as long as it takes");
}

#[tokio::test]
async fn an_engine_that_falls_silent_in_the_middle_of_a_document_is_given_up() {
    let engine = Engine::answering(|_| {
        Reply::raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"Containers\":").then_say_nothing_more()
    });
    let docker = DockerClient::builder()
        .address(engine.address())
        .api_version(ApiVersion::new(1, 18))
        .idle_timeout(SOON)
        .build()
        .unwrap();
    let error = docker.info().await.unwrap_err();
    assert!(error.is_timeout());
    assert_snapshot!(error, @"system info: the engine fell silent in the middle of its answer and sent nothing more within 50ms");
    engine.all_hung_up().await;
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_no_answer() {
    for body in ["{\"Containers\":1", "{\"Containers\":1}"] {
        let engine = Engine::answering(move |_| {
            Reply::raw(format!("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{body}")).then_hang_up()
        });
        let error = engine.client("1.18").info().await.unwrap_err();
        assert_eq!(error.to_string(), "system info: the connection broke in the middle of the answer");
    }
}

#[tokio::test]
async fn errors_are_read_in_both_forms_and_never_without_bound() {
    let long = "x".repeat(1 << 20);
    let engine = Engine::answering(move |request| match &*request.line {
        line if line.contains("text") => Reply::text(404, "No such container: text\n"),
        line if line.contains("document") => Reply::json(409, r#"{"message":"is running"}"#),
        line if line.contains("nothing") => Reply::empty(500),
        line if line.contains("redirect") => {
            Reply::raw("HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")
        }
        _ => Reply::text(500, &long),
    });
    let docker = engine.client("1.18");
    let mut said = Vec::new();
    for name in ["text", "document", "nothing", "redirect", "endless"] {
        said.push(docker.container(name).pause().await.unwrap_err().to_string());
    }
    assert_snapshot!(said.join("\n"), @r"
    container pause: engine said 404: No such container: text
    container pause: engine said 409: is running
    container pause: engine said 500: Internal Server Error
    container pause: engine said 301: Moved Permanently
    container pause: engine said 500: Internal Server Error
    ");
}

#[tokio::test]
async fn what_is_not_json_is_not_an_answer() {
    let engine = Engine::answering(|_| Reply::text(200, "<html>welcome</html>"));
    let error = engine.client("1.18").containers().list(&ListOptions::default()).await.unwrap_err();
    assert!(error.is_decode(), "{error}");
}

#[tokio::test]
async fn output_that_breaks_off_is_an_error_and_the_end() {
    let frame = "\u{1}\0\0\0\0\0\0\u{3}out";
    for (sent, message) in [
        (format!("{frame}\u{1}\0\0\0"), "the output ends in the middle of a frame"),
        (
            format!("{frame}Error running logs job"),
            "the engine's answer cannot be understood: a frame of output of the unknown type 69",
        ),
    ] {
        let engine = Engine::answering(move |request| match &*request.line {
            line if line.ends_with("/json") => Reply::json(200, r#"{"Id":"f43c"}"#),
            _ => Reply::raw(format!("HTTP/1.1 200 OK\r\n\r\n{sent}")).then_hang_up(),
        });
        let mut logs = engine.client("1.18").container("web").logs(&LogsOptions::default()).await.unwrap();
        assert_eq!(&**logs.try_next().await.unwrap().unwrap().bytes(), b"out");
        let error = logs.try_next().await.unwrap_err();
        assert_eq!(error.to_string(), format!("container logs: {message}"));
        assert!(logs.try_next().await.unwrap().is_none(), "nothing comes after an error");
    }
}
