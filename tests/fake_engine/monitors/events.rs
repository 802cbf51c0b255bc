//! The event monitor.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use dockerclient::{
    ApiVersion, DockerClient, Timestamp,
    monitor::{EventMonitor, EventUpdate, RetryPolicy},
};
use futures_util::StreamExt as _;
use tokio::io::DuplexStream;

use super::{History, ended_stream, is_live, open_stream, pong, response_head, retry_quickly, with_history};
use dockerclient_testkit::{FakeEngine, Response};

fn monitor(engine: &FakeEngine) -> EventMonitor {
    engine.client("1.18").monitor_events().retry(retry_quickly())
}

fn describe(update: EventUpdate) -> String {
    match update {
        EventUpdate::Connected => "connected".to_owned(),
        EventUpdate::Event(event) => event.id,
        EventUpdate::Gap(gap) => {
            format!("{:?} {}-{}", gap.reason, gap.since.unix_seconds(), gap.until.unix_seconds())
        }
        EventUpdate::Disconnected { retry_in: Some(_), .. } => "disconnected".to_owned(),
        EventUpdate::Disconnected { error, retry_in: None } => format!("gave up: {error}"),
        other => panic!("{other:?}"),
    }
}

/// Descriptions of the updates of a monitor up to the event `last`, or to its end.
async fn updates_until(monitor: &mut EventMonitor, last: &str) -> Vec<String> {
    let mut updates = Vec::new();
    while updates.last().is_none_or(|update| update != last) {
        let Some(update) = monitor.next().await else { break };
        updates.push(describe(update));
    }
    updates
}

#[tokio::test]
async fn reconnect_at_any_byte_loses_and_repeats_no_event() {
    let events = [(98, "old"), (100, "a"), (100, "b"), (100, "c"), (101, "d")];
    for has_nanoseconds in [false, true] {
        let history = History { has_nanoseconds, ..History::new(events) };
        let engine = with_history(&history, |_, _| ended_stream(""));
        let _ = updates_until(&mut monitor(&engine), "disconnected").await;
        let live = engine.requests().into_iter().find(is_live).unwrap();
        let whole = response_head() + &history.replay(&live);
        for cut in 0..whole.len() {
            let (replay, whole) = (history.clone(), whole.clone());
            let engine = with_history(&history, move |count, request| match count {
                0 => Response::raw(&whole.as_bytes()[..cut]).then_close(),
                _ => open_stream(replay.replay(request)),
            });
            let updates = updates_until(&mut monitor(&engine), "d").await;
            let ids: Vec<&String> = updates.iter().filter(|update| update.len() == 1).collect();
            assert_eq!(ids, ["a", "b", "c", "d"], "cut at {cut}: {updates:?}");
            assert!(!updates.iter().any(|update| update.contains('-')), "cut at {cut}: {updates:?}");
        }
    }
}

/// Descriptions of the updates of a monitor of an engine that sends the events of `before` and closes the connection, and
/// then has the history `after`.
async fn updates_across_reconnect(before: &History, after: &History) -> Vec<String> {
    let (before, after, count) = (before.clone(), after.clone(), AtomicUsize::new(0));
    let engine = FakeEngine::scripted(move |request| match request {
        request if is_live(request) => match count.fetch_add(1, Ordering::Relaxed) {
            0 => ended_stream(before.replay(request)),
            _ => open_stream(after.replay(request)),
        },
        request if request.line.contains("/events") => match count.load(Ordering::Relaxed) {
            1 => ended_stream(before.replay(request)),
            _ => ended_stream(after.replay(request)),
        },
        _ => pong(),
    });
    updates_until(&mut monitor(&engine), "z").await
}

#[tokio::test]
async fn lost_event_history_is_a_gap() {
    let updates = updates_across_reconnect(&History::new([(100, "a")]), &History::new([(100, "z")])).await;
    assert_eq!(updates, ["connected", "a", "disconnected", "connected", "Forgotten 100-100", "z"]);
}

#[tokio::test]
async fn event_history_overflow_is_a_gap() {
    for (more, gap) in [(62, false), (63, true)] {
        let others = (0..more).map(|number| (101, format!("x{number}")));
        let after = History::new([(100, "a".to_owned())].into_iter().chain(others).chain([(101, "z".to_owned())]));
        let updates =
            updates_across_reconnect(&History::new([(100, "a")]), &History { limit: Some(64), ..after }).await;
        assert_eq!(updates[..4], ["connected", "a", "disconnected", "connected"]);
        assert_eq!(updates.contains(&"Overflow 100-101".to_owned()), gap, "{updates:?}");
        assert_eq!(updates.len(), 4 + usize::from(gap) + more + 1, "events that the engine still has are reported");
    }
}

#[tokio::test]
async fn events_out_of_order_are_reported_once() {
    let after = History::new([(99, "p"), (100, "c"), (100, "a"), (100, "b"), (99, "late"), (100, "b"), (100, "z")]);
    let updates = updates_across_reconnect(&History::new([(100, "a"), (100, "b")]), &after).await;
    assert_eq!(updates, ["connected", "a", "b", "disconnected", "connected", "c", "late", "b", "z"]);
}

#[tokio::test]
async fn repeated_event_with_nanoseconds_is_reported_once() {
    let history = History { has_nanoseconds: true, ..History::new([(100, "a"), (100, "b"), (100, "z")]) };
    let twice = history.clone();
    let engine = with_history(&history, move |_, request| {
        let events = twice.replay(request);
        let (a, rest) = events.split_at(events.find('}').unwrap() + 1);
        open_stream(format!("{a}{a}{rest}"))
    });
    assert_eq!(updates_until(&mut monitor(&engine), "z").await, ["connected", "a", "b", "z"]);
}

#[tokio::test]
async fn clock_jump_loses_no_event() {
    let before = History::new([(99, "p"), (150, "a")]);
    for jump in [
        vec![(101, "x"), (102, "z")],
        vec![(5000, "x"), (102, "z")],
        vec![(7, "x"), (160, "z")],
        vec![(150, "x"), (150, "z")],
    ] {
        let after = History::new([(99, "p"), (150, "a")].into_iter().chain(jump.clone()));
        let updates = updates_across_reconnect(&before, &after).await;
        assert_eq!(updates, ["connected", "a", "disconnected", "connected", "x", "z"], "{jump:?}");
    }
}

/// Podman keeps its events across restarts, and returns the oldest of them, or none, if the requested end has passed.
#[tokio::test]
async fn reconnecting_to_podman_returns_no_old_events() {
    for stops_after in 0..3 {
        for count in [3, 3000] {
            let old = (0..count).map(|number| (number * 99 / count, format!("old{number}")));
            let log = |new: &[(i64, &str)]| {
                let new = new.iter().map(|(second, id)| (*second, (*id).to_owned()));
                History {
                    has_nanoseconds: true,
                    stops_after: Some(stops_after),
                    ..History::new(old.clone().chain(new))
                }
            };
            let updates =
                updates_across_reconnect(&log(&[(100, "a")]), &log(&[(100, "a"), (100, "b"), (101, "z")])).await;
            assert_eq!(updates, ["connected", "a", "disconnected", "connected", "b", "z"], "{stops_after} of {count}");
            let updates = updates_across_reconnect(&log(&[]), &log(&[(101, "z")])).await;
            assert_eq!(updates, ["connected", "disconnected", "connected", "z"], "{stops_after} of {count}");
        }
    }
}

#[tokio::test]
async fn restart_with_clock_set_back_is_a_gap() {
    let updates = updates_across_reconnect(&History::new([(150, "a")]), &History::new([(90, "x"), (91, "z")])).await;
    assert_eq!(updates, ["connected", "a", "disconnected", "connected", "Forgotten 150-90", "x", "z"]);
}

#[tokio::test]
async fn event_during_failed_first_attempt_is_reported() {
    let history = History::new([(99, "p")]);
    let (replay, was_rejected) = (history.clone(), AtomicBool::new(false));
    let engine = with_history(&history, move |_, request| {
        if !was_rejected.swap(true, Ordering::Relaxed) {
            replay.add(100, "z");
            return Response::text(500, "not yet\n");
        }
        open_stream(replay.replay(request))
    });
    assert_eq!(updates_until(&mut monitor(&engine), "z").await, ["disconnected", "connected", "z"]);
}

#[tokio::test]
async fn restart_before_the_first_event_is_detected() {
    let before = History::new([(50, "p")]);
    let updates = updates_across_reconnect(&before, &History::new([(50, "p"), (100, "z")])).await;
    assert_eq!(updates, ["connected", "disconnected", "connected", "z"]);
    let updates = updates_across_reconnect(
        &before,
        &History::new([(60, "of another life, whose clock was set back"), (100, "z")]),
    )
    .await;
    assert_eq!(updates, ["connected", "disconnected", "connected", "Forgotten 100-100", "z"]);
}

#[tokio::test]
async fn errors_are_reported_and_retried() {
    let history = History::new([(100, "z")]);
    let replay = history.clone();
    let engine = with_history(&history, move |count, request| match count {
        0 => Response::text(500, "not yet\n"),
        1 => Response::raw("garbage\r\n\r\n").then_close(),
        2 => ended_stream("garbage"),
        3 => Response::raw("").then_close(),
        _ => open_stream(replay.replay(request)),
    });
    engine.kill();
    let mut monitor = monitor(&engine);
    assert!(matches!(monitor.next().await, Some(EventUpdate::Disconnected { error, .. }) if error.is_connect()));
    engine.start();
    let updates = updates_until(&mut monitor, "z").await;
    assert!(updates.iter().filter(|update| *update == "disconnected").count() >= 4, "{updates:?}");
    assert_eq!(updates.last().map(String::as_str), Some("z"));
}

#[tokio::test]
async fn permanent_error_ends_the_monitor() {
    let engine = with_history(&History::default(), |_, _| Response::text(400, "invalid filter\n"));
    let updates = updates_until(&mut monitor(&engine), "z").await;
    assert_eq!(updates, ["gave up: failed to read events: invalid filter (400)"]);
    let docker = engine.client("1.15");
    let mut monitor = docker.events().action("die").monitor();
    assert!(matches!(monitor.next().await, Some(EventUpdate::Disconnected { retry_in: None, .. })));
    assert!(monitor.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn retry_delays_grow_and_attempts_are_limited() {
    let connect = || async { Err::<DuplexStream, _>(io::Error::from(io::ErrorKind::ConnectionRefused)) };
    let docker = DockerClient::builder().connector(connect).api_version(ApiVersion::new(1, 18)).build().unwrap();
    let policy = RetryPolicy::default().longest(Duration::from_millis(1000)).attempts(6).random(|| 1.0);
    let began = tokio::time::Instant::now();
    let mut monitor = docker.monitor_events().retry(policy);
    let mut waits = Vec::new();
    while let Some(EventUpdate::Disconnected { error, retry_in }) = monitor.next().await {
        assert!(error.is_connect());
        waits.push(retry_in.map(|wait| wait.as_millis()));
    }
    assert_eq!(waits, [Some(100), Some(200), Some(400), Some(800), Some(1000), Some(1000), None]);
    assert_eq!(began.elapsed().as_millis(), 3500, "the delays are those that were reported");
}

#[tokio::test]
async fn retry_delays_grow_if_connections_yield_only_repeats() {
    let history = History::new([(100, "a")]);
    let replay = history.clone();
    let engine = with_history(&history, move |_, request| ended_stream(replay.replay(request)));
    let policy = RetryPolicy::default().first(Duration::from_millis(1)).longest(Duration::from_millis(8));
    let monitor = engine.client("1.18").monitor_events().retry(policy.random(|| 1.0));
    let waits = monitor.filter_map(|update| {
        std::future::ready(match update {
            EventUpdate::Disconnected { retry_in, .. } => retry_in.map(|wait| wait.as_millis()),
            _ => None,
        })
    });
    assert_eq!(waits.take(6).collect::<Vec<_>>().await, [1, 2, 4, 8, 8, 8]);
}

#[tokio::test(start_paused = true)]
async fn stalled_connection_that_misses_events_is_detected() {
    let history = History::new([(99, "p"), (100, "a"), (100, "z")]);
    let replay = history.clone();
    let engine = with_history(&history, move |count, request| match count {
        // The first connection sends one event and then stalls.
        0 => open_stream(r#"{"status":"start","id":"a","from":"b","time":100}"#),
        _ => open_stream(replay.replay(request)),
    });
    let mut monitor = monitor(&engine);
    let mut updates = Vec::new();
    while updates.last().map(String::as_str) != Some("z") {
        match monitor.next().await.unwrap() {
            EventUpdate::Event(event) => updates.push(event.id),
            EventUpdate::Disconnected { error, .. } => updates.push(error.to_string()),
            _ => {}
        }
    }
    assert_eq!(updates, ["a", "failed to read events: the event stream stalled: the engine has newer events", "z"]);
}

#[tokio::test(start_paused = true)]
async fn dropped_events_are_a_gap_at_the_next_idle_check() {
    let history = History::new((0..100).map(|number| (100, format!("x{number}"))));
    let whole = history.clone();
    let engine = with_history(&history, move |_, request| {
        let events = whole.replay(request);
        let kept = events.split_inclusive('}').filter(|event| !event.contains(r#""x7"#));
        open_stream(kept.collect::<String>())
    });
    let monitor = monitor(&engine);
    let updates: Vec<String> = monitor.take(1 + 89 + 1).map(describe).collect().await;
    assert_eq!(updates.last().unwrap(), "Dropped 100-100", "{updates:?}");
}

#[tokio::test(start_paused = true)]
async fn idle_connection_is_kept_if_no_event_was_missed() {
    let history = History::new([(99, "p"), (100, "a")]);
    let replay = history.clone();
    let engine = with_history(&history, move |_, request| open_stream(replay.replay(request)));
    let mut monitor = monitor(&engine);
    assert_eq!(updates_until(&mut monitor, "a").await, ["connected", "a"]);
    let more = tokio::time::timeout(Duration::from_secs(600), monitor.next()).await;
    assert!(more.is_err(), "{more:?}");
    assert!(engine.request_lines().matches("until").count() > 3, "it is checked repeatedly");
    assert_eq!(engine.requests().iter().filter(|request| is_live(request)).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn connect_attempt_without_response_is_retried() {
    let history = History::new([(100, "z")]);
    let replay = history.clone();
    let engine = with_history(&history, move |count, request| match count {
        0 => Response::raw("").then_stall(),
        _ => open_stream(replay.replay(request)),
    });
    let monitor = monitor(&engine);
    let updates: Vec<EventUpdate> = monitor.take(2).collect().await;
    assert!(matches!(&updates[0], EventUpdate::Disconnected { error, .. } if error.is_timeout()), "{updates:?}");
    assert!(matches!(updates[1], EventUpdate::Connected), "{updates:?}");
}

#[tokio::test(start_paused = true)]
async fn headers_sent_with_the_first_event_are_awaited() {
    let engine = with_history(&History::default(), |_, _| Response::raw("").then_stall());
    let mut monitor = monitor(&engine);
    let updates = tokio::time::timeout(Duration::from_secs(1000), monitor.next()).await;
    assert!(updates.is_err(), "{updates:?}");
    assert!(engine.request_lines().matches("until").count() > 1, "it is checked whether there was one");
}

#[tokio::test(start_paused = true)]
async fn unresponsive_engine_is_detected() {
    let (history, dead) = (History::new([(99, "p"), (100, "a")]), Arc::new(AtomicBool::new(false)));
    let engine = {
        let (history, dead) = (history.clone(), Arc::clone(&dead));
        FakeEngine::scripted(move |request| match request {
            _ if dead.load(Ordering::Relaxed) => Response::raw("").then_stall(),
            request if is_live(request) => open_stream(history.replay(request)),
            request if request.line.contains("/events") => ended_stream(history.replay(request)),
            _ => pong(),
        })
    };
    let mut monitor = monitor(&engine);
    assert_eq!(updates_until(&mut monitor, "a").await, ["connected", "a"]);
    dead.store(true, Ordering::Relaxed);
    assert!(matches!(monitor.next().await, Some(EventUpdate::Disconnected { error, .. }) if error.is_timeout()));
    dead.store(false, Ordering::Relaxed);
    history.add(100, "z");
    let updates = updates_until(&mut monitor, "z").await;
    assert_eq!(updates[updates.len() - 2..], ["connected", "z"]);
}

#[tokio::test]
async fn event_burst_is_complete_and_in_order() {
    for slow in [false, true] {
        let history = History { limit: Some(64), ..History::new((0..5000).map(|id| (100, id.to_string()))) };
        let burst = History { limit: None, ..history.clone() };
        let engine = with_history(&history, move |_, request| open_stream(burst.replay(request)));
        let mut monitor = monitor(&engine);
        assert!(matches!(monitor.next().await, Some(EventUpdate::Connected)));
        for id in 0..5000 {
            let Some(EventUpdate::Event(event)) = monitor.next().await else { panic!("no event {id}") };
            assert_eq!(event.id, id.to_string());
            if slow && id % 100 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    }
}

#[tokio::test]
async fn event_monitor_ends_at_until_and_not_earlier() {
    let at = |second| Timestamp::from_unix_seconds(second).unwrap();
    let history = History::new([(100, "a")]);
    let replay = history.clone();
    let engine = with_history(&history, |_, _| unreachable!("all requests have an end"));
    let docker = engine.client("1.18");
    let updates: Vec<String> = docker.events().until(at(100)).monitor().map(describe).collect().await;
    assert_eq!(updates, ["connected", "a"]);
    let mut cut_short = docker.events().until(at(9999)).monitor().retry(retry_quickly());
    assert_eq!(updates_until(&mut cut_short, "disconnected").await, ["connected", "a", "disconnected"]);
    drop(replay);
}

#[tokio::test]
async fn dropped_event_monitor_closes_its_connection() {
    let engine = with_history(&History::default(), |_, _| open_stream(""));
    let mut monitor = monitor(&engine);
    assert!(matches!(monitor.next().await, Some(EventUpdate::Connected)));
    drop(monitor);
    engine.all_connections_closed().await;
}
