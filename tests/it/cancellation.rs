//! What is dropped is gone: the engine sees the connection close.

use std::time::Duration;

use dockerclient::{containers::LogsOptions, images::PullOptions, system::EventsOptions};
use dockerclient_testkit::{Engine, Reply};
use futures_util::{FutureExt as _, TryStreamExt as _};

/// An engine whose streams begin, and go on for ever.
fn endless() -> Engine {
    Engine::answering(|request| match &*request.line {
        line if line.ends_with("/json") => Reply::json(200, r#"{"Id":"f43c"}"#).then_hang_up(),
        line if line.contains("/logs") => {
            Reply::raw("HTTP/1.1 200 OK\r\n\r\n\u{1}\0\0\0\0\0\0\u{3}out").then_say_nothing_more()
        }
        line if line.contains("/events") => {
            Reply::raw("HTTP/1.1 200 OK\r\n\r\n{\"status\":\"start\",\"id\":\"a\",\"time\":1}").then_say_nothing_more()
        }
        line if line.contains("/wait") => Reply::raw("").then_say_nothing_more(),
        _ => Reply::raw("HTTP/1.1 200 OK\r\n\r\n{\"read\":\"\"}").then_say_nothing_more(),
    })
}

#[tokio::test]
async fn a_dropped_stream_closes_its_connection() {
    let engine = endless();
    let docker = engine.client("1.18");
    let mut logs = docker.container("web").logs(&LogsOptions::default().follow()).await.unwrap();
    let mut events = docker.events(&EventsOptions::default()).await.unwrap();
    let mut stats = docker.container("web").stats().await.unwrap();
    let mut export = docker.container("web").export().await.unwrap();
    let mut progress = docker.image("web").pull_progress(&PullOptions::default()).await.unwrap();
    assert!(logs.try_next().await.unwrap().is_some() && events.try_next().await.unwrap().is_some());
    assert!(stats.try_next().await.unwrap().is_some() && export.try_next().await.unwrap().is_some());
    assert!(progress.try_next().await.unwrap().is_some());
    drop((logs, events, stats, export, progress));
    engine.all_hung_up().await;
}

#[tokio::test]
async fn a_dropped_call_closes_its_connection() {
    let engine = endless();
    let docker = engine.client("1.18");
    let container = docker.container("web");
    let wait = tokio::time::timeout(Duration::from_millis(50), container.wait()).await;
    assert!(wait.is_err());
    engine.all_hung_up().await;
}

#[tokio::test]
async fn a_dropped_wait_for_the_next_item_loses_nothing() {
    let engine = endless();
    let mut events = engine.client("1.18").events(&EventsOptions::default()).await.unwrap();
    let event = loop {
        // Polled once and dropped, again and again.
        match events.try_next().now_or_never() {
            Some(event) => break event,
            None => tokio::task::yield_now().await,
        }
    };
    assert_eq!(event.unwrap().unwrap().action, "start");
}
