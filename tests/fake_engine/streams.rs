//! Streams of items, independently of chunks; progress, and uploads.

use std::time::Duration;

use dockerclient::{
    Source, Timestamp, Upload,
    images::{Image, ProgressItem},
};
use dockerclient_testkit::{FakeEngine, Response, frame};
use futures_util::{FutureExt as _, TryStreamExt as _, stream};

const HEAD: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// A response in chunks of `size` bytes, which are not items.
fn chunked(bytes: &[u8], size: usize) -> Vec<u8> {
    let mut wire = HEAD.as_bytes().to_vec();
    for chunk in bytes.chunks(size) {
        wire.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        wire.extend_from_slice(chunk);
        wire.extend_from_slice(b"\r\n");
    }
    [&wire, &b"0\r\n\r\n"[..]].concat()
}

/// An engine that streams `bytes` in chunks of `size`.
fn streaming(bytes: impl Into<Vec<u8>>, size: usize) -> FakeEngine {
    let wire = chunked(&bytes.into(), size);
    FakeEngine::scripted(move |request| match &*request.line {
        line if line.ends_with("/containers/web/json") => Response::json(200, r#"{"Id":"f43c"}"#),
        _ => Response::raw(wire.clone()),
    })
}

#[tokio::test]
async fn output_frames_are_independent_of_http_chunks() {
    let wire = [frame(1, b"one\ntw"), frame(2, b"err\n"), frame(1, b"o\n")].concat();
    for size in 1..=wire.len() {
        let engine = streaming(wire.clone(), size);
        let logs = engine.client("1.18").container("web").logs().await.unwrap();
        let lines: Vec<_> = logs.lines().try_collect().await.unwrap();
        let lines: Vec<_> = lines.iter().map(|line| line.text().into_owned()).collect();
        assert_eq!(lines, ["one", "err", "two"], "in chunks of {size}");
    }
}

#[tokio::test]
async fn output_batches_are_independent_of_http_chunks() {
    let wire = [frame(1, b"one\n"), frame(2, b"err\n"), frame(1, b"two\n"), frame(2, b"cut")].concat();
    for size in 1..=wire.len() {
        let mut logs = streaming(&wire[..wire.len() - 1], size).client("1.41").container("web").logs().await.unwrap();
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        let error = loop {
            match logs.next_batch().await {
                Ok(Some(batch)) => batch.iter().for_each(|(source, bytes)| match source {
                    Source::Stderr => stderr.extend_from_slice(bytes),
                    _ => stdout.extend_from_slice(bytes),
                }),
                Ok(None) => panic!("in chunks of {size}"),
                Err(error) => break error,
            }
        };
        assert!(error.is_truncated(), "in chunks of {size}: {error}");
        assert_eq!((&*stdout, &*stderr), (&b"one\ntwo\n"[..], &b"err\n"[..]), "in chunks of {size}");
        assert!(logs.next_batch().await.unwrap().is_none());
    }
}

#[tokio::test]
async fn json_events_are_independent_of_http_chunks() {
    let wire = r#"{"status":"create","id":"a","time":1}{"status":"start","id":"a","time":2}
        {"status":"die","id":"a","time":3}"#;
    for size in 1..=wire.len() {
        let events = streaming(wire, size).client("1.18").events().until(Timestamp::now()).await.unwrap();
        let events: Vec<_> = events.try_collect().await.unwrap();
        let actions: Vec<_> = events.iter().map(|event| &*event.action).collect();
        assert_eq!(actions, ["create", "start", "die"], "in chunks of {size}");
    }
}

/// Docker before 1.11 may immediately end a stream without `until`.
#[tokio::test]
async fn events_that_end_early_are_truncated() {
    let event = r#"{"status":"die","id":"a","time":1}"#;
    for (version, until) in [("1.22", Some("4000000000")), ("1.23", None)] {
        let engine = streaming(event, 1000);
        let mut events = engine.client(version).events().await.unwrap();
        assert!(events.try_next().await.unwrap().is_some());
        assert!(events.try_next().await.unwrap_err().is_truncated());
        assert!(events.try_next().await.unwrap().is_none());
        assert_eq!(engine.requests()[0].query("until").as_deref(), until, "at {version}");
    }
    for (seconds, is_over) in [(0, true), (100, false)] {
        let until = Timestamp::from_unix_seconds(Timestamp::now().unix_seconds() + seconds).unwrap();
        let events = streaming(event, 1000).client("1.41").events().until(until).await.unwrap();
        assert_eq!(events.try_collect::<Vec<_>>().await.is_ok(), is_over, "in {seconds} s");
    }
}

/// The future is polled once and dropped after each byte.
#[tokio::test]
async fn log_stream_next_is_cancel_safe() {
    let wire = chunked(&[frame(1, b"out"), frame(2, b"err")].concat(), 3);
    let engine = FakeEngine::scripted(move |request| match &*request.line {
        line if line.ends_with("/json") => Response::json(200, r#"{"Id":"f43c"}"#),
        _ => Response::raw(wire.clone()).in_chunks(1),
    });
    let mut logs = engine.client("1.18").container("web").logs().await.unwrap();
    let mut got = Vec::new();
    loop {
        match logs.try_next().now_or_never() {
            Some(Ok(Some(output))) => got.extend_from_slice(output.bytes()),
            Some(end) => break assert!(end.unwrap().is_none()),
            None => tokio::task::yield_now().await,
        }
    }
    assert_eq!(got, b"outerr");
}

#[tokio::test]
async fn undecodable_event_ends_the_stream() {
    let engine = streaming(r#"{"status":"create","id":"a","time":1}{"time":true}{"status":"die","time":2}"#, 1000);
    let mut events = engine.client("1.18").events().await.unwrap();
    assert_eq!(events.try_next().await.unwrap().unwrap().action, "create");
    let error = events.try_next().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to read events: invalid response: at time (line 1, column 12): invalid value"
    );
    assert!(events.try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn oversized_output_frame_is_an_error() {
    let mut endless = frame(1, b"out");
    endless.extend_from_slice(&[1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    let engine = streaming(endless, 1000);
    let logs = engine.client("1.18").container("web").logs().await.unwrap();
    let error = logs.try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "failed to read logs of container web: invalid response: output frame of 4294967295 bytes is larger than 16777216 (max_item_size)"
    );
}

/// The fixture of the Go library's own test: most objects are not separated.
#[tokio::test]
async fn pull_result_is_taken_from_its_progress() {
    let fine = r#"{"status":"Pulling repository haproxy"}{"status":"Pulling image (latest) from haproxy","progressDetail":{},"id":"a"}
        {"status":"Download complete","progressDetail":{},"id":"a"}{"status":"Status: Image is up to date for haproxy"}"#;
    let pulled = streaming(fine, 10).client("1.15").image("haproxy").pull().await.unwrap();
    assert_eq!((pulled.image.name(), pulled.digest), ("haproxy", None));
    for failing in [
        r#"{"status":"Pulling repository wrong"}{"errorDetail":{"message":"not found"},"error":"not found"}{"status":"never"}"#,
        r#"{"errorDetail":{"message":"not found"}}"#,
        r#"{"error":"not found"}"#,
    ] {
        let engine = streaming(failing, 10);
        let error = engine.client("1.15").image("wrong").pull().await.unwrap_err();
        assert!(error.is_operation_failed());
        assert_eq!(error.to_string(), "failed to pull image wrong: not found");
    }
}

#[tokio::test]
async fn pull_with_error_status_is_an_error() {
    for reply in [|| Response::json(500, r#"{"message":"no space"}"#), || Response::text(500, "no space\n")] {
        let engine = FakeEngine::scripted(move |_| reply());
        let error = engine.client("1.18").image("web").pull().await.unwrap_err();
        assert_eq!((error.status(), error.message()), (Some(500), Some("no space")));
    }
    let engine = FakeEngine::scripted(|_| Response::empty(500));
    assert!(engine.client("1.18").image("web").pull().await.is_err());
}

#[tokio::test]
async fn load_with_empty_response_succeeds() {
    let engine = FakeEngine::scripted(|_| Response::empty(200));
    assert_eq!(engine.client("1.15").images().load(vec![0; 10]).await.unwrap(), []);
}

#[tokio::test]
async fn build_returns_the_short_id_of_old_engines() {
    let engine =
        streaming("{\"stream\":\"Step 0 : FROM a\\n\"}\r\n{\"stream\":\"Successfully built 3ca352c54c0f\\n\"}\r\n", 9);
    let image = engine.client("1.15").images().build(vec![0; 10]).await.unwrap();
    assert_eq!(image.name(), "3ca352c54c0f");
}

#[tokio::test]
async fn upload_from_stream_is_chunked() {
    let engine = streaming(r#"{"stream":"Loaded image: web:1\n"}"#, 1000);
    let chunks = stream::iter([Ok::<_, std::io::Error>("one"), Ok("two")]);
    let loaded = engine.client("1.18").images().load(Upload::from_stream(chunks)).await.unwrap();
    assert_eq!(loaded.iter().map(Image::name).collect::<Vec<_>>(), ["web:1"]);
    let request = &engine.requests()[0];
    assert!(request.headers.contains(&"transfer-encoding: chunked".to_owned()), "{request:?}");
    assert_eq!(request.body, "onetwo");
}

#[tokio::test]
async fn upload_source_error_is_returned() {
    let engine = FakeEngine::scripted(|_| Response::raw("").then_stall());
    let chunks = stream::iter([Ok("one"), Err(std::io::Error::other("the disk is gone"))]);
    let error = engine.client("1.18").images().load(Upload::from_stream(chunks)).await.unwrap_err();
    assert_eq!(error.to_string(), "failed to load images: failed to read the upload");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "the disk is gone");
}

/// Engines reject an upload while the body is still being sent, and close the connection.
#[tokio::test]
async fn early_error_response_to_upload_is_returned() {
    let engine = FakeEngine::scripted_before_body(|_| Response::text(500, "no space left\n").then_close());
    let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![0; 64 << 10]));
    let images = engine.client("1.18").images();
    let error = images.load(Upload::from_stream(endless)).await.unwrap_err();
    assert_eq!(error.message(), Some("no space left"), "{error}");
}

#[tokio::test]
async fn progress_read_timeout_ends_a_stalled_stream() {
    let engine = FakeEngine::scripted(|_| Response::raw(format!("{HEAD}c\r\n{{\"status\":1}}\r\n")).then_stall());
    let progress = engine.client("1.18").image("web").pull().progress().await.unwrap();
    let mut progress = progress.read_timeout(Duration::from_millis(50));
    assert!(matches!(progress.try_next().await.unwrap(), Some(ProgressItem::Status(_))));
    assert!(progress.try_next().await.unwrap_err().is_timeout());
    assert!(progress.try_next().await.unwrap().is_none());
    engine.all_connections_closed().await;
}
