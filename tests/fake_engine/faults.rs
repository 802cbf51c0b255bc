//! Errors of connections, timeouts and invalid responses.

use std::{error::Error as _, time::Duration};

use dockerclient::{ApiVersion, DockerClient, Error};
use dockerclient_testkit::{FakeEngine, Response};
use insta::assert_snapshot;

/// A short time limit.
const SOON: Duration = Duration::from_millis(50);

pub(crate) fn docker(address: &str) -> DockerClient {
    DockerClient::builder().address(address).api_version(ApiVersion::new(1, 18)).build().unwrap()
}

/// Calls an engine that cannot be reached, and returns the error.
pub(crate) async fn connect_error(address: &str) -> Error {
    let error = docker(address).info().await.unwrap_err();
    assert!(error.is_connect() && error.source().is_some() && error.status().is_none());
    assert_eq!(error.operation(), Some("system_info"));
    error
}

#[tokio::test]
async fn connect_error_of_a_closed_port() {
    let error = connect_error("tcp://127.0.0.1:1").await;
    assert_snapshot!(error, @"failed to get engine information: cannot connect to the Docker daemon at tcp://127.0.0.1:1: connection refused; is the daemon running, and does it listen on this address?");
}

#[tokio::test]
async fn non_http_peer_is_an_error() {
    let engine = FakeEngine::scripted(|_| Response::raw("\u{15}\u{3}\u{1}\0\u{2}\u{2}").then_close());
    let error = engine.client("1.18").info().await.unwrap_err();
    assert!(!error.is_connect() && error.source().is_some());
    assert_snapshot!(error, @"failed to get engine information: invalid HTTP response from the custom connector; is it a Docker engine, and does it need TLS?");
}

#[tokio::test]
async fn close_before_response_may_have_been_executed() {
    let engine = FakeEngine::scripted(|_| Response::raw("").then_close());
    let error = engine.client("1.18").container("web").start().await.unwrap_err();
    assert_eq!(engine.requests().len(), 1, "it is sent only once");
    assert_snapshot!(error, @"failed to start container web: the connection to the custom connector was closed before a response was received; the operation may have been executed");
}

#[tokio::test]
async fn response_timeout_ends_the_call() {
    let engine = FakeEngine::scripted(|_| Response::raw("").then_stall());
    let docker = DockerClient::builder()
        .address(engine.address())
        .api_version(ApiVersion::new(1, 18))
        .response_timeout(SOON)
        .build()
        .unwrap();
    let error = docker.info().await.unwrap_err();
    assert!(error.is_timeout() && !error.is_connect());
    assert_snapshot!(error, @"failed to get engine information: no response headers within 50ms (response_timeout)");
    engine.all_connections_closed().await;
    let wait = tokio::time::timeout(SOON * 4, docker.container("web").wait()).await;
    assert!(wait.is_err(), "waiting for a container takes as long as it takes");
}

#[tokio::test]
async fn read_timeout_ends_a_stalled_json_response() {
    let engine = FakeEngine::scripted(|_| {
        Response::raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"Containers\":").then_stall()
    });
    let docker = DockerClient::builder()
        .address(engine.address())
        .api_version(ApiVersion::new(1, 18))
        .read_timeout(SOON)
        .build()
        .unwrap();
    let error = docker.info().await.unwrap_err();
    assert!(error.is_timeout());
    assert_snapshot!(error, @"failed to get engine information: response body stalled: no data for 50ms (read_timeout)");
    engine.all_connections_closed().await;
}

#[tokio::test]
async fn truncated_json_response_is_an_error() {
    for body in ["{\"Containers\":1", "{\"Containers\":1}"] {
        let engine = FakeEngine::scripted(move |_| {
            Response::raw(format!("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{body}")).then_close()
        });
        let error = engine.client("1.18").info().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "failed to get engine information: connection lost before the end of the response"
        );
    }
}

#[tokio::test]
async fn html_response_is_a_decode_error() {
    let engine = FakeEngine::scripted(|_| Response::text(200, "<html>welcome</html>"));
    let error = engine.client("1.18").containers().list().await.unwrap_err();
    assert!(error.is_decode(), "{error}");
}

#[tokio::test]
async fn truncated_or_invalid_output_frame_ends_the_stream() {
    let frame = "\u{1}\0\0\0\0\0\0\u{3}out";
    for (sent, message) in [
        (format!("{frame}\u{1}\0\0\0"), "unexpected end of the output inside a frame"),
        (format!("{frame}Error running logs job"), "invalid response: output frame of unknown type 69"),
    ] {
        let engine = FakeEngine::scripted(move |request| match &*request.line {
            line if line.ends_with("/json") => Response::json(200, r#"{"Id":"f43c"}"#),
            _ => Response::raw(format!("HTTP/1.1 200 OK\r\n\r\n{sent}")).then_close(),
        });
        let mut logs = engine.client("1.18").container("web").logs().await.unwrap();
        assert_eq!(&**logs.try_next().await.unwrap().unwrap().bytes(), b"out");
        let error = logs.try_next().await.unwrap_err();
        assert_eq!(error.to_string(), format!("failed to read logs of container web: {message}"));
        assert!(logs.try_next().await.unwrap().is_none(), "nothing comes after an error");
    }
}
