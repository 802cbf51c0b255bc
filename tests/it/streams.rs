//! Streams of items, however they come.

use std::time::Duration;

use dockerclient::{
    Upload,
    containers::LogsOptions,
    images::{BuildOptions, ProgressItem, PullOptions},
    system::EventsOptions,
};
use dockerclient_testkit::{Engine, Reply, frame};
use futures_util::{FutureExt as _, TryStreamExt as _, stream};

const HEAD: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Chunks of `size` bytes, as engines send them: a chunk is never an item.
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
fn streaming(bytes: impl Into<Vec<u8>>, size: usize) -> Engine {
    let wire = chunked(&bytes.into(), size);
    Engine::answering(move |request| match &*request.line {
        line if line.ends_with("/containers/web/json") => Reply::json(200, r#"{"Id":"f43c"}"#),
        _ => Reply::raw(wire.clone()),
    })
}

#[tokio::test]
async fn chunks_and_frames_have_nothing_to_do_with_each_other() {
    let wire = [frame(1, b"one\ntw"), frame(2, b"err\n"), frame(1, b"o\n")].concat();
    for size in 1..=wire.len() {
        let engine = streaming(wire.clone(), size);
        let logs = engine.client("1.18").container("web").logs(&LogsOptions::default()).await.unwrap();
        let lines: Vec<_> = logs.lines().try_collect().await.unwrap();
        let lines: Vec<_> = lines.iter().map(|line| line.text().into_owned()).collect();
        assert_eq!(lines, ["one", "err", "two"], "in chunks of {size}");
    }
}

#[tokio::test]
async fn chunks_and_documents_have_nothing_to_do_with_each_other() {
    let wire = r#"{"status":"create","id":"a","time":1}{"status":"start","id":"a","time":2}
        {"status":"die","id":"a","time":3}"#;
    for size in 1..=wire.len() {
        let events = streaming(wire, size).client("1.18").events(&EventsOptions::default()).await.unwrap();
        let events: Vec<_> = events.try_collect().await.unwrap();
        let actions: Vec<_> = events.iter().map(|event| &*event.action).collect();
        assert_eq!(actions, ["create", "start", "die"], "in chunks of {size}");
    }
}

/// Polled once and dropped after every byte that comes.
#[tokio::test]
async fn a_wait_that_is_dropped_at_any_point_loses_nothing() {
    let wire = chunked(&[frame(1, b"out"), frame(2, b"err")].concat(), 3);
    let engine = Engine::answering(move |request| match &*request.line {
        line if line.ends_with("/json") => Reply::json(200, r#"{"Id":"f43c"}"#),
        _ => Reply::raw(wire.clone()).in_pieces(1),
    });
    let mut logs = engine.client("1.18").container("web").logs(&LogsOptions::default()).await.unwrap();
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
async fn an_item_that_decodes_to_nothing_ends_the_stream() {
    let engine = streaming(r#"{"status":"create","id":"a","time":1}{"time":"soon"}{"status":"die","time":2}"#, 1000);
    let mut events = engine.client("1.18").events(&EventsOptions::default()).await.unwrap();
    assert_eq!(events.try_next().await.unwrap().unwrap().action, "create");
    let error = events.try_next().await.unwrap_err();
    assert_eq!(error.to_string(), "system events: the engine's answer cannot be understood: at time");
    assert!(events.try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn an_item_without_end_is_given_up() {
    let mut endless = frame(1, b"out");
    endless.extend_from_slice(&[1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
    let engine = streaming(endless, 1000);
    let logs = engine.client("1.18").container("web").logs(&LogsOptions::default()).await.unwrap();
    let error = logs.try_collect::<Vec<_>>().await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "container logs: the engine's answer cannot be understood: a frame of output of 4294967295 bytes, over 16777216"
    );
}

/// The fixture of the Go library's own test: most objects with nothing between them.
#[tokio::test]
async fn a_pull_succeeds_or_fails_by_what_it_tells() {
    let fine = r#"{"status":"Pulling repository haproxy"}{"status":"Pulling image (latest) from haproxy","progressDetail":{},"id":"a"}
        {"status":"Download complete","progressDetail":{},"id":"a"}{"status":"Status: Image is up to date for haproxy"}"#;
    let pulled = streaming(fine, 10).client("1.15").image("haproxy").pull(&PullOptions::default()).await.unwrap();
    assert_eq!((pulled.image.name(), pulled.digest), ("haproxy", None));
    for failing in [
        r#"{"status":"Pulling repository wrong"}{"errorDetail":{"message":"not found"},"error":"not found"}{"status":"never"}"#,
        r#"{"errorDetail":{"message":"not found"}}"#,
        r#"{"error":"not found"}"#,
    ] {
        let engine = streaming(failing, 10);
        let error = engine.client("1.15").image("wrong").pull(&PullOptions::default()).await.unwrap_err();
        assert!(error.is_failure());
        assert_eq!(error.to_string(), "image create: engine said: not found");
    }
}

#[tokio::test]
async fn an_error_before_the_progress_begins_is_no_success() {
    for reply in [|| Reply::json(500, r#"{"message":"no space"}"#), || Reply::text(500, "no space\n")] {
        let engine = Engine::answering(move |_| reply());
        let error = engine.client("1.18").image("web").pull(&PullOptions::default()).await.unwrap_err();
        assert_eq!((error.status(), error.message()), (Some(500), Some("no space")));
    }
    let engine = Engine::answering(|_| Reply::empty(500));
    assert!(engine.client("1.18").image("web").pull(&PullOptions::default()).await.is_err());
}

#[tokio::test]
async fn a_load_is_done_also_if_the_engine_has_nothing_to_say() {
    let engine = Engine::answering(|_| Reply::empty(200));
    let none: Vec<String> = Vec::new();
    assert_eq!(engine.client("1.15").images().load(vec![0; 10]).await.unwrap(), none);
}

#[tokio::test]
async fn old_engines_tell_the_short_id_of_a_build() {
    let engine =
        streaming("{\"stream\":\"Step 0 : FROM a\\n\"}\r\n{\"stream\":\"Successfully built 3ca352c54c0f\\n\"}\r\n", 9);
    let id = engine.client("1.15").images().build(vec![0; 10], &BuildOptions::default()).await.unwrap();
    assert_eq!(id, "3ca352c54c0f");
}

#[tokio::test]
async fn an_upload_goes_out_as_it_is_read() {
    let engine = streaming(r#"{"stream":"Loaded image: web:1\n"}"#, 1000);
    let pieces = stream::iter([Ok::<_, std::io::Error>("one"), Ok("two")]);
    let loaded = engine.client("1.18").images().load(Upload::from_stream(pieces)).await.unwrap();
    assert_eq!(loaded, ["web:1"]);
    let request = &engine.requests()[0];
    assert!(request.headers.contains(&"transfer-encoding: chunked".to_owned()), "{request:?}");
    assert_eq!(request.body, "onetwo");
}

#[tokio::test]
async fn an_upload_that_cannot_be_read_is_the_error_of_the_call() {
    let engine = Engine::answering(|_| Reply::raw("").then_say_nothing_more());
    let pieces = stream::iter([Ok("one"), Err(std::io::Error::other("the disk is gone"))]);
    let error = engine.client("1.18").images().load(Upload::from_stream(pieces)).await.unwrap_err();
    assert_eq!(error.to_string(), "image load: what was to be sent cannot be read");
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert_eq!(source, "the disk is gone");
}

/// Engines refuse while the body is still being sent, and hang up.
#[tokio::test]
async fn an_early_answer_to_an_upload_is_heard() {
    let engine = Engine::answering_early(|_| Reply::text(500, "no space left\n").then_hang_up());
    let endless = stream::repeat_with(|| Ok::<_, std::io::Error>(vec![0; 64 << 10]));
    let images = engine.client("1.18").images();
    let error = images.load(Upload::from_stream(endless)).await.unwrap_err();
    assert_eq!(error.message(), Some("no space left"), "{error}");
}

#[tokio::test]
async fn progress_that_falls_silent_is_given_up_if_asked_to() {
    let engine = Engine::answering(|_| Reply::raw(format!("{HEAD}c\r\n{{\"status\":1}}\r\n")).then_say_nothing_more());
    let progress = engine.client("1.18").image("web").pull_progress(&PullOptions::default()).await.unwrap();
    let mut progress = progress.idle_timeout(Duration::from_millis(50));
    assert!(matches!(progress.try_next().await.unwrap(), Some(ProgressItem::Status(_))));
    assert!(progress.try_next().await.unwrap_err().is_timeout());
    assert!(progress.try_next().await.unwrap().is_none());
    engine.all_hung_up().await;
}
