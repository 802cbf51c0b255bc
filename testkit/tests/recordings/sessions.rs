//! Input and end of upgraded connections, in recordings and in their replay.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use dockerclient::{DockerClient, raw::RawConnection};
use dockerclient_testkit::{FakeEngine, Recorder, Replay, Response, frame};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};

use crate::{failure, recording};

/// A replay of one session with these events.
fn replay(events: &str) -> Replay {
    Replay::new(recording(&format!(
        r#"{{"request": {{"method": "POST", "path": "/v1.41/exec/e1/start", "body": {{"json": {{}}}}}},
            "response": {{"status": 101, "session": [{events}]}}}}"#
    )))
}

async fn start(docker: &DockerClient) -> RawConnection {
    docker.post("/exec/e1/start").json(&json!({})).upgrade("tcp").await.unwrap()
}

async fn read(connection: &mut RawConnection) -> String {
    let mut text = String::new();
    connection.read_to_string(&mut text).await.unwrap();
    text
}

/// Input that ends with a lost connection.
struct Lost;

impl AsyncRead for Lost {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()))
    }
}

#[tokio::test]
async fn lost_connection_ends_the_session() {
    let head = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
    let engine = FakeEngine::scripted(move |_| Response::raw([&head[..], &frame(1, b"out\n")].concat()).then_close());
    let connect = engine.connector();
    let connector = move || {
        let connection = connect().map(|io| {
            let (input, output) = tokio::io::split(io);
            tokio::io::join(tokio::io::BufReader::new(input.chain(Lost)), output)
        });
        std::future::ready(connection)
    };
    let builder = DockerClient::builder().connector(connector).config_directory("/nonexistent").anonymous();
    let recorder = Recorder::new(&builder.api_version("1.41".parse().unwrap()).build().unwrap());
    read(&mut start(&recorder.client("1.41")).await).await;
    let recording = recorder.recording().unwrap();
    let json: Value = serde_json::from_str(&recording.to_json().unwrap()).unwrap();
    let expected = json!([{ "engine": { "frames": [{ "stdout": "out\n" }] } }, "engine_end"]);
    assert_eq!(json["exchanges"][0]["response"]["session"], expected);
    let replay = Replay::new(recording);
    assert_eq!(read(&mut start(&replay.client()).await).await.as_bytes(), frame(1, b"out\n"));
    replay.assert_all_used();
}

#[tokio::test]
async fn redacted_input_ends_with_its_shortest_match() {
    let events = r#"{"client": {"text": "[redacted]\n"}}, {"engine": {"text": "first"}}, {"client": {"text": "exit\n"}},
                    {"engine": {"text": " end"}}, "engine_end""#;
    for inputs in [&["s3cret\nexit\n"][..], &["s3cret", "\nex", "it\n"], &["\n", "exit\n"]] {
        let replay = replay(events);
        let mut connection = start(&replay.client()).await;
        for input in inputs {
            connection.write_all(input.as_bytes()).await.unwrap();
        }
        assert_eq!(read(&mut connection).await, "first end", "{inputs:?}");
        replay.assert_all_used();
    }
}

#[tokio::test]
async fn redacted_input_with_control_characters() {
    let events = r#"{"client": {"text": "[redacted]\n"}}, {"client": {"base64": "BA=="}}, {"engine": {"text": "end"}}"#;
    for (input, matches) in [("other\n\u{4}", true), ("s3cret\n", false)] {
        let replay = replay(events);
        let mut connection = start(&replay.client()).await;
        connection.write_all(input.as_bytes()).await.unwrap();
        connection.shutdown().await.unwrap();
        assert_eq!(read(&mut connection).await == "end", matches);
        match matches {
            true => replay.assert_all_used(),
            false => assert!(!failure(replay, Replay::verify).contains("s3cret")),
        }
    }
}

#[tokio::test]
async fn input_that_ends_in_a_redacted_text() {
    let events = r#"{"client": {"text": "key=[redacted]"}}, {"engine": {"text": "end"}}, "engine_end""#;
    for (input, ends) in [("key=s3cret\n", false), ("key=s3cret", true), ("key=", true)] {
        let replay = replay(events);
        let mut connection = start(&replay.client()).await;
        connection.write_all(input.as_bytes()).await.unwrap();
        if ends {
            connection.shutdown().await.unwrap();
        }
        assert_eq!(read(&mut connection).await, "end", "{input:?}");
        replay.assert_all_used();
    }
}

#[tokio::test]
async fn incomplete_or_additional_input_fails_the_test() {
    let exit = r#"{"client": {"text": "exit\n"}}, {"engine": {"text": "end"}}, "engine_end""#;
    let open = r#"{"client": {"text": "exit\n"}}, {"engine": {"text": "end"}}"#;
    let redacted = r#"{"client": {"text": "[redacted]\n"}}, {"engine": {"text": "end"}}, "engine_end""#;
    for (events, input, expected) in [
        (exit, "exit\nmore", Some(r#"the client sent "more", but recorded was the end of its input"#)),
        (open, "exit\nmore", Some(r#"the client sent "more", but recorded was the end of its input"#)),
        (redacted, "s3cret\nmore", Some("the client sent 4 bytes, but recorded was the end of its input")),
        (exit, "exit\n", None),
        (open, "exit\n", None),
    ] {
        let replay = replay(events);
        let mut connection = start(&replay.client()).await;
        connection.write_all(input.as_bytes()).await.unwrap();
        connection.read_exact(&mut [0; 3]).await.unwrap();
        connection.shutdown().await.unwrap();
        read(&mut connection).await;
        match expected {
            Some(expected) => assert!(failure(replay, Replay::verify).contains(expected)),
            None => replay.assert_all_used(),
        }
    }
    for input in ["", "ex"] {
        let replay = replay(exit);
        let mut connection = start(&replay.client()).await;
        connection.write_all(input.as_bytes()).await.unwrap();
        let failure = failure(replay, Replay::assert_all_used);
        assert!(failure.contains("the recorded input of the session was not received completely"), "{failure}");
    }
}

#[tokio::test]
async fn upgraded_connection_names_its_protocol() {
    let head = b"HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n";
    let engine = FakeEngine::scripted(move |_| Response::raw(head).then_close());
    let recorder = Recorder::new(&engine.client("1.41"));
    let docker = recorder.client("1.41");
    assert_eq!(start(&docker).await.headers()["upgrade"], "tcp");
    let replay = Replay::new(recorder.recording().unwrap());
    assert_eq!(start(&replay.client()).await.headers()["upgrade"], "tcp");
    replay.assert_all_used();
}
