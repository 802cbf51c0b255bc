//! Cancellation: dropping a call or a stream closes its connection.

use std::time::Duration;

use dockerclient_testkit::{FakeEngine, Response};
use futures_util::FutureExt as _;

/// An engine whose streams never end.
fn endless() -> FakeEngine {
    FakeEngine::scripted(|request| match &*request.line {
        line if line.ends_with("/json") => Response::json(200, r#"{"Id":"f43c"}"#).then_close(),
        line if line.contains("/logs") => {
            Response::raw("HTTP/1.1 200 OK\r\n\r\n\u{1}\0\0\0\0\0\0\u{3}out").then_stall()
        }
        line if line.contains("/events") => {
            Response::raw("HTTP/1.1 200 OK\r\n\r\n{\"status\":\"start\",\"id\":\"a\",\"time\":1}").then_stall()
        }
        line if line.contains("/wait") => Response::raw("").then_stall(),
        _ => Response::raw("HTTP/1.1 200 OK\r\n\r\n{\"read\":\"\"}").then_stall(),
    })
}

#[tokio::test]
async fn dropped_stream_closes_its_connection() {
    let engine = endless();
    let docker = engine.client("1.18");
    let mut logs = docker.container("web").logs().follow(true).await.unwrap();
    let mut events = docker.events().await.unwrap();
    let mut stats = docker.container("web").stats().await.unwrap();
    let mut export = docker.container("web").export().await.unwrap();
    let mut progress = docker.image("web").pull().progress().await.unwrap();
    assert!(logs.try_next().await.unwrap().is_some() && events.try_next().await.unwrap().is_some());
    assert!(stats.try_next().await.unwrap().is_some() && export.try_next().await.unwrap().is_some());
    assert!(progress.try_next().await.unwrap().is_some());
    drop((logs, events, stats, export, progress));
    engine.all_connections_closed().await;
}

#[tokio::test]
async fn dropped_call_closes_its_connection() {
    let engine = endless();
    let docker = engine.client("1.18");
    let container = docker.container("web");
    let wait = tokio::time::timeout(Duration::from_millis(50), container.wait()).await;
    assert!(wait.is_err());
    engine.all_connections_closed().await;
}

#[tokio::test]
async fn event_stream_next_is_cancel_safe() {
    let engine = endless();
    let mut events = engine.client("1.18").events().await.unwrap();
    let event = loop {
        // Each future is polled once and dropped.
        match events.try_next().now_or_never() {
            Some(event) => break event,
            None => tokio::task::yield_now().await,
        }
    };
    assert_eq!(event.unwrap().unwrap().action, "start");
}
