//! Monitors on engines that restart, lose events or stop responding.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use dockerclient::monitor::RetryPolicy;
use dockerclient_testkit::{FakeEngine, Request, Response};
use tokio::sync::broadcast;

mod callbacks;
mod combined_logs;
mod containers;
mod events;
mod logs;
mod nodes;
mod services;
mod stats;

/// The event history of an engine: the time of each event, in seconds, and the ID of its container.
///
/// Replayed as engines do: backwards from the newest event to the first that is older than `since`.
#[derive(Clone, Default)]
struct History {
    events: Arc<Mutex<Vec<(i64, String)>>>,
    /// The maximum number of events that are kept; `None` is all.
    limit: Option<usize>,
    /// Whether events have nanoseconds. They are then a millisecond apart.
    has_nanoseconds: bool,
    /// The number of events after which Podman stops reading them if `until` has passed.
    stops_after: Option<usize>,
}

impl History {
    fn new<Id: Into<String>>(events: impl IntoIterator<Item = (i64, Id)>) -> Self {
        let history = Self::default();
        events.into_iter().for_each(|(second, id)| history.add(second, id));
        history
    }

    fn add(&self, second: i64, id: impl Into<String>) {
        self.events.lock().unwrap().push((second, id.into()));
    }

    fn json(&self, index: usize, (second, id): &(i64, String)) -> String {
        let nanoseconds = second * 1_000_000_000 + (i64::try_from(index).unwrap() + 1) * 1_000_000;
        let nanoseconds_field =
            if self.has_nanoseconds { format!(r#","timeNano":{nanoseconds}"#) } else { String::new() };
        format!(r#"{{"status":"start","id":"{id}","from":"b","time":{second}{nanoseconds_field}}}"#)
    }

    fn replay(&self, request: &Request) -> String {
        let (since, until) = (parameter(request, "since").unwrap_or(0), parameter(request, "until"));
        let events = self.events.lock().unwrap();
        let limit = self.limit.unwrap_or(usize::MAX).min(events.len());
        let recent = events.iter().enumerate().rev().take(limit).take_while(|(_, (second, _))| *second >= since);
        let chosen = recent.filter(|(_, (second, _))| until.is_none_or(|until| *second <= until));
        let mut replayed: Vec<String> = chosen.map(|(index, event)| self.json(index, event)).collect();
        let has_passed = until.is_some_and(|until| until <= NOW);
        replayed.drain(..replayed.len().saturating_sub(self.stops_after.filter(|_| has_passed).unwrap_or(usize::MAX)));
        replayed.into_iter().rev().collect()
    }
}

fn parameter(request: &Request, name: &str) -> Option<i64> {
    let query = request.line.split_once('?')?.1;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?.parse().ok()
}

/// The headers of a response without an end, from an engine whose clock is stopped at second 100.
fn response_head() -> String {
    "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:01:40 GMT\r\nConnection: close\r\n\r\n".to_owned()
}

fn pong() -> Response {
    Response::raw("HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:01:40 GMT\r\nContent-Length: 2\r\n\r\nOK")
}

/// The time of the engines, in Unix seconds.
const NOW: i64 = 100;

/// A time in 2096: at old API versions, streams without an end are requested until then.
const DISTANT_UNTIL: i64 = 4_000_000_000;

/// Whether a request is for live events.
fn is_live(request: &Request) -> bool {
    request.line.contains("/events") && parameter(request, "until").is_none_or(|until| until == DISTANT_UNTIL)
}

/// Sends `events` and keeps the connection open.
fn open_stream(events: impl AsRef<str>) -> Response {
    Response::raw(response_head() + events.as_ref()).then_stall()
}

/// Sends `events` and closes the connection.
fn ended_stream(events: impl AsRef<str>) -> Response {
    Response::raw(response_head() + events.as_ref()).then_close()
}

/// An engine with an event history that responds to request number `n` for live events with `live(n, request)`.
fn with_history(history: &History, live: impl Fn(usize, &Request) -> Response + Send + Sync + 'static) -> FakeEngine {
    let (history, count) = (history.clone(), AtomicUsize::new(0));
    FakeEngine::scripted(move |request| match request {
        request if is_live(request) => live(count.fetch_add(1, Ordering::Relaxed), request),
        request if request.line.contains("/events") => ended_stream(history.replay(request)),
        _ => pong(),
    })
}

/// An engine without events that responds to all other requests with `script`.
fn without_events(script: impl Fn(&Request) -> Response + Send + Sync + 'static) -> FakeEngine {
    with_events(&broadcast::Sender::new(1), script)
}

/// An engine that sends events from `sender` and responds to all other requests with `script`.
fn with_events(
    sender: &broadcast::Sender<String>,
    script: impl Fn(&Request) -> Response + Send + Sync + 'static,
) -> FakeEngine {
    let sender = sender.clone();
    FakeEngine::scripted(move |request| match request {
        request if is_live(request) => Response::raw(response_head()).then_stream(&sender),
        request if request.line.contains("/events") => ended_stream(""),
        request if request.line.contains("/_ping") => pong(),
        request => script(request),
    })
}

/// A policy that retries after a millisecond.
fn retry_quickly() -> RetryPolicy {
    RetryPolicy::default().first(Duration::from_millis(1)).longest(Duration::from_millis(1))
}
