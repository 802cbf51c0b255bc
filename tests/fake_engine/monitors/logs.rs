//! The log monitor.

use std::{
    future::ready,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use dockerclient::{
    DockerClient,
    monitor::{LogMonitor, LogUpdate, RetryPolicy},
};
use futures_util::{FutureExt as _, StreamExt as _};
use tokio::{sync::broadcast, time::Instant};

use super::{containers::event, is_live, response_head, retry_quickly, with_events, without_events};
use dockerclient_testkit::{FakeEngine, Request, Response, frame};

/// Log lines with timestamps that are a second apart.
fn log(lines: impl IntoIterator<Item = u32>) -> Vec<u8> {
    let line = |number| frame(1, format!("2026-11-23T21:00:{number:02}.5Z line {number}\n").as_bytes());
    lines.into_iter().flat_map(line).collect()
}

/// A response with `log`, from an engine whose clock is an hour ahead of it.
fn log_response(log: impl AsRef<[u8]>) -> Response {
    let response_head = "HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 22:00:00 GMT\r\nConnection: close\r\n\r\n";
    Response::raw([response_head.as_bytes(), log.as_ref()].concat())
}

fn running() -> Response {
    Response::json(200, r#"{"Id":"f43c","State":{"Running":true}}"#)
}

fn stopped() -> Response {
    Response::json(200, r#"{"Id":"f43c","State":{"Running":false}}"#)
}

fn gone() -> Response {
    Response::text(404, "No such container: f43c\n")
}

fn is_inspect(request: &Request) -> bool {
    request.line.contains("/containers/") && request.line.ends_with("/json")
}

fn describe(update: LogUpdate) -> String {
    match update {
        LogUpdate::Connected => "connected".to_owned(),
        LogUpdate::Line(line) => line.text().into_owned(),
        LogUpdate::Gap(gap) => format!("gap: {:?}", gap.reason),
        LogUpdate::Stopped => "stopped".to_owned(),
        LogUpdate::Disconnected { retry_in: Some(_), .. } => "disconnected".to_owned(),
        LogUpdate::Disconnected { error, retry_in: None } => format!("gave up: {error}"),
        other => panic!("{other:?}"),
    }
}

fn monitor(engine: &FakeEngine) -> LogMonitor {
    engine.client("1.18").container("web").monitor_logs().retry(retry_quickly())
}

/// Descriptions of all updates of a log monitor, except those about connections.
async fn all_updates(engine: &FakeEngine) -> Vec<String> {
    let updates: Vec<String> = monitor(engine).map(describe).collect().await;
    updates.into_iter().filter(|word| !word.contains("connected")).collect()
}

async fn updates_until(monitor: &mut LogMonitor, last: &str) -> Vec<String> {
    let mut updates = Vec::new();
    while updates.last().is_none_or(|update| update != last) {
        let Some(update) = monitor.next().await else { break };
        updates.push(describe(update));
    }
    updates
}

/// An engine with a container that has each of `logs` in turn as its log, and is then removed.
fn with_logs(logs: Vec<Vec<u8>>) -> FakeEngine {
    let (opened, count) = (AtomicUsize::new(0), logs.len());
    without_events(move |request| match request {
        request if is_inspect(request) && opened.load(Ordering::Relaxed) < count => running(),
        request if is_inspect(request) => gone(),
        _ => log_response(&logs[opened.fetch_add(1, Ordering::Relaxed).min(count - 1)]).then_close(),
    })
}

#[tokio::test]
async fn reconnect_at_any_byte_loses_and_repeats_no_line() {
    let whole = log(0..4);
    for cut in 0..=whole.len() {
        let engine = with_logs(vec![whole[..cut].to_vec(), whole.clone()]);
        let updates = all_updates(&engine).await;
        assert_eq!(updates, ["line 0", "line 1", "line 2", "line 3"], "cut at {cut}");
    }
}

#[tokio::test]
async fn log_without_the_last_line_is_a_gap() {
    let engine = with_logs(vec![[log(0..3), vec![1, 0]].concat(), log(5..7)]);
    assert_eq!(all_updates(&engine).await, ["line 0", "line 1", "line 2", "gap: Overflow", "line 5", "line 6"]);
}

#[tokio::test]
async fn tail_does_not_lose_lines_on_reconnect() {
    let engine = with_logs(vec![vec![1], log(0..60)]);
    // By the clock of this engine, all lines were written after the monitor was started.
    let updates: Vec<String> = monitor(&engine).tail(0).map(describe).collect().await;
    assert!(updates.contains(&"line 0".to_owned()) && updates.contains(&"line 59".to_owned()), "{updates:?}");
    let lines = engine.request_lines();
    let tails: Vec<&str> = lines.lines().filter_map(|line| line.split("tail=").nth(1)?.split('&').next()).collect();
    assert_eq!(tails, ["0", "all"]);
}

#[tokio::test(start_paused = true)]
async fn tail_does_not_apply_again_to_a_log_that_was_empty() {
    for is_running in [false, true] {
        let written = Arc::new(AtomicBool::new(false));
        let is_written = Arc::clone(&written);
        let engine = without_events(move |request| match request {
            request if is_inspect(request) && is_running => running(),
            request if is_inspect(request) => stopped(),
            request if is_written.load(Ordering::Relaxed) => {
                let first = if request.query("tail").as_deref() == Some("1") { 2 } else { 0 };
                log_response(log(first..3)).then_close()
            }
            request if is_running && request.query("follow").is_some() => log_response("").then_stall(),
            _ => log_response("").then_close(),
        });
        let monitor = || engine.client("1.41").container("web").monitor_logs().tail(1).retry(retry_quickly());
        let mut first = monitor();
        assert_eq!(first.next().await.map(describe).unwrap(), "connected");
        assert!(first.bookmark().is_none(), "the log is not known to be empty");
        // The log ends, or is checked.
        let _ = tokio::time::timeout(Duration::from_secs(600), updates_until(&mut first, "stopped")).await;
        written.store(true, Ordering::Relaxed);
        let mut second = monitor().resume(first.bookmark());
        assert_eq!(updates_until(&mut second, "line 2").await, ["connected", "line 0", "line 1", "line 2"]);
    }
}

/// The parameter `since` of each request for logs, in order.
fn since(engine: &FakeEngine) -> Vec<Option<String>> {
    let requests = engine.requests();
    let logs = requests.iter().filter(|request| request.line.contains("/logs") && !request.line.contains("tail=1"));
    logs.map(|request| request.query("since")).collect()
}

#[tokio::test]
async fn logs_are_followed_across_restarts_until_removal() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let create = docker.containers().create("busybox").cmd(["sh", "-c", "echo one; echo two"]);
    let created = create.name("web").await.unwrap();
    let mut monitor = docker.container("web").monitor_logs();
    for run in 0..3 {
        let updates = updates_until(&mut monitor, "stopped").await;
        let lines = if run == 0 { &[][..] } else { &["one", "two"] };
        assert_eq!(updates, [&["connected"], lines, &["stopped"]].concat(), "run {run}");
        created.container.start().await.unwrap();
        created.container.wait().await.unwrap();
    }
    let _ = updates_until(&mut monitor, "stopped").await;
    created.container.remove().await.unwrap();
    assert!(monitor.next().await.is_none());
    assert!(
        engine.request_lines().contains(&format!("/containers/{}/logs", created.container.id())),
        "its name may be reused"
    );
}

/// An engine with a stopped container that sends events from `sender`.
fn with_stopped_container(sender: &broadcast::Sender<String>) -> FakeEngine {
    with_events(sender, |request| if is_inspect(request) { stopped() } else { log_response(log(0..2)).then_close() })
}

#[tokio::test]
async fn log_monitor_ends_when_the_container_is_removed() {
    // Docker's event, and Podman's.
    for removal in ["destroy", "remove"] {
        let sender = broadcast::Sender::new(4);
        let engine = with_stopped_container(&sender);
        let mut monitor = monitor(&engine);
        assert_eq!(updates_until(&mut monitor, "stopped").await, ["connected", "line 0", "line 1", "stopped"]);
        for event in [event(removal, "other"), event("die", "f43c"), event(removal, "f43c")] {
            sender.send(event).unwrap();
        }
        assert!(monitor.next().await.is_none(), "{removal}");
    }
}

#[tokio::test]
async fn monitors_of_stopped_containers_share_an_event_stream() {
    let sender = broadcast::Sender::new(4);
    let engine = with_events(&sender, |request| match request {
        request if request.line.ends_with("/json") => {
            let id = request.line.split('/').nth(3).unwrap();
            Response::json(200, &format!(r#"{{"Id":"{id}","State":{{"Running":false}}}}"#))
        }
        _ => log_response(log(0..1)).then_close(),
    });
    let docker = engine.client("1.41");
    let monitor = |id: usize| docker.container(format!("c{id}")).monitor_logs().retry(retry_quickly());
    let mut monitors: Vec<LogMonitor> = (0..20).map(monitor).collect();
    for monitor in &mut monitors {
        assert_eq!(updates_until(monitor, "stopped").await, ["connected", "line 0", "stopped"]);
        assert!(monitor.next().now_or_never().is_none());
    }
    assert_eq!(engine.requests().iter().filter(|request| is_live(request)).count(), 1);
    // A monitor that is not polled does not block the others, regardless of their order.
    for id in [0, 10, 19] {
        sender.send(event("destroy", &format!("c{id}"))).unwrap();
        assert!(monitors[id].next().await.is_none(), "{id}");
    }
    drop((monitors, docker));
    engine.all_connections_closed().await;
}

#[tokio::test(start_paused = true)]
async fn lost_event_stream_is_reported_before_the_delay() {
    let engine = with_stopped_container(&broadcast::Sender::new(1));
    let policy = RetryPolicy::default().first(Duration::from_secs(1000)).longest(Duration::from_secs(1000));
    let mut monitor = monitor(&engine).retry(policy);
    let _ = updates_until(&mut monitor, "stopped").await;
    let began = Instant::now();
    engine.kill();
    assert_eq!(monitor.next().await.map(describe).unwrap(), "disconnected");
    assert_eq!(began.elapsed(), Duration::ZERO);
    engine.start();
    assert_eq!(updates_until(&mut monitor, "stopped").await, ["connected", "stopped"], "and the log is read again");
}

#[tokio::test]
async fn reconnecting_requests_logs_since_the_last_line() {
    for (version, want) in [("1.18", None), ("1.19", Some("1795467602")), ("1.41", Some("1795467602.000000000"))] {
        let count = AtomicUsize::new(0);
        let engine = without_events(move |request| match request {
            request if request.line.ends_with("/json") => running(),
            // The second response is that of engines that support `since`, or that of those that do not.
            request => match (count.fetch_add(1, Ordering::Relaxed), request.query("since")) {
                (0, _) => log_response([log(0..4), vec![1]].concat()).then_close(),
                (_, None) => log_response(log(0..6)).then_stall(),
                (_, Some(_)) => log_response(log(2..6)).then_stall(),
            },
        });
        let container = engine.client(version).container("web");
        let mut monitor = container.monitor_logs().retry(retry_quickly());
        let updates = updates_until(&mut monitor, "line 5").await;
        let lines: Vec<_> = (0..6).map(|number| format!("line {number}")).collect();
        assert_eq!(
            updates.iter().filter(|word| word.starts_with("line")).collect::<Vec<_>>(),
            lines.iter().collect::<Vec<_>>()
        );
        assert!(!updates.iter().any(|word| word.contains("gap")), "{updates:?}");
        assert_eq!(since(&engine), [None, want.map(str::to_owned)], "at {version}");
    }
}

#[tokio::test]
async fn unfinished_line_is_kept_while_the_log_is_read_again() {
    let opened = AtomicUsize::new(0);
    let begun = [frame(2, b"2026-11-23T21:00:05.5Z begun"), log(9..10)].concat();
    let engine = without_events(move |request| match request {
        request if is_inspect(request) => running(),
        _ => match opened.fetch_add(1, Ordering::Relaxed) {
            0 => log_response(&begun).then_stall(),
            // The beginning of the line is not read again.
            1 => log_response("").then_stall(),
            2 => log_response([1_u8]).then_close(),
            _ => log_response([&begun[..], &frame(2, b"2026-11-23T21:00:10.5Z -ended\n")[..]].concat()).then_stall(),
        },
    });
    let monitor = || engine.client("1.41").container("web").monitor_logs().retry(retry_quickly());
    let mut first = monitor();
    assert_eq!(updates_until(&mut first, "line 9").await, ["connected", "line 9"]);
    let mut second = monitor().resume(first.bookmark());
    assert_eq!(updates_until(&mut second, "connected").await, ["connected"]);
    assert_eq!(second.bookmark(), first.bookmark());
    let mut third = monitor().resume(second.bookmark());
    let want = ["connected", "disconnected", "connected", "begun-ended"];
    assert_eq!(updates_until(&mut third, "begun-ended").await, want);
    let again = Some("1795467604.000000000".to_owned());
    assert_eq!(since(&engine), [None, again.clone(), again.clone(), again]);
}

#[tokio::test]
async fn since_applies_to_the_first_connection() {
    let engine = with_logs(vec![[log(3..5), vec![1]].concat(), [log(3..6), vec![1]].concat(), log(4..6)]);
    let docker = engine.client("1.41");
    let begin = "2026-11-23T21:00:03Z".parse().unwrap();
    let monitor = docker.container("web").monitor_logs().since(begin).retry(retry_quickly());
    let updates: Vec<String> = monitor.map(describe).filter(|word| ready(word.starts_with("line"))).collect().await;
    assert_eq!(updates, ["line 3", "line 4", "line 5"]);
    let want = ["1795467603.000000000", "1795467603.000000000", "1795467604.000000000"];
    assert_eq!(since(&engine)[..3], want.map(|since| Some(since.to_owned())));
}

#[tokio::test]
async fn clock_set_back_loses_no_lines() {
    let count = AtomicUsize::new(0);
    let engine = without_events(move |request| match request {
        request if request.line.ends_with("/json") => running(),
        // From now on, the clock of this engine is in 1970.
        request => match (count.fetch_add(1, Ordering::Relaxed), request.query("since")) {
            (0, _) => log_response([log(0..2), vec![1]].concat()).then_close(),
            (_, Some(_)) => Response::raw(response_head()).then_stall(),
            (_, None) => log_response([log(0..2), frame(1, b"1970-01-01T00:01:41Z new\n")].concat()).then_stall(),
        },
    });
    let mut monitor = engine.client("1.41").container("web").monitor_logs().retry(retry_quickly());
    let updates = updates_until(&mut monitor, "new").await;
    assert_eq!(updates, ["connected", "line 0", "line 1", "disconnected", "connected", "new"]);
}

/// The lines of Docker 1.5 and 1.6: first when followed, then from the stored log.
#[tokio::test]
async fn followed_and_stored_lines_of_old_engines_are_recognized() {
    let docker_1_5 = (
        "[2026-11-30T01:44:53.155123762Z] line 0\n[2026-11-30T01:44:53.155123762Z] line 1\n",
        "2026-11-30T01:44:53.155123762Z line 0\n2026-11-30T01:44:53.155123762Z line 1\n",
    );
    let docker_1_6 = (
        "2026-11-30T01:45:03.877756349Z line 0\n2026-11-30T01:45:03.877756349Z line 1\n",
        "2026-11-30T01:45:03.877786885Z line 0\n2026-11-30T01:45:03.877789114Z line 1\n",
    );
    for (version, (followed, stored)) in [("1.15", docker_1_5), ("1.17", docker_1_5), ("1.18", docker_1_6)] {
        let frames =
            |text: &str| text.split_inclusive('\n').flat_map(|line| frame(1, line.as_bytes())).collect::<Vec<u8>>();
        let new = frames("2026-11-30T01:45:09.000000001Z line 2\n");
        let logs =
            [[frames(followed), vec![1]].concat(), [frames(stored), vec![1]].concat(), [frames(stored), new].concat()];
        let engine = with_logs(logs.to_vec());
        let monitor = engine.client(version).container("web").monitor_logs().retry(retry_quickly());
        let updates: Vec<String> =
            monitor.map(describe).filter(|word| ready(!word.contains("connected"))).collect().await;
        assert_eq!(updates, ["line 0", "line 1", "line 2"], "at {version}");
    }
}

#[tokio::test]
async fn long_line_is_truncated_and_does_not_block_the_next() {
    let stamped = |text: &str| frame(1, format!("2026-11-23T21:00:00.5Z {text}\n").as_bytes());
    for version in ["1.18", "1.41"] {
        let whole = [stamped(&"x".repeat(1000)), stamped("next")].concat();
        for cut in (0..whole.len()).step_by(50) {
            let engine = with_logs(vec![whole[..cut].to_vec(), whole.clone()]);
            let docker =
                engine.client_with(DockerClient::builder().api_version(version.parse().unwrap()).max_item_size(100));
            let monitor = docker.container("web").monitor_logs().retry(retry_quickly());
            let lines: Vec<_> = monitor
                .filter_map(async |update| match update {
                    LogUpdate::Line(line) => Some((line.bytes.len(), line.truncated)),
                    _ => None,
                })
                .collect()
                .await;
            assert_eq!(lines, [(100, true), (4, false)], "cut at {cut}, at {version}");
        }
    }
}

#[tokio::test]
async fn unreadable_log_driver_ends_the_monitor() {
    let message = r#"{"message":"configured logging driver does not support reading"}"#;
    let engine =
        without_events(move |request| if is_inspect(request) { running() } else { Response::json(501, message) });
    let updates: Vec<String> = monitor(&engine).map(describe).collect().await;
    assert_eq!(
        updates,
        ["gave up: failed to read logs of container web: configured logging driver does not support reading (501)"]
    );
}

#[tokio::test(start_paused = true)]
async fn logs_that_end_at_once_are_requested_with_a_delay() {
    let engine = without_events(|request| if is_inspect(request) { running() } else { log_response("").then_close() });
    let mut monitor = monitor(&engine);
    assert_eq!(updates_until(&mut monitor, "connected").await, ["connected"]);
    assert!(tokio::time::timeout(Duration::from_secs(60), monitor.next()).await.is_err());
    assert!(engine.requests().iter().filter(|request| request.line.contains("/logs")).count() < 150);
}

#[tokio::test(start_paused = true)]
async fn logs_continue_after_the_engine_restarts() {
    let more = Arc::new(AtomicBool::new(false));
    let more_is_written = Arc::clone(&more);
    let engine = without_events(move |request| match request {
        request if is_inspect(request) => running(),
        _ if more_is_written.load(Ordering::Relaxed) => log_response(log(0..4)).then_stall(),
        _ => log_response(log(0..2)).then_stall(),
    });
    let mut monitor = monitor(&engine);
    assert_eq!(updates_until(&mut monitor, "line 1").await, ["connected", "line 0", "line 1"]);
    engine.kill();
    assert_eq!(updates_until(&mut monitor, "disconnected").await, ["disconnected"]);
    more.store(true, Ordering::Relaxed);
    engine.start();
    let updates = updates_until(&mut monitor, "line 3").await;
    assert_eq!(updates[updates.len() - 3..], ["connected", "line 2", "line 3"], "{updates:?}");
}

#[tokio::test(start_paused = true)]
async fn stalled_log_is_reopened_and_idle_log_is_not() {
    let opened = AtomicUsize::new(0);
    let more = Arc::new(AtomicBool::new(false));
    let more_is_written = Arc::clone(&more);
    let engine = without_events(move |request| match request {
        request if is_inspect(request) => running(),
        request if request.line.contains("tail=1") => match more_is_written.load(Ordering::Relaxed) {
            true => log_response(log(2..3)).then_close(),
            false => log_response(log(1..2)).then_close(),
        },
        _ => match opened.fetch_add(1, Ordering::Relaxed) {
            0 => log_response(log(0..2)).then_stall(),
            _ => log_response(log(0..3)).then_stall(),
        },
    });
    let mut monitor = monitor(&engine);
    assert_eq!(updates_until(&mut monitor, "line 1").await, ["connected", "line 0", "line 1"]);
    let next = tokio::time::timeout(Duration::from_secs(600), monitor.next()).await;
    assert!(next.is_err(), "{next:?}");
    assert!(engine.request_lines().matches("tail=1").count() > 5, "it is checked repeatedly");
    more.store(true, Ordering::Relaxed);
    assert_eq!(updates_until(&mut monitor, "line 2").await, ["disconnected", "connected", "line 2"]);
}

/// Docker rejects requests for the log of a container that is being removed.
#[tokio::test]
async fn log_monitor_ends_quietly_while_the_container_is_removed() {
    let opened = AtomicUsize::new(0);
    let engine = without_events(move |request| match request {
        request if is_inspect(request) && opened.load(Ordering::Relaxed) < 4 => running(),
        request if is_inspect(request) => gone(),
        _ if opened.fetch_add(1, Ordering::Relaxed) == 0 => log_response(log(0..1)).then_close(),
        _ => {
            Response::json(409, r#"{"message":"can not get logs from container which is dead or marked for removal"}"#)
        }
    });
    let updates: Vec<String> = monitor(&engine).map(describe).collect().await;
    assert_eq!(updates, ["connected", "line 0"]);
}

#[tokio::test]
async fn missing_container_ends_the_log_monitor() {
    let engine = without_events(|_| gone());
    let updates: Vec<String> = monitor(&engine).map(describe).collect().await;
    assert_eq!(updates, ["gave up: failed to read logs of container web: No such container: f43c (404)"]);
}
