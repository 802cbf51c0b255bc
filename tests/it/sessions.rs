//! Sessions, with engines of every age.

use std::time::Duration;

use dockerclient::{
    ApiVersion, DockerClient, containers::AttachOptions, exec::ExecOptions, models::ExecConfig, session::Session,
};
use dockerclient_testkit::{Engine, Reply, Request, frame};
use insta::assert_snapshot;
use tokio::io::AsyncWriteExt as _;

const UPGRADED: &str = "HTTP/1.1 101 UPGRADED\r\n\
    Content-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

/// What engines 1.3 and 1.4 answer, whatever is asked.
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n";

/// An engine with one container, that answers to a hijack with what `hijack` makes.
fn engine(hijack: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Engine {
    Engine::answering(move |request| match &*request.line {
        line if line.contains("/attach") || line.contains("/start") => hijack(request),
        line if line.contains("/containers/") && line.ends_with("/json") => Reply::json(200, r#"{"Id":"f43c"}"#),
        line if line.ends_with("/exec") => Reply::json(201, r#"{"Id":"3ed4"}"#),
        line if line.contains("/exec/") => {
            Reply::json(200, r#"{"ID":"3ed4","Running":false,"ExitCode":3,"ProcessConfig":{"tty":false}}"#)
        }
        _ => Reply::text(404, "page not found\n"),
    })
}

#[tokio::test]
async fn both_directions_are_open_behind_a_101_and_behind_a_200() {
    for head in [UPGRADED, OK] {
        let engine = engine(move |_| Reply::raw(head).then_echo());
        let container = engine.client("1.18").container("web");
        let session = container.attach(&AttachOptions::default().stdin()).await.unwrap();
        let Session { mut input, output, .. } = session;
        input.write_all(b"hello").await.unwrap();
        input.shutdown().await.unwrap();
        let captured = output.capture().await.unwrap();
        assert_eq!((&*captured.stdout_text(), &*captured.stderr_text()), ("hello", "met the end"));
    }
}

#[tokio::test]
async fn a_dropped_input_is_a_closed_input() {
    let engine = engine(|_| Reply::raw(UPGRADED).then_echo());
    let container = engine.client("1.18").container("web");
    let Session { output, .. } = container.attach(&AttachOptions::default().stdin()).await.unwrap();
    assert_eq!(&*output.capture().await.unwrap().stderr_text(), "met the end");
}

#[tokio::test]
async fn the_request_asks_to_upgrade_and_names_what_it_wants() {
    let engine = engine(|_| Reply::raw(UPGRADED).then_hang_up());
    let container = engine.client("1.18").container("web");
    container.attach(&AttachOptions::default().stdin().logs().only_stdout()).await.unwrap();
    let config = ExecConfig { cmd: vec!["ls".into()], tty: true, ..Default::default() };
    container.create_exec(&config).await.unwrap().start().await.unwrap();
    let sent: Vec<String> = engine
        .requests()
        .into_iter()
        .filter(|request| request.line.starts_with("POST"))
        .map(|request| format!("{}\n{}\n{}", request.line, request.headers.join("\n"), request.body))
        .collect();
    assert_snapshot!(sent.join("\n\n").replace(env!("CARGO_PKG_VERSION"), "[version]"));
}

#[tokio::test]
async fn what_comes_with_the_head_is_not_lost_and_heads_come_in_pieces() {
    for size in [1, 7, 1000] {
        let sent = [UPGRADED.as_bytes(), &frame(1, b"out"), &frame(2, b"err")].concat();
        let engine = engine(move |_| Reply::raw(sent.clone()).in_pieces(size).then_hang_up());
        let session = engine.client("1.18").container("web").attach(&AttachOptions::default()).await.unwrap();
        let captured = session.output.capture().await.unwrap();
        assert_eq!((&*captured.stdout, &*captured.stderr), (&b"out"[..], &b"err"[..]), "in pieces of {size}");
    }
}

#[tokio::test]
async fn a_notice_before_the_answer_is_passed_over() {
    let engine = engine(|_| Reply::raw(format!("HTTP/1.1 100 Continue\r\n\r\n{UPGRADED}")).then_echo());
    let session = engine.client("1.18").container("web").attach(&AttachOptions::default().stdin()).await.unwrap();
    drop(session.input);
    assert_eq!(&*session.output.capture().await.unwrap().stderr_text(), "met the end");
}

/// Engine 20.10 names no length and hangs up, engine 1.6 names one and does not.
#[tokio::test]
async fn a_refusal_is_read_however_it_ends() {
    let raw =
        "HTTP/1.1 404 Not Found\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\nNo such container: web\r\n";
    let length = "HTTP/1.1 404 Not Found\r\nContent-Length: 24\r\n\r\nNo such container: web\r\n";
    for (refusal, hangs_up) in [(raw, true), (length, false)] {
        let engine = engine(move |_| match hangs_up {
            true => Reply::raw(refusal).then_hang_up(),
            false => Reply::raw(refusal).then_say_nothing_more(),
        });
        let error = engine.client("1.18").container("web").attach(&AttachOptions::default()).await.unwrap_err();
        assert_eq!(error.to_string(), "container attach: engine said 404: No such container: web");
        engine.all_hung_up().await;
    }
}

#[tokio::test]
async fn what_goes_wrong_before_a_session_begins_is_told() {
    const BROKEN: &str = "the connection to the engine behind the connector broke before the engine answered; it may have \
                          done what was asked";
    for (reply, message) in [
        ("", BROKEN),
        ("HTTP/1.1 101 UPGR", BROKEN),
        ("SSH-2.0-OpenSSH\r\n", "the engine does not answer in HTTP: invalid HTTP version"),
    ] {
        let engine = engine(move |_| Reply::raw(reply).then_hang_up());
        let error = engine.client("1.18").container("web").attach(&AttachOptions::default()).await.unwrap_err();
        assert_eq!(error.to_string(), format!("container attach: {message}"));
    }
    let endless = "HTTP/1.1 101 UPGRADED\r\nX: ".to_owned() + &"x".repeat(100 << 10);
    let engine = engine(move |_| Reply::raw(endless.clone()).then_say_nothing_more());
    let error = engine.client("1.18").container("web").attach(&AttachOptions::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "container attach: the engine does not answer in HTTP: its head does not end");
}

#[tokio::test]
async fn a_head_that_never_comes_is_given_up() {
    let engine = engine(|_| Reply::raw("").then_say_nothing_more());
    let docker = DockerClient::builder()
        .address(engine.address())
        .api_version(ApiVersion::new(1, 18))
        .answer_timeout(Duration::from_millis(50))
        .build()
        .unwrap();
    let error = docker.container("web").attach(&AttachOptions::default()).await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    drop(docker); // and with it the pooled connection that asked for the terminal
    engine.all_hung_up().await;
}

#[tokio::test]
async fn a_session_ends_with_its_halves() {
    let engine = engine(|_| Reply::raw(UPGRADED).then_say_nothing_more());
    drop(engine.client("1.18").container("web").attach(&AttachOptions::default()).await.unwrap());
    engine.all_hung_up().await;
}

#[tokio::test]
async fn a_command_is_run_by_engines_that_wait_for_the_end_of_its_input() {
    let engine = engine(|_| Reply::raw(UPGRADED).then_echo());
    let container = engine.client("1.18").container("web");
    let outcome = container.exec(&ExecOptions::new(["cat"]).stdin("hello")).await.unwrap();
    assert_eq!((&*outcome.output.stdout, outcome.code), (&b"hello"[..], Some(3)));
    let outcome = engine.client("1.15").container("web").exec(&ExecOptions::new(["cat"])).await.unwrap();
    assert_eq!((&*outcome.output.stderr_text(), outcome.code), ("met the end", None), "1.15 tells no exit code");
}

#[cfg(feature = "websocket")]
#[tokio::test]
async fn a_websocket_whose_other_side_does_not_shake_hands_is_none() {
    let engine = engine(|_| Reply::raw("HTTP/1.1 101 Switching\r\nSec-WebSocket-Accept: nonsense\r\n\r\n"));
    let container = engine.client("1.18").container("web");
    let error = container.attach_websocket(&AttachOptions::default()).await.unwrap_err();
    assert_eq!(error.to_string(), "container attach ws: the engine does not shake hands for a websocket");
    let headers = engine.requests()[0].headers.clone();
    for header in ["origin: http://localhost", "upgrade: websocket", "sec-websocket-version: 13"] {
        assert!(headers.contains(&header.to_owned()), "{headers:?}");
    }
}
