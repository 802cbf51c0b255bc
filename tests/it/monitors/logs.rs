//! The monitor of a container's output.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use dockerclient::{
    containers::LogsOptions,
    monitor::{LogMonitor, LogUpdate},
};
use futures_util::StreamExt as _;

use super::{at_once, containers::event, end, go_on, head, is_live, pong, quiet};
use dockerclient_testkit::{Engine, Reply, Request, frame};

/// Lines of a log with their times, a second apart.
fn log(lines: impl IntoIterator<Item = u32>) -> Vec<u8> {
    let line = |number| frame(1, format!("2026-11-23T21:00:{number:02}.5Z line {number}\n").as_bytes());
    lines.into_iter().flat_map(line).collect()
}

/// An answer that begins as all do.
fn written(log: impl AsRef<[u8]>) -> Reply {
    Reply::raw([head().as_bytes(), log.as_ref()].concat())
}

fn running() -> Reply {
    Reply::json(200, r#"{"Id":"f43c","State":{"Running":true}}"#)
}

fn stopped() -> Reply {
    Reply::json(200, r#"{"Id":"f43c","State":{"Running":false}}"#)
}

fn gone() -> Reply {
    Reply::text(404, "No such container: f43c\n")
}

fn is_inspect(request: &Request) -> bool {
    request.line.starts_with("GET /v1.18/containers/") && request.line.ends_with("/json")
}

fn word(update: LogUpdate) -> String {
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

fn monitor(engine: &Engine, options: &LogsOptions) -> LogMonitor {
    engine.client("1.18").container("web").monitor_logs(options).retry(at_once())
}

/// What a monitor of logs tells to its end, but for connections.
async fn lines_told(engine: &Engine) -> Vec<String> {
    let told: Vec<String> = monitor(engine, &LogsOptions::default()).map(word).collect().await;
    told.into_iter().filter(|word| !word.contains("connected")).collect()
}

async fn told_until(monitor: &mut LogMonitor, last: &str) -> Vec<String> {
    let mut told = Vec::new();
    while told.last().is_none_or(|told| told != last) {
        let Some(update) = monitor.next().await else { break };
        told.push(word(update));
    }
    told
}

/// An engine whose container's log is `logs`, one after the other, and which then is gone.
fn logging(logs: Vec<Vec<u8>>) -> Engine {
    let (opened, count) = (AtomicUsize::new(0), logs.len());
    quiet(move |request| match request {
        request if is_inspect(request) && opened.load(Ordering::Relaxed) < count => running(),
        request if is_inspect(request) => gone(),
        _ => written(&logs[opened.fetch_add(1, Ordering::Relaxed).min(count - 1)]).then_hang_up(),
    })
}

#[tokio::test]
async fn a_log_that_breaks_at_any_byte_loses_and_repeats_no_line() {
    let whole = log(0..4);
    for cut in 0..=whole.len() {
        let engine = logging(vec![whole[..cut].to_vec(), whole.clone()]);
        let told = lines_told(&engine).await;
        assert_eq!(told, ["line 0", "line 1", "line 2", "line 3"], "cut at {cut}");
    }
}

#[tokio::test]
async fn a_log_that_was_cut_leaves_a_gap() {
    let engine = logging(vec![[log(0..3), vec![1, 0]].concat(), log(5..7)]);
    assert_eq!(lines_told(&engine).await, ["line 0", "line 1", "line 2", "gap: Overflow", "line 5", "line 6"]);
}

#[tokio::test]
async fn nothing_is_lost_where_only_the_last_lines_are_wanted() {
    let engine = logging(vec![vec![1], log(0..60)]);
    // By the clock of this engine, all of it was written later than the monitor began.
    let told: Vec<String> = monitor(&engine, &LogsOptions::default().tail(0)).map(word).collect().await;
    assert!(told.contains(&"line 0".to_owned()) && told.contains(&"line 59".to_owned()), "{told:?}");
    let lines = engine.lines();
    let tails: Vec<&str> = lines.lines().filter_map(|line| line.split("tail=").nth(1)?.split('&').next()).collect();
    assert_eq!(tails, ["0", "all"]);
}

/// An engine whose container runs twice, and is removed then. What happens is told to those who listen.
#[tokio::test]
async fn a_container_is_followed_across_its_runs_to_its_end() {
    let inspected = AtomicUsize::new(0);
    let opened = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&opened);
    let listened = AtomicUsize::new(0);
    let engine = Engine::answering(move |request| match request {
        // Events that are told with the connection come in time for the container that does not run.
        request if is_live(request) => match listened.fetch_add(1, Ordering::Relaxed) {
            0 => Reply::text(500, "not yet\n"),
            _ => go_on(event("start", "f43c")),
        },
        request if request.line.contains("/events") => end(""),
        request if is_inspect(request) => match inspected.fetch_add(1, Ordering::Relaxed) {
            // Twice an opening, once an end.
            0 | 1 => running(),
            2 => stopped(),
            3 | 4 => running(),
            _ => gone(),
        },
        request if request.line.contains("/logs") => match count.fetch_add(1, Ordering::Relaxed) {
            0 => written(log(0..2)).then_hang_up(),
            _ => written(log(0..4)).then_hang_up(),
        },
        _ => pong(),
    });
    let policy = at_once().first(std::time::Duration::from_millis(50)).longest(std::time::Duration::from_millis(50));
    let monitor = engine.client("1.18").container("web").monitor_logs(&LogsOptions::default()).retry(policy);
    let told: Vec<String> = monitor.map(word).filter(|word| std::future::ready(!word.contains("disc"))).collect().await;
    let lines: Vec<&String> = told.iter().filter(|word| word.starts_with("line")).collect();
    assert_eq!(lines, ["line 0", "line 1", "line 2", "line 3"], "{told:?}");
    assert!(engine.lines().contains("/containers/f43c/logs"), "its name may go to another");
}

#[tokio::test(start_paused = true)]
async fn a_log_goes_on_after_its_engine_was_gone() {
    let more = Arc::new(AtomicBool::new(false));
    let written_more = Arc::clone(&more);
    let engine = quiet(move |request| match request {
        request if is_inspect(request) => running(),
        _ if written_more.load(Ordering::Relaxed) => written(log(0..4)).then_say_nothing_more(),
        _ => written(log(0..2)).then_say_nothing_more(),
    });
    let mut monitor = monitor(&engine, &LogsOptions::default());
    assert_eq!(told_until(&mut monitor, "line 1").await, ["connected", "line 0", "line 1"]);
    engine.kill();
    assert_eq!(told_until(&mut monitor, "disconnected").await, ["disconnected"]);
    more.store(true, Ordering::Relaxed);
    engine.start();
    let told = told_until(&mut monitor, "line 3").await;
    assert_eq!(told[told.len() - 3..], ["connected", "line 2", "line 3"], "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_log_that_goes_on_elsewhere_is_opened_again_and_one_that_is_quiet_is_not() {
    let opened = AtomicUsize::new(0);
    let more = Arc::new(AtomicBool::new(false));
    let written_more = Arc::clone(&more);
    let engine = quiet(move |request| match request {
        request if is_inspect(request) => running(),
        request if request.line.contains("tail=1") => match written_more.load(Ordering::Relaxed) {
            true => written(log(2..3)).then_hang_up(),
            false => written(log(1..2)).then_hang_up(),
        },
        _ => match opened.fetch_add(1, Ordering::Relaxed) {
            0 => written(log(0..2)).then_say_nothing_more(),
            _ => written(log(0..3)).then_say_nothing_more(),
        },
    });
    let mut monitor = monitor(&engine, &LogsOptions::default());
    assert_eq!(told_until(&mut monitor, "line 1").await, ["connected", "line 0", "line 1"]);
    let quiet = tokio::time::timeout(std::time::Duration::from_secs(600), monitor.next()).await;
    assert!(quiet.is_err(), "{quiet:?}");
    assert!(engine.lines().matches("tail=1").count() > 5, "it was asked");
    more.store(true, Ordering::Relaxed);
    assert_eq!(told_until(&mut monitor, "line 2").await, ["disconnected", "connected", "line 2"]);
}

#[tokio::test]
async fn a_container_that_is_not_there_is_told() {
    let engine = quiet(|_| gone());
    let told: Vec<String> = monitor(&engine, &LogsOptions::default()).map(word).collect().await;
    assert_eq!(told, ["gave up: container logs: engine said 404: No such container: f43c"]);
}
