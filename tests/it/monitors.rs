//! Monitors, on engines that break.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use dockerclient::monitor::RetryPolicy;
use dockerclient_testkit::{Engine, Reply, Request};
use tokio::sync::broadcast;

mod callbacks;
mod containers;
mod events;
mod logs;
mod stats;

/// What an engine remembers of its events: the second of each, and to whom it happened.
///
/// It is replayed as engines do it: from the last one that is older than asked for on.
#[derive(Clone, Default)]
struct Past {
    events: Arc<Mutex<Vec<(i64, String)>>>,
    /// How many at most, if not all.
    limit: Option<usize>,
    /// Whether to tell the nanosecond of each. They are a millisecond apart then.
    precise: bool,
}

impl Past {
    fn new<Id: Into<String>>(events: impl IntoIterator<Item = (i64, Id)>) -> Self {
        let past = Self::default();
        events.into_iter().for_each(|(second, id)| past.add(second, id));
        past
    }

    fn add(&self, second: i64, id: impl Into<String>) {
        self.events.lock().unwrap().push((second, id.into()));
    }

    fn tell(&self, index: usize, (second, id): &(i64, String)) -> String {
        let nanoseconds = second * 1_000_000_000 + (i64::try_from(index).unwrap() + 1) * 1_000_000;
        let precisely = if self.precise { format!(r#","timeNano":{nanoseconds}"#) } else { String::new() };
        format!(r#"{{"status":"start","id":"{id}","from":"b","time":{second}{precisely}}}"#)
    }

    fn replay(&self, request: &Request) -> String {
        let (since, until) = (parameter(request, "since").unwrap_or(0), parameter(request, "until"));
        let events = self.events.lock().unwrap();
        let limit = self.limit.unwrap_or(usize::MAX).min(events.len());
        let recent = events.iter().enumerate().rev().take(limit).take_while(|(_, (second, _))| *second >= since);
        let chosen = recent.filter(|(_, (second, _))| until.is_none_or(|until| *second <= until));
        let told: Vec<String> = chosen.map(|(index, event)| self.tell(index, event)).collect();
        told.into_iter().rev().collect()
    }
}

fn parameter(request: &Request, name: &str) -> Option<i64> {
    let query = request.line.split_once('?')?.1;
    query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?.parse().ok()
}

/// The head of an answer that has no end, from an engine whose clock stands still at second 100.
fn head() -> String {
    "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:01:40 GMT\r\nConnection: close\r\n\r\n".to_owned()
}

fn pong() -> Reply {
    Reply::raw("HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:01:40 GMT\r\nContent-Length: 2\r\n\r\nOK")
}

/// Whether a request asks for events as they come.
fn is_live(request: &Request) -> bool {
    request.line.contains("/events") && !request.line.contains("until")
}

/// Tells events without an end.
fn go_on(events: impl AsRef<str>) -> Reply {
    Reply::raw(head() + events.as_ref()).then_say_nothing_more()
}

/// Tells events and hangs up.
fn end(events: impl AsRef<str>) -> Reply {
    Reply::raw(head() + events.as_ref()).then_hang_up()
}

/// An engine that remembers `past`, and answers those who listen as `live` says, given how many did before.
fn remembering(past: &Past, live: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Engine {
    let (past, count) = (past.clone(), AtomicUsize::new(0));
    Engine::answering(move |request| match request {
        request if is_live(request) => live(count.fetch_add(1, Ordering::Relaxed), request),
        request if request.line.contains("/events") => end(past.replay(request)),
        _ => pong(),
    })
}

/// An engine in which nothing happens, and that answers everything else as `script` says.
fn quiet(script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Engine {
    telling(&broadcast::Sender::new(1), script)
}

/// An engine in which `news` happen, and that answers everything else as `script` says.
fn telling(news: &broadcast::Sender<String>, script: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Engine {
    let news = news.clone();
    Engine::answering(move |request| match request {
        request if is_live(request) => Reply::raw(head()).then_tell(&news),
        request if request.line.contains("/events") => end(""),
        request if request.line.contains("/_ping") => pong(),
        request => script(request),
    })
}

/// Tries again at once.
fn at_once() -> RetryPolicy {
    RetryPolicy::default().first(Duration::from_millis(1)).longest(Duration::from_millis(1))
}
