//! Log streams, and dropping of event streams.

use std::time::Duration;

use dockerclient::{ApiVersion, Error, Source, Timestamp};
use futures_util::TryStreamExt as _;
use tokio::io::AsyncReadExt as _;

use crate::engine::{Engine, version};

/// A script that writes numbered lines of 1001 bytes to stdout and stderr, alternately.
fn write_lines(lines: u32) -> String {
    format!(
        "awk 'BEGIN {{ for (i = 0; i < {lines}; i++) {{ printf \"%01000d\\n\", i; printf \"%01000d\\n\", i > \"/dev/stderr\" }} }}'"
    )
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn logs_of_100_mb_are_complete_and_in_order() {
    const LINES: u32 = 50_000;
    let engine = Engine::under_test().await;
    let container = engine.create(&write_lines(LINES)).await;
    container.start().await.unwrap();
    let mut logs = container.logs().follow(true).await.unwrap();
    // Checks each stream line by line, without keeping the whole output.
    let (mut stdout, mut stderr) = (LineChecker::default(), LineChecker::default());
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
struct LineChecker {
    lines: u32,
    rest: Vec<u8>,
}

impl LineChecker {
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
async fn logs_as_lines_captured_or_through_a_reader() {
    let engine = Engine::under_test().await;
    let began = Timestamp::now();
    let container = engine.create("echo one; echo two >&2; printf three").await;
    container.start().await.unwrap();
    container.wait().await.unwrap();

    let lines = container.logs().timestamps(true).await.unwrap().lines();
    let lines: Vec<_> = lines.try_collect().await.unwrap();
    let texts: Vec<_> = lines.iter().map(|line| (line.source, line.text().into_owned())).collect();
    assert!(texts.contains(&(Source::Stdout, "one".into())) && texts.contains(&(Source::Stdout, "three".into())));
    assert!(texts.contains(&(Source::Stderr, "two".into())));
    assert!(lines.iter().all(|line| line.time.is_some_and(|time| time >= began)));

    let captured = container.logs().await.unwrap().capture().await.unwrap();
    assert_eq!((&*captured.stdout_text(), &*captured.stderr_text()), ("one\nthree", "two\n"));

    let mut text = String::new();
    let mut reader = container.logs().stderr(false).await.unwrap().into_reader();
    reader.read_to_string(&mut text).await.unwrap();
    assert_eq!(text, "one\nthree");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn logs_since_requires_api_1_19() {
    let engine = Engine::under_test().await;
    let container = engine.create("true").await;
    let outcome = container.logs().since(Timestamp::now()).await;
    if version() < ApiVersion::new(1, 19) {
        let error: Error = outcome.unwrap_err();
        assert_eq!(error.required_version(), Some(ApiVersion::new(1, 19)));
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn read_timeout_ends_an_idle_log_stream() {
    let engine = Engine::under_test().await;
    let container = engine.running().await;
    let logs = container.logs().follow(true).await.unwrap();
    let error = logs.read_timeout(Duration::from_millis(100)).try_next().await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
}

/// `info` reports the number of open event streams.
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn dropped_event_stream_closes_its_connection() {
    let engine = Engine::under_test().await;
    let docker = engine.direct();
    let streams = 20;
    let mut open = Vec::new();
    for _ in 0..streams {
        open.push(docker.events().await.unwrap());
    }
    // The engine sends the response headers slightly before it counts the stream.
    while docker.info().await.unwrap().n_events_listener < streams {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    drop(open);
    while docker.info().await.unwrap().n_events_listener >= streams {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
