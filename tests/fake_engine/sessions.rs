//! Attached sessions and commands on engines of different versions.

use std::time::Duration;

use dockerclient::{ApiVersion, DockerClient, session::Session};
use dockerclient_testkit::{FakeEngine, Request, Response, frame};
use insta::assert_snapshot;
use tokio::io::AsyncWriteExt as _;

const UPGRADED: &str = "HTTP/1.1 101 UPGRADED\r\n\
    Content-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

/// The response headers of Docker 1.3 and 1.4, whatever the request.
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n";

/// An engine with one container that responds to attach and exec start requests with `hijack`.
fn engine(hijack: impl Fn(&Request) -> Response + Send + Sync + 'static) -> FakeEngine {
    FakeEngine::scripted(move |request| match &*request.line {
        line if line.contains("/attach") || line.contains("/start") => hijack(request),
        line if line.contains("/containers/") && line.ends_with("/json") => Response::json(200, r#"{"Id":"f43c"}"#),
        line if line.ends_with("/exec") => Response::json(201, r#"{"Id":"3ed4"}"#),
        line if line.contains("/exec/") => {
            Response::json(200, r#"{"ID":"3ed4","Running":false,"ExitCode":3,"ProcessConfig":{"tty":false}}"#)
        }
        _ => Response::text(404, "page not found\n"),
    })
}

#[tokio::test]
async fn attach_works_after_status_101_and_200() {
    for head in [UPGRADED, OK] {
        let engine = engine(move |_| Response::raw(head).then_echo());
        let container = engine.client("1.18").container("web");
        let session = container.attach().stdin(true).await.unwrap();
        let Session { mut input, output, .. } = session;
        input.write_all(b"hello").await.unwrap();
        input.shutdown().await.unwrap();
        let captured = output.capture().await.unwrap();
        assert_eq!((&*captured.stdout_text(), &*captured.stderr_text()), ("hello", "met the end"));
    }
}

#[tokio::test]
async fn dropped_stdin_half_closes_the_session() {
    let engine = engine(|_| Response::raw(UPGRADED).then_echo());
    let container = engine.client("1.18").container("web");
    let Session { output, .. } = container.attach().stdin(true).await.unwrap();
    assert_eq!(&*output.capture().await.unwrap().stderr_text(), "met the end");
}

/// At a Unix socket or, on Windows, a named pipe, and over TCP.
#[tokio::test]
async fn exec_on_real_sockets_half_closes_stdin() {
    let engine = FakeEngine::new();
    for address in [engine.address(), engine.tcp_address()] {
        let docker = DockerClient::builder().address(&address).api_version(ApiVersion::new(1, 41)).build().unwrap();
        let container = docker.containers().create("busybox").cmd(["sleep", "1000"]).await.unwrap();
        container.start().await.unwrap();
        let exec = container.command("sh").args(["-c", "cat; echo end"]).stdin(true).create().await.unwrap();
        let Session { mut input, output, .. } = exec.start().await.unwrap();
        // More than the buffers of a connection have room for.
        let sent = "x".repeat(1 << 20);
        let write = async {
            input.write_all(sent.as_bytes()).await.unwrap();
            input.shutdown().await.unwrap();
        };
        let (captured, ()) = tokio::join!(output.capture(), write);
        assert!(captured.unwrap().stdout_text() == format!("{sent}end\n"), "{address}");
        assert_eq!(exec.inspect().await.unwrap().exit_code, Some(0), "{address}");
    }
}

#[tokio::test]
async fn attach_and_exec_requests_have_upgrade_headers() {
    let engine = engine(|_| Response::raw(UPGRADED).then_close());
    let container = engine.client("1.18").container("web");
    container.attach().stdin(true).logs(true).stderr(false).await.unwrap();
    container.command("ls").tty(true).create().await.unwrap().start().await.unwrap();
    let sent: Vec<String> = engine
        .requests()
        .into_iter()
        .filter(|request| request.line.starts_with("POST"))
        .map(|request| format!("{}\n{}\n{}", request.line, request.headers.join("\n"), request.body))
        .collect();
    assert_snapshot!(sent.join("\n\n").replace(env!("CARGO_PKG_VERSION"), "[version]"));
}

#[tokio::test]
async fn response_headers_and_output_may_share_or_span_chunks() {
    for size in [1, 7, 1000] {
        let sent = [UPGRADED.as_bytes(), &frame(1, b"out"), &frame(2, b"err")].concat();
        let engine = engine(move |_| Response::raw(sent.clone()).in_chunks(size).then_close());
        let session = engine.client("1.18").container("web").attach().await.unwrap();
        let captured = session.output.capture().await.unwrap();
        assert_eq!((&*captured.stdout, &*captured.stderr), (&b"out"[..], &b"err"[..]), "in chunks of {size}");
    }
}

#[tokio::test]
async fn attach_skips_informational_responses() {
    let engine = engine(|_| Response::raw(format!("HTTP/1.1 100 Continue\r\n\r\n{UPGRADED}")).then_echo());
    let session = engine.client("1.18").container("web").attach().stdin(true).await.unwrap();
    drop(session.input);
    assert_eq!(&*session.output.capture().await.unwrap().stderr_text(), "met the end");
}

/// Docker 20.10 sends no length and closes the connection; Docker 1.6 sends one and does not close it.
#[tokio::test]
async fn attach_error_body_with_or_without_content_length() {
    let raw =
        "HTTP/1.1 404 Not Found\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nNo such container: web\r\n";
    let length = "HTTP/1.1 404 Not Found\r\nContent-Length: 24\r\n\r\nNo such container: web\r\n";
    for (response, closes) in [(raw, true), (length, false)] {
        let engine = engine(move |_| match closes {
            true => Response::raw(response).then_close(),
            false => Response::raw(response).then_stall(),
        });
        let error = engine.client("1.18").container("web").attach().await.unwrap_err();
        assert_eq!(error.to_string(), "failed to attach to container web: No such container: web (404)");
        engine.all_connections_closed().await;
    }
}

#[tokio::test]
async fn attach_fails_on_invalid_response_headers() {
    const BROKEN: &str = "the connection to the custom connector was closed before a response was received; \
                          the operation may have been executed";
    for (reply, message) in [
        ("", BROKEN),
        ("HTTP/1.1 101 UPGR", BROKEN),
        ("SSH-2.0-OpenSSH\r\n", "invalid HTTP response: invalid HTTP version"),
    ] {
        let engine = engine(move |_| Response::raw(reply).then_close());
        let error = engine.client("1.18").container("web").attach().await.unwrap_err();
        assert_eq!(error.to_string(), format!("failed to attach to container web: {message}"));
    }
    let endless = "HTTP/1.1 101 UPGRADED\r\nX: ".to_owned() + &"x".repeat(500 << 10);
    let engine = engine(move |_| Response::raw(endless.clone()).then_stall());
    let error = engine.client("1.18").container("web").attach().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to attach to container web: invalid HTTP response: response headers too large"
    );
}

#[tokio::test]
async fn attach_is_limited_by_response_timeout() {
    let engine = engine(|_| Response::raw("").then_stall());
    let docker = DockerClient::builder()
        .address(engine.address())
        .api_version(ApiVersion::new(1, 18))
        .response_timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    let error = docker.container("web").attach().await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    drop(docker); // and the pooled connection, over which the container was inspected for its TTY
    engine.all_connections_closed().await;
}

#[tokio::test]
async fn dropped_session_closes_its_connection() {
    let engine = engine(|_| Response::raw(UPGRADED).then_stall());
    drop(engine.client("1.18").container("web").attach().await.unwrap());
    engine.all_connections_closed().await;
}

#[tokio::test]
async fn exec_output_sends_eof_after_input() {
    let engine = engine(|_| Response::raw(UPGRADED).then_echo());
    let container = engine.client("1.18").container("web");
    let output = container.command("cat").input("hello").output().await.unwrap();
    assert_eq!((&*output.stdout, output.status.code()), (&b"hello"[..], Some(3)));
    let output = engine.client("1.15").container("web").command("cat").output().await.unwrap();
    assert_eq!((&*output.stderr_text(), output.status.code()), ("met the end", None), "1.15 has no exit codes");
}

#[cfg(feature = "websocket")]
#[tokio::test]
async fn websocket_handshake_failure_is_an_error() {
    let engine = engine(|_| Response::raw("HTTP/1.1 101 Switching\r\nSec-WebSocket-Accept: nonsense\r\n\r\n"));
    let container = engine.client("1.18").container("web");
    let error = container.attach_websocket().await.unwrap_err();
    assert_eq!(error.to_string(), "failed to attach over a WebSocket to container: the WebSocket handshake failed");
    let headers = engine.requests().pop().unwrap().headers;
    for header in ["origin: http://localhost", "upgrade: websocket", "sec-websocket-version: 13"] {
        assert!(headers.contains(&header.to_owned()), "{headers:?}");
    }
}
