//! Output in bulk, and streams that are dropped.

use std::time::Duration;

use dockerclient::{ApiVersion, Error, Source, Timestamp, containers::LogsOptions, system::EventsOptions};
use futures_util::TryStreamExt as _;
use tokio::io::AsyncReadExt as _;

use crate::engine::{Engine, version};

/// Writes lines of 1001 bytes that count, to both streams in turn.
fn counting(lines: u32) -> String {
    format!(
        "awk 'BEGIN {{ for (i = 0; i < {lines}; i++) {{ printf \"%01000d\\n\", i; printf \"%01000d\\n\", i > \"/dev/stderr\" }} }}'"
    )
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_hundred_megabytes_of_mixed_output_arrive_byte_by_byte_and_in_order() {
    const LINES: u32 = 50_000;
    let engine = Engine::under_test().await;
    let container = engine.create(&counting(LINES)).await;
    container.start().await.unwrap();
    let mut logs = container.logs(&LogsOptions::default().follow()).await.unwrap();
    // What is expected next of each stream, without ever holding it all.
    let (mut stdout, mut stderr) = (Counter::default(), Counter::default());
    while let Some(output) = logs.try_next().await.unwrap() {
        match output.source() {
            Source::Stdout => stdout.check(output.bytes()),
            Source::Stderr => stderr.check(output.bytes()),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!((stdout.lines, stderr.lines), (LINES, LINES));
}

#[derive(Default)]
struct Counter {
    lines: u32,
    rest: Vec<u8>,
}

impl Counter {
    fn check(&mut self, bytes: &[u8]) {
        self.rest.extend_from_slice(bytes);
        while self.rest.len() >= 1001 {
            assert_eq!(self.rest[..1001], *format!("{:01000}\n", self.lines).as_bytes());
            self.rest.drain(..1001);
            self.lines += 1;
        }
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn output_is_read_by_the_line_as_a_whole_or_by_a_reader() {
    let engine = Engine::under_test().await;
    let began = Timestamp::now();
    let container = engine.create("echo one; echo two >&2; printf three").await;
    container.start().await.unwrap();
    container.wait().await.unwrap();
    let logs = LogsOptions::default();

    let lines = container.logs(&logs.clone().timestamps()).await.unwrap().lines();
    let lines: Vec<_> = lines.try_collect().await.unwrap();
    let texts: Vec<_> = lines.iter().map(|line| (line.source, line.text().into_owned())).collect();
    assert!(texts.contains(&(Source::Stdout, "one".into())) && texts.contains(&(Source::Stdout, "three".into())));
    assert!(texts.contains(&(Source::Stderr, "two".into())));
    assert!(lines.iter().all(|line| line.time.is_some_and(|time| time >= began)));

    let captured = container.logs(&logs).await.unwrap().capture().await.unwrap();
    assert_eq!((&*captured.stdout_text(), &*captured.stderr_text()), ("one\nthree", "two\n"));

    let mut text = String::new();
    let mut reader = container.logs(&logs.only_stdout()).await.unwrap().into_reader();
    reader.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "one\nthree");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn logs_since_a_time_need_a_newer_api() {
    let engine = Engine::under_test().await;
    let container = engine.create("true").await;
    let outcome = container.logs(&LogsOptions::default().since(Timestamp::now())).await;
    if version() < ApiVersion::new(1, 19) {
        let error: Error = outcome.unwrap_err();
        assert_eq!(error.needed_version(), Some(ApiVersion::new(1, 19)));
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn a_silent_stream_is_given_up_if_asked_to() {
    let engine = Engine::under_test().await;
    let container = engine.running().await;
    let logs = container.logs(&LogsOptions::default().follow()).await.unwrap();
    let error = logs.idle_timeout(Duration::from_millis(100)).try_next().await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
}

/// The engine counts who listens.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn the_engine_sees_that_a_stream_was_dropped() {
    let engine = Engine::under_test().await;
    let docker = engine.direct();
    let streams = 20;
    let mut open = Vec::new();
    for _ in 0..streams {
        open.push(docker.events(&EventsOptions::default()).await.unwrap());
    }
    // An engine answers a little before it listens.
    while docker.info().await.unwrap().n_events_listener < streams {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(open);
    while docker.info().await.unwrap().n_events_listener >= streams {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
