//! Streams and sessions are replayed as they were recorded.

use std::time::Duration;

use dockerclient::Source;
use dockerclient_testkit::{FakeEngine, Recorder, Replay, Response, frame};
use futures_util::TryStreamExt as _;
use insta::assert_snapshot;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{failure, recording};

/// Limits of tests with a paused clock: it advances only when no task can run, so nothing else can happen.
const IDLE: Duration = Duration::from_secs(1);

/// A session in which the engine responds to each line of the client.
const SESSION: &str = r#"
    {"request": {"method": "POST", "path": "/v1.41/exec/e1/start", "body": {"json": {}}},
     "response": {"status": 101, "session": [
        {"engine": {"frames": [{"stdout": "ready\n"}]}},
        {"client": {"text": "on"}},
        {"client": {"text": "e\n"}},
        {"engine": {"frames": [{"stdout": "got one\n"}, {"stderr": "error\n"}]}},
        {"client": {"text": "password=[redacted]\n"}},
        {"engine": {"base64": "AQAAAAAAAAP/AAo="}},
        "client_end",
        {"engine": {"frames": [{"stdout": "end\n"}]}},
        "engine_end"
     ]}}
"#;

#[tokio::test(start_paused = true)]
async fn output_follows_the_input_that_it_was_recorded_after() {
    let replay = Replay::new(recording(SESSION));
    let start = replay.client().post("/exec/e1/start").json(&json!({}));
    let mut connection = start.upgrade("tcp").await.unwrap();
    let mut next = vec![0; 8 + 6];
    connection.read_exact(&mut next).await.unwrap();
    assert_eq!(next, frame(1, b"ready\n"));
    let is_idle = async |connection: &mut dockerclient::raw::RawConnection| {
        tokio::time::timeout(IDLE, connection.read_u8()).await.is_err()
    };
    assert!(is_idle(&mut connection).await);
    connection.write_all(b"o").await.unwrap();
    assert!(is_idle(&mut connection).await);
    connection.write_all(b"ne\n").await.unwrap();
    let mut next = vec![0; 8 + 8 + 8 + 6];
    connection.read_exact(&mut next).await.unwrap();
    assert_eq!(next, [frame(1, b"got one\n"), frame(2, b"error\n")].concat());
    connection.write_all(b"password=any").await.unwrap();
    connection.write_all(b"thing\n").await.unwrap();
    let mut next = vec![0; 8 + 3];
    connection.read_exact(&mut next).await.unwrap();
    assert_eq!(next, frame(1, b"\xff\x00\n"));
    assert!(is_idle(&mut connection).await);
    connection.shutdown().await.unwrap();
    let mut rest = Vec::new();
    connection.read_to_end(&mut rest).await.unwrap();
    assert_eq!(rest, frame(1, b"end\n"));
    replay.assert_all_used();
}

#[tokio::test]
async fn other_input_of_a_session_fails_the_test() {
    for (sent, expected) in [
        ("on", r#"the client sent "on", but recorded was "one\n""#),
        ("two\n", r#"but recorded was "one\n""#),
        ("one\npass", r#"the client sent 4 bytes, but recorded was "password=[redacted]\n""#),
        ("one\nother=x", r#"the client sent 7 bytes, but recorded was "password=[redacted]\n""#),
        ("one\npassword=x\ny", "the client sent 1 bytes, but recorded was the end of its input"),
    ] {
        let replay = Replay::new(recording(SESSION));
        let start = replay.client().post("/exec/e1/start").json(&json!({}));
        let mut connection = start.upgrade("tcp").await.unwrap();
        connection.write_all(sent.as_bytes()).await.unwrap();
        connection.shutdown().await.unwrap();
        connection.read_to_end(&mut Vec::new()).await.unwrap();
        let failure = failure(replay, Replay::verify);
        assert!(failure.contains("exchange 1: POST /v1.41/exec/e1/start: ") && failure.contains(expected), "{failure}");
    }
}

#[tokio::test]
async fn exec_with_input_is_recorded_and_replayed() {
    let engine = FakeEngine::new();
    let container = engine.client("1.41").containers().create("busybox").name("web").cmd(["sleep", "1000"]);
    container.await.unwrap().start().await.unwrap();
    let recorder = Recorder::new(&engine.client("1.41"));
    let cat = |docker: dockerclient::DockerClient| async move {
        docker.container("web").command("cat").input("s3cret\n").output().await.unwrap().stdout_text().into_owned()
    };
    assert_eq!(cat(recorder.client("1.41")).await, "s3cret\n");
    recorder.redact("s3cret");
    let recording = recorder.recording().unwrap();
    let json: Value = serde_json::from_str(&recording.to_json().unwrap()).unwrap();
    let session = &json["exchanges"][1]["response"]["session"];
    assert_eq!(session[0], json!({ "client": { "text": "[redacted]\n" } }), "{session}");
    let replay = Replay::new(recording);
    assert_eq!(cat(replay.client()).await, "[redacted]\n");
    replay.assert_all_used();
}

#[tokio::test]
async fn frames_and_json_messages_keep_their_chunks() {
    let chunked = |content_type: &str, chunks: &[&[u8]]| {
        let chunks = chunks.iter().map(|chunk| [format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {content_type}\r\nTransfer-Encoding: chunked\r\n\r\n");
        [head.into_bytes(), chunks.collect::<Vec<_>>().concat(), b"0\r\n\r\n".to_vec()].concat()
    };
    let engine = FakeEngine::scripted(move |request| {
        let (out, err) = (frame(1, b"out\n"), frame(2, b"err\n"));
        Response::raw(match request.path() {
            "/containers/web/logs" => chunked("application/vnd.docker.raw-stream", &[&out, &err]),
            _ => chunked("application/json", &[b"{\"status\":\"Pulling\"}\r\n", b"{\"a\":1}\r\n{\"b\":2}\r\n"]),
        })
        // Each chunk arrives in a separate read.
        .in_chunks(19)
    });
    let recorder = Recorder::new(&engine.client("1.41"));
    let docker = recorder.client("1.41");
    let read =
        async |docker: &dockerclient::DockerClient, path: &str| docker.get(path).await.unwrap().bytes().await.unwrap();
    let logs = read(&docker, "/containers/web/logs").await;
    read(&docker, "/pull").await;
    let recording = recorder.recording().unwrap();
    let replay = Replay::new(recording.clone());
    assert_eq!(read(&replay.client(), "/containers/web/logs").await, logs);
    let pulled = read(&replay.client(), "/pull").await;
    assert_eq!(pulled, "{\"status\":\"Pulling\"}\n{\"a\":1}\n{\"b\":2}\n", "JSON is replayed as its values");
    replay.assert_all_used();
    let json: Value = serde_json::from_str(&recording.to_json().unwrap()).unwrap();
    let frames = &json["exchanges"][0]["response"]["chunks"];
    assert_eq!(*frames, json!([{ "frames": [{ "stdout": "out\n" }] }, { "frames": [{ "stderr": "err\n" }] }]));
}

#[tokio::test(start_paused = true)]
async fn end_of_a_stream_is_replayed() {
    let exchange = |end: &str| {
        recording(&format!(
            r#"{{"request": {{"method": "GET", "path": "/v1.41/containers/web/logs", "query": ["stdout=1", "stderr=1"]}},
                "response": {{"status": 200, "chunks": [{{"frames": [{{"stdout": "out\n"}}]}}], "end": "{end}"}}}}"#
        ))
    };
    for (end, expected) in [("complete", Some(Ok(()))), ("connection_lost", Some(Err(()))), ("client_closed", None)] {
        let replay = Replay::new(exchange(end));
        let logs = replay.client().get("/containers/web/logs").query("stdout", 1).query("stderr", 1);
        let mut logs = logs.await.unwrap().into_download();
        assert_eq!(logs.try_next().await.unwrap().unwrap(), frame(1, b"out\n"), "{end}");
        let next = tokio::time::timeout(IDLE, logs.try_next()).await.ok();
        let next = next.map(|next| next.map(|chunk| assert_eq!(chunk, None)).map_err(|_| ()));
        assert_eq!(next, expected, "{end}");
    }
}

#[tokio::test(start_paused = true)]
async fn request_without_a_response_has_none_in_the_replay() {
    let engine = FakeEngine::scripted(|_| Response::never());
    let recorder = Recorder::new(&engine.client("1.41"));
    let error = recorder.client("1.41").container("web").wait().time_limit(IDLE).await.unwrap_err();
    assert!(error.is_timeout());
    let recording = recorder.recording().unwrap();
    assert!(recording.to_json().unwrap().contains(r#""response": null"#));
    let replay = Replay::new(recording);
    let error = replay.client().container("web").wait().time_limit(IDLE).await.unwrap_err();
    assert!(error.is_timeout());
    replay.assert_all_used();
}

#[tokio::test]
async fn logs_of_a_recording_are_decoded() {
    let replay = Replay::new(recording(
        r#"{"request": {"method": "GET", "path": "/v1.41/containers/web/json"},
            "response": {"status": 200, "body": {"json": {"Id": "f43c", "Config": {"Tty": false}}}}},
           {"request": {"method": "GET", "path": "/v1.41/containers/web/logs", "query": ["stderr=true", "stdout=true", "tail=all"]},
            "response": {"status": 200, "chunks": [
                {"frames": [{"stdout": "one\n"}]}, {"frames": [{"stderr": "two\n"}, {"stdout": "three\n"}]}]}}"#,
    ));
    let lines: Vec<_> = replay.client().container("web").logs().await.unwrap().lines().try_collect().await.unwrap();
    let lines: Vec<_> = lines.iter().map(|line| (line.source, line.text().into_owned())).collect();
    let expected = [(Source::Stdout, "one"), (Source::Stderr, "two"), (Source::Stdout, "three")];
    assert_eq!(lines, expected.map(|(source, text)| (source, text.to_owned())));
    assert_snapshot!(replay.client().container("web").logs().await.unwrap_err(), @"failed to read logs of container web: this request was recorded once, but received once more: GET /v1.41/containers/web/json (500)");
    let _ = failure(replay, Replay::verify);
}
