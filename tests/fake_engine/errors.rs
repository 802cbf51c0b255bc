//! Messages of errors: the engine's message, and no other part of a response.

use std::error::Error as _;

use dockerclient::{DockerClient, Error, ErrorKind};
use dockerclient_testkit::{FakeEngine, Response};
use futures_util::TryStreamExt as _;
use insta::assert_snapshot;

const SECRET: &str = "hunter2secret";

/// All text of an error and its sources that a program may log.
fn logged(error: &Error) -> String {
    let mut text = format!("{error}\n{error:?}\n{error:#?}\n");
    let mut source = error.source();
    while let Some(error) = source {
        text += &format!("{error}\n{error:?}\n");
        source = error.source();
    }
    text
}

/// An engine that responds with `body`, in which `SECRET` is replaced by the secret.
fn sending(body: &str) -> FakeEngine {
    let body = body.replace("SECRET", SECRET);
    FakeEngine::scripted(move |_| Response::json(200, &body))
}

#[tokio::test]
async fn error_bodies_are_read_and_bounded() {
    let long = "x".repeat(1 << 20);
    let engine = FakeEngine::scripted(move |request| match &*request.line {
        line if line.contains("text") => Response::text(404, "No such container: text\n"),
        line if line.contains("document") => Response::json(409, r#"{"message":"is running"}"#),
        line if line.contains("nothing") => Response::empty(500),
        line if line.contains("redirect") => {
            Response::raw("HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n")
        }
        line if line.contains("proxy") => {
            Response::text(502, "<html><head><title>502 Bad Gateway</title></head></html>")
        }
        _ => Response::text(500, &long),
    });
    let docker = engine.client("1.18");
    let mut messages = Vec::new();
    for name in ["text", "document", "nothing", "redirect", "proxy"] {
        messages.push(docker.container(name).pause().await.unwrap_err().to_string());
    }
    assert_snapshot!(messages.join("\n"), @"
    failed to pause container text: No such container: text (404)
    failed to pause container document: is running (409)
    failed to pause container nothing: Internal Server Error (500)
    failed to pause container redirect: Moved Permanently (301)
    failed to pause container proxy: 502 Bad Gateway (an HTML page: is there a proxy in front of the engine?) (502)
    ");
    let endless = docker.container("endless").pause().await.unwrap_err();
    assert!(endless.message().unwrap().ends_with("xx…") && logged(&endless).len() < 64 << 10);
}

#[tokio::test]
async fn rejected_push_with_progress_as_error_body_is_a_failure() {
    let body = r#"{"errorDetail":{"message":"trying to reuse blob sha256:1 at destination: authentication required"},"error":"trying to reuse blob sha256:1 at destination: authentication required"}"#;
    let engine = FakeEngine::scripted(move |_| Response::json(500, body));
    let error = engine.client("1.41").image("host/a").push().await.unwrap_err();
    assert!(error.is_operation_failed() && error.status() == Some(500) && !error.may_have_been_executed());
    assert_snapshot!(error, @"failed to push image host/a: trying to reuse blob sha256:1 at destination: authentication required (500)");
}

#[tokio::test]
async fn decode_errors_do_not_quote_the_response() {
    let mut errors = Vec::new();
    for body in [
        r#"{"Config":"PASSWORD=SECRET"}"#,
        r#"{"Id":["SECRET"]}"#,
        r#"{"Id":{"a":"SECRET"}}"#,
        r#"{"Id":"a","State":{"Pid":"SECRET"}}"#,
        r#"{"Id":"a","State":{"Running":"SECRET"}}"#,
        r#"{"Id":"a","Created":true}"#,
        r#"{"Id":"a","Args":"SECRET"}"#,
        r#"{"Id":"a","HostConfig":{"PortBindings":"SECRET"}}"#,
        r#"{"Id":"a","Volumes":"SECRET"}"#,
        r#"{"Id":"a","Name":"SECRET\x"}"#,
        r#""SECRET""#,
        "SECRET",
        r#"{"Id":"a"} SECRET"#,
        r#"{"Id":"SECRET"#,
    ] {
        let engine = sending(body);
        errors.push(engine.client("1.41").container("a").inspect().await.unwrap_err());
    }
    for body in [r#"[{"Id":"a","Names":"SECRET"}]"#, r#"[{"Id":"a"},"SECRET"]"#, "SECRET", r#"[] SECRET"#] {
        let engine = sending(body);
        errors.push(engine.client("1.41").containers().list().await.unwrap_err());
    }
    for body in [r#"{"time":"SECRET"}"#, "SECRET", r#"{"status":"SECRET"#] {
        let engine = sending(body);
        let events = engine.client("1.41").events().await.unwrap();
        errors.push(events.try_collect::<Vec<_>>().await.unwrap_err());
    }
    for body in [
        r#"{"ApiVersion":"SECRET"}"#,
        r#"{"ApiVersion":["SECRET"]}"#,
        r#"{"ApiVersion":"1.41","MinAPIVersion":"SECRET"}"#,
    ] {
        let engine = sending(body);
        let docker = DockerClient::builder().address(engine.address()).build().unwrap();
        errors.push(docker.ping().await.unwrap_err());
    }
    for error in errors {
        assert!(error.is_decode() || error.is_truncated(), "{error}");
        assert!(!logged(&error).contains(SECRET), "{}", logged(&error));
    }
}

#[tokio::test]
async fn decode_errors_name_place_and_cause() {
    let mut messages = Vec::new();
    for body in [
        "{\"Id\":\"a\",\n \"State\":{\"Running\":2}}",
        r#"{"State":{}}"#,
        r#"{"Id":null}"#,
        r#"{"Id":"a","Args":["b""#,
        r#"{"Id":"a","Args":["b":]}"#,
        r#"{"Id":"a"}{}"#,
    ] {
        let engine = sending(body);
        messages.push(engine.client("1.41").container("a").inspect().await.unwrap_err().to_string());
    }
    assert_snapshot!(messages.join("\n"), @"
    failed to inspect container a: invalid response: at State.Running (line 2, column 21): invalid value
    failed to inspect container a: invalid response: at line 1, column 12: missing field `Id`
    failed to inspect container a: invalid response: at line 1, column 11: missing field `Id`
    failed to inspect container a: invalid response: at Args[0] (line 1, column 21): unexpected end of JSON
    failed to inspect container a: invalid response: at Args[0] (line 1, column 22): invalid JSON
    failed to inspect container a: invalid response: at line 1, column 11: invalid JSON
    ");
}

#[tokio::test]
async fn error_frame_of_output_is_bounded() {
    let payload = "x".repeat(1 << 20);
    let engine = FakeEngine::scripted(move |request| match &*request.line {
        line if line.ends_with("/json") => Response::json(200, r#"{"Id":"f43c"}"#),
        _ => {
            let length: String = (payload.len() as u32).to_be_bytes().map(char::from).iter().collect();
            Response::raw(format!("HTTP/1.1 200 OK\r\n\r\n\u{3}\0\0\0{length}{payload}")).then_close()
        }
    });
    let logs = engine.client("1.18").container("web").logs().await.unwrap();
    let error = logs.try_collect::<Vec<_>>().await.unwrap_err();
    assert!(error.is_operation_failed() && error.message().unwrap().ends_with("xx…"));
    assert!(logged(&error).len() < 64 << 10, "{}", logged(&error).len());
}

#[tokio::test]
async fn failure_in_progress_is_bounded_and_escaped() {
    let message = format!(r#"{{"error":"\u001b[2Jdenied\nFAKE LOG LINE {}"}}"#, "x".repeat(1 << 20));
    let engine = FakeEngine::scripted(move |_| Response::json(200, &message));
    let error = engine.client("1.41").image("a").push().await.unwrap_err();
    assert!(error.to_string().starts_with(r"failed to push image a: \u{1b}[2Jdenied\nFAKE LOG LINE xx"));
    assert!(error.message().unwrap().starts_with("\u{1b}[2Jdenied\n") && logged(&error).len() < 64 << 10);
}

#[tokio::test]
async fn null_id_or_exit_code_is_a_decode_error() {
    for version in ["1.18", "1.41"] {
        for body in [r#"{"StatusCode":null}"#, r#"{"StatusCode":1,"StatusCode":null}"#] {
            let engine = sending(body);
            let error = engine.client(version).container("a").wait().await.unwrap_err();
            assert!(error.is_decode() && error.to_string().contains("missing field `StatusCode`"), "{error}");
        }
        for body in [r#"{"Id":null}"#, r#"{"Id":"a","Id":null}"#] {
            let engine = FakeEngine::scripted(move |_| Response::json(201, body));
            let error = engine.client(version).containers().create("busybox").await.unwrap_err();
            assert!(error.is_decode() && error.to_string().contains("missing field `Id`"), "{error}");
        }
    }
}

#[tokio::test]
async fn name_longer_than_a_request_target_is_an_invalid_input() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    docker.containers().create("busybox").name("web").await.unwrap();
    // Lengths around 16 bits, where the length of a target would overflow.
    for length in [65_536 - 21, 65_536, 70_000] {
        let error = docker.container("web".to_owned() + &"a".repeat(length)).remove().force(true).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{length}: {error}");
    }
    assert!(docker.container("web").exists().await.unwrap());
}
