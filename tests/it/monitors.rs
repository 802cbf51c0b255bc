//! Monitors, on engines that break.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use dockerclient::{
    ApiVersion, DockerClient,
    containers::LogsOptions,
    monitor::{self, ContainerUpdate, EventUpdate, Group, LogUpdate, LossyItem, RetryPolicy, StatsUpdate},
    system::EventsOptions,
};
use futures_util::{StreamExt as _, stream};

use crate::engine::{Engine, Reply, Request, frame};

/// When the engine's clock stands still.
const NOW: i64 = 100;

/// An engine that remembers events, each at a second, and whose connections break where they are told to.
#[derive(Clone)]
struct Past(Arc<Mutex<Vec<(i64, String)>>>);

impl Past {
    fn new(events: impl IntoIterator<Item = (i64, &'static str)>) -> Self {
        Self(Arc::new(Mutex::new(events.into_iter().map(|(second, id)| (second, id.to_owned())).collect())))
    }

    fn replay(&self, request: &Request) -> String {
        let parameter = |name: &str| -> Option<i64> {
            let query = request.line.split_once('?')?.1;
            query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))?.parse().ok()
        };
        let (since, until) = (parameter("since").unwrap_or(0), parameter("until").unwrap_or(i64::MAX));
        let events = self.0.lock().unwrap();
        let chosen = events.iter().filter(|(second, _)| (since..=until).contains(second));
        chosen.map(|(second, id)| format!(r#"{{"status":"start","id":"{id}","from":"b","time":{second}}}"#)).collect()
    }
}

fn head() -> String {
    "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:01:40 GMT\r\nConnection: close\r\n\r\n".to_owned()
}

fn pong() -> Reply {
    Reply::raw("HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 1970 00:01:40 GMT\r\nContent-Length: 2\r\n\r\nOK")
}

fn is_live(request: &Request) -> bool {
    request.line.contains("/events") && !request.line.contains("until")
}

/// Tries again at once.
fn at_once() -> RetryPolicy {
    RetryPolicy::default().first(Duration::from_millis(1)).longest(Duration::from_millis(1))
}

/// What a monitor tells until it has told the event `last`.
async fn told_until(engine: &Engine, last: &str) -> Vec<String> {
    let docker = engine.client("1.18");
    let mut monitor = docker.monitor_events(&EventsOptions::default()).retry(at_once());
    let mut told = Vec::new();
    while let Some(update) = monitor.next().await {
        told.push(match update {
            EventUpdate::Connected => "connected".to_owned(),
            EventUpdate::Event(event) => {
                let id = event.id;
                let is_last = id == last;
                told.push(id);
                if is_last {
                    break;
                }
                continue;
            }
            EventUpdate::Gap(gap) => {
                format!("{:?} {}-{}", gap.reason, gap.since.unix_seconds(), gap.until.unix_seconds())
            }
            EventUpdate::Disconnected { retry_in: Some(_), .. } => "disconnected".to_owned(),
            EventUpdate::Disconnected { error, retry_in: None } => format!("gave up: {error}"),
            _ => unreachable!("there is nothing else to tell"),
        });
    }
    told
}

#[tokio::test]
async fn a_connection_that_breaks_at_any_byte_loses_and_repeats_nothing() {
    let events = [(98, "old"), (100, "a"), (100, "b"), (100, "c"), (101, "d")];
    let whole = head().len() + Past::new(events).replay(&live()).len();
    for cut in 0..whole {
        let past = Past::new(events);
        let connections = AtomicUsize::new(0);
        let engine = Engine::answering(move |request| match request {
            request if is_live(request) => {
                let reply = head() + &past.replay(request);
                match connections.fetch_add(1, Ordering::Relaxed) {
                    0 => Reply::raw(&reply.as_bytes()[..cut.min(reply.len())]).then_hang_up(),
                    _ => Reply::raw(reply).then_say_nothing_more(),
                }
            }
            request if request.line.contains("/events") => Reply::raw(head() + &past.replay(request)).then_hang_up(),
            _ => pong(),
        });
        let told = told_until(&engine, "d").await;
        let ids: Vec<&String> = told.iter().filter(|told| told.len() == 1).collect();
        assert_eq!(ids, ["a", "b", "c", "d"], "cut at {cut}: {told:?}");
        assert!(!told.iter().any(|told| told.contains('-')), "cut at {cut}: {told:?}");
    }
}

/// A request for all events from the engine's present second on.
fn live() -> Request {
    Request { line: format!("GET /v1.18/events?since={NOW}"), headers: vec![], body: String::new(), bytes: vec![] }
}

/// An engine whose first connection tells `before`, and that remembers `after` from then on.
fn restarted(before: &'static [(i64, &'static str)], after: Vec<(i64, String)>) -> Engine {
    let (before, after) = (Past::new(before.iter().copied()), Past(Arc::new(Mutex::new(after))));
    let connections = AtomicUsize::new(0);
    Engine::answering(move |request| match request {
        request if is_live(request) => match connections.fetch_add(1, Ordering::Relaxed) {
            0 => Reply::raw(head() + &before.replay(request)).then_hang_up(),
            _ => Reply::raw(head() + &after.replay(request)).then_say_nothing_more(),
        },
        request if request.line.contains("/events") => Reply::raw(head() + &after.replay(request)).then_hang_up(),
        _ => pong(),
    })
}

#[tokio::test]
async fn an_engine_that_forgot_leaves_a_gap() {
    let engine = restarted(&[(100, "a")], vec![(100, "z".into())]);
    assert_eq!(
        told_until(&engine, "z").await,
        ["connected", "a", "disconnected", "connected", "Forgotten 100-100", "z"]
    );
}

#[tokio::test]
async fn an_engine_in_which_too_much_happened_leaves_a_gap() {
    let after = (0..64).map(|count| (101, format!("x{count}"))).chain([(101, "z".into())]).collect();
    let told = told_until(&restarted(&[(100, "a")], after), "z").await;
    assert_eq!(told[..5], ["connected", "a", "disconnected", "connected", "Overflow 100-101"]);
    assert_eq!(told.len(), 5 + 65, "what the engine does remember is told");
}

#[tokio::test]
async fn events_of_the_same_second_and_out_of_order_are_told_once() {
    let after = [(99, "p"), (100, "c"), (100, "a"), (100, "b"), (99, "late"), (100, "z")];
    let after = after.iter().map(|(second, id)| (*second, (*id).to_owned())).collect();
    let told = told_until(&restarted(&[(100, "a"), (100, "b")], after), "z").await;
    assert_eq!(
        told,
        ["connected", "a", "b", "disconnected", "connected", "c", "z"],
        "late is of a second that is over"
    );
}

#[tokio::test]
async fn a_clock_that_is_set_back_hides_nothing() {
    // The last event before the break is of a second that the engine's clock has yet to come to again.
    let engine = restarted(&[(150, "a")], vec![(99, "p".into()), (150, "a".into()), (150, "z".into())]);
    assert_eq!(told_until(&engine, "z").await, ["connected", "a", "disconnected", "connected", "z"]);
}

#[tokio::test]
async fn whatever_stands_in_the_way_is_told_and_tried_again() {
    let past = Past::new([(100, "z")]);
    let attempts = AtomicUsize::new(0);
    let engine = Engine::answering(move |request| match request {
        request if is_live(request) => match attempts.fetch_add(1, Ordering::Relaxed) {
            0 => Reply::text(500, "not yet\n"),
            1 => Reply::raw("garbage\r\n\r\n").then_hang_up(),
            2 => Reply::raw(head() + "garbage").then_hang_up(),
            3 => Reply::raw("").then_hang_up(),
            _ => Reply::raw(head() + &past.replay(request)).then_say_nothing_more(),
        },
        request if request.line.contains("/events") => Reply::raw(head() + &past.replay(request)).then_hang_up(),
        _ => pong(),
    });
    let told = told_until(&engine, "z").await;
    assert_eq!(told.iter().filter(|told| *told == "disconnected").count(), 4, "{told:?}");
    assert_eq!(told.last().map(String::as_str), Some("z"));
}

#[tokio::test]
async fn what_no_retry_mends_ends_the_monitor() {
    let engine = Engine::answering(|request| match &*request.line {
        line if line.contains("/events") => Reply::text(400, "invalid filter\n"),
        _ => pong(),
    });
    assert_eq!(told_until(&engine, "z").await, ["gave up: system events: engine said 400: invalid filter"]);
    let docker = engine.client("1.15");
    let mut monitor = docker.monitor_events(&EventsOptions::default().action("die"));
    assert!(matches!(monitor.next().await, Some(EventUpdate::Disconnected { retry_in: None, .. })));
    assert!(monitor.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn waits_grow_and_attempts_come_to_an_end() {
    let docker =
        DockerClient::builder().address("unix:///nowhere").api_version(ApiVersion::new(1, 18)).build().unwrap();
    let policy = RetryPolicy::default().longest(Duration::from_millis(1000)).attempts(6).random(|| 1.0);
    let began = tokio::time::Instant::now();
    let mut monitor = docker.monitor_events(&EventsOptions::default()).retry(policy);
    let mut waits = Vec::new();
    while let Some(EventUpdate::Disconnected { error, retry_in }) = monitor.next().await {
        assert!(error.is_connect());
        waits.push(retry_in.map(|wait| wait.as_millis()));
    }
    assert_eq!(waits, [Some(100), Some(200), Some(400), Some(800), Some(1000), Some(1000), None]);
    assert_eq!(began.elapsed().as_millis(), 3500, "it waits as long as it says");
}

#[tokio::test]
async fn a_connection_that_goes_on_in_silence_is_found_out() {
    let (past, connections) = (Past::new([(99, "p"), (100, "a"), (100, "z")]), AtomicUsize::new(0));
    let engine = Engine::answering(move |request| match request {
        // The first connection tells one event and dies without a word.
        request if is_live(request) => match connections.fetch_add(1, Ordering::Relaxed) {
            0 => Reply::raw(head() + r#"{"status":"start","id":"a","from":"b","time":100}"#).then_say_nothing_more(),
            _ => Reply::raw(head() + &past.replay(request)).then_say_nothing_more(),
        },
        request if request.line.contains("/events") => Reply::raw(head() + &past.replay(request)).then_hang_up(),
        _ => pong(),
    });
    let docker = engine.client("1.18");
    let mut monitor = docker.monitor_events(&EventsOptions::default());
    monitor = monitor.watchdog(Duration::from_millis(20)).retry(at_once());
    let mut told = Vec::new();
    while told.last().map(String::as_str) != Some("z") {
        match monitor.next().await.unwrap() {
            EventUpdate::Event(event) => told.push(event.id),
            EventUpdate::Disconnected { error, .. } => told.push(error.to_string()),
            _ => {}
        }
    }
    assert_eq!(told, ["a", "the engine went on, and this stream did not", "z"]);
}

#[tokio::test]
async fn an_engine_that_never_answers_is_tried_again() {
    let attempts = AtomicUsize::new(0);
    let engine = Engine::answering(move |request| match request {
        request if is_live(request) && attempts.fetch_add(1, Ordering::Relaxed) == 0 => {
            Reply::raw("").then_say_nothing_more()
        }
        request if is_live(request) => Reply::raw(head()).then_say_nothing_more(),
        _ => pong(),
    });
    let docker = engine.client("1.18");
    let monitor = docker.monitor_events(&EventsOptions::default()).watchdog(Duration::from_millis(50));
    let told: Vec<EventUpdate> = monitor.retry(at_once()).take(2).collect().await;
    assert!(matches!(&told[0], EventUpdate::Disconnected { error, .. } if error.is_timeout()), "{told:?}");
    assert!(matches!(told[1], EventUpdate::Connected), "{told:?}");
}

#[tokio::test]
async fn a_burst_arrives_whole_and_in_order_however_fast_it_is_read() {
    for slow in [false, true] {
        let burst: String =
            (0..5000).map(|id| format!(r#"{{"status":"start","id":"{id}","from":"b","time":100}}"#)).collect();
        let engine = Engine::answering(move |request| match request {
            request if is_live(request) => Reply::raw(head() + &burst).then_say_nothing_more(),
            _ => pong(),
        });
        let mut monitor = engine.client("1.18").monitor_events(&EventsOptions::default());
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
async fn a_dropped_monitor_closes_its_connection() {
    let engine = Engine::answering(|request| match request {
        request if is_live(request) => Reply::raw(head()).then_say_nothing_more(),
        _ => pong().then_hang_up(),
    });
    let mut monitor = engine.client("1.18").monitor_events(&EventsOptions::default());
    assert!(matches!(monitor.next().await, Some(EventUpdate::Connected)));
    drop(monitor);
    engine.all_hung_up().await;
}

#[tokio::test]
async fn a_callback_is_called_in_order_and_not_after_the_stop() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let calls = Arc::clone(&seen);
    let handle = monitor::run(stream::iter(0..1000), move |item| {
        calls.lock().unwrap().push(item);
        async { tokio::task::yield_now().await }
    });
    handle.ended().await;
    assert!(handle.has_ended());
    assert_eq!(*seen.lock().unwrap(), (0..1000).collect::<Vec<_>>());

    let count = Arc::new(AtomicUsize::new(0));
    let calls = Arc::clone(&count);
    let endless = monitor::run(stream::repeat(()), move |()| {
        calls.fetch_add(1, Ordering::Relaxed);
        async { tokio::task::yield_now().await }
    });
    tokio::task::yield_now().await;
    endless.stop().await;
    let calls = count.load(Ordering::Relaxed);
    endless.stop().await;
    tokio::task::yield_now().await;
    assert_eq!(count.load(Ordering::Relaxed), calls, "stopping twice is stopping once");
}

#[tokio::test]
async fn a_monitor_is_stopped_before_its_first_item_or_by_dropping_its_handle_or_with_its_group() {
    let handle = monitor::run(stream::pending::<()>(), |()| std::future::ready(()));
    handle.stop().await;

    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    drop(monitor::run(stream::pending::<()>(), move |()| {
        let _held = Arc::clone(&held);
        std::future::ready(())
    }));
    while Arc::strong_count(&alive) > 1 {
        tokio::task::yield_now().await;
    }

    let group = Group::default();
    let handles: Vec<_> =
        (0..3).map(|_| group.clone().add(monitor::run(stream::pending::<()>(), |()| std::future::ready(())))).collect();
    handles[0].stop().await;
    group.stop_all().await;
    group.stop_all().await;
    assert!(handles.iter().all(|handle| handle.has_ended()));
}

#[tokio::test]
async fn the_error_comes_to_the_callback() {
    let docker =
        DockerClient::builder().address("unix:///nowhere").api_version(ApiVersion::new(1, 18)).build().unwrap();
    let monitor = docker.monitor_events(&EventsOptions::default()).retry(RetryPolicy::default().attempts(0));
    let (errors, calls) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
    let (told, called) = (Arc::clone(&errors), Arc::clone(&calls));
    let handle = monitor::run(monitor, move |update| {
        called.fetch_add(1, Ordering::Relaxed);
        if let EventUpdate::Disconnected { error, .. } = update {
            told.lock().unwrap().push(error.to_string());
        }
        std::future::ready(())
    });
    handle.ended().await;
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    assert!(errors.lock().unwrap()[0].contains("no engine at /nowhere"));
}

#[tokio::test]
async fn a_lossy_monitor_counts_what_it_drops() {
    let mut lossy = monitor::lossy(stream::iter(0..100), 10);
    // Nothing is taken before all has come.
    tokio::time::sleep(Duration::from_millis(20)).await;
    let mut items = Vec::new();
    while let Some(item) = lossy.next().await {
        items.push(item);
    }
    let want: Vec<_> = std::iter::once(LossyItem::Dropped(90)).chain((90..100).map(LossyItem::Item)).collect();
    assert_eq!(items, want);
    let lossless: Vec<_> = monitor::lossy(stream::iter(0..5), 10).collect().await;
    assert_eq!(lossless, (0..5).map(LossyItem::Item).collect::<Vec<_>>());
}

/// An engine with the containers `a`, which answers, and `b`, which does not.
fn with_a_silent_container() -> Engine {
    Engine::answering(|request| match request {
        request if is_live(request) => Reply::raw(head()).then_say_nothing_more(),
        request if request.line.contains("/containers/json") => Reply::json(
            200,
            r#"[{"Id":"a","Names":["/a"],"Image":"i","Command":"c","Created":1,"Status":"Up 1 second"},
                {"Id":"b","Names":["/other/b","/b"],"Image":"i","Command":"c","Created":1,"Status":"Up 1 second"},
                {"Id":"c","Names":["/c"],"Image":"i","Command":"c","Created":1,"Status":"Exited (0) 1 second ago"}]"#,
        ),
        request if request.line.contains("/a/stats") => {
            let sample =
                r#"{"read":"2026-11-23T21:51:59Z","cpu_stats":{},"memory_stats":{"usage":7},"blkio_stats":{}}"#;
            Reply::raw(head() + &sample.repeat(3)).then_say_nothing_more()
        }
        request if request.line.contains("/b/stats") => Reply::raw("").then_say_nothing_more(),
        _ => pong(),
    })
}

#[tokio::test]
async fn a_container_that_does_not_answer_holds_up_no_other() {
    let engine = with_a_silent_container();
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor_stats();
    let (mut began, mut samples) = (Vec::new(), Vec::new());
    while samples.len() < 3 {
        match monitor.next().await.unwrap() {
            StatsUpdate::Began(id) => began.push(id),
            StatsUpdate::Sample(sample) => samples.push((sample.name.clone(), sample.memory_used)),
            StatsUpdate::Connected => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(began, ["a", "b"], "and not c, which does not run");
    assert_eq!(samples, [("a".to_owned(), 7), ("a".to_owned(), 7), ("a".to_owned(), 7)]);
    drop((monitor, docker));
    engine.all_hung_up().await;
}

#[tokio::test]
async fn only_containers_that_are_named_are_measured() {
    let engine = with_a_silent_container();
    let docker = engine.client("1.18");
    let updates = docker.containers().monitor_stats().only(["/b", "c"]).take(2).collect::<Vec<_>>().await;
    assert!(matches!(&updates[..], [StatsUpdate::Connected, StatsUpdate::Began(id)] if id == "b"), "{updates:?}");
}

/// An engine whose lists change with each call, and that tells of an event on the second connection only.
#[tokio::test]
async fn containers_that_changed_while_nobody_listened_are_found() {
    let container = |id: &str, status: &str| {
        format!(r#"{{"Id":"{id}","Names":["/{id}"],"Image":"i","Command":"c","Created":1,"Status":"{status}"}}"#)
    };
    let before = format!("[{},{}]", container("a", "Up 1 second"), container("b", "Up 1 second"));
    let after = format!("[{},{}]", container("a", "Up 1 minute"), container("c", "Exited (0) 1 second ago"));
    let (lists, connections) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let engine = Engine::answering(move |request| match request {
        request if is_live(request) => match connections.fetch_add(1, Ordering::Relaxed) {
            0 => Reply::raw(head()).then_hang_up(),
            _ => Reply::raw(head()).then_say_nothing_more(),
        },
        request if request.line.contains("/events") => Reply::raw(head()).then_hang_up(),
        request if request.line.contains("/containers/json") => match lists.fetch_add(1, Ordering::Relaxed) {
            0 => Reply::json(200, &before),
            1 => Reply::text(500, "not now\n"),
            _ => Reply::json(200, &after),
        },
        _ => pong(),
    });
    let docker = engine.client("1.18");
    let mut monitor = docker.containers().monitor().retry(at_once());
    let mut told = Vec::new();
    while told.len() < 3 {
        match monitor.next().await.unwrap() {
            ContainerUpdate::Snapshot(list) => told.push(format!("{}", list.len())),
            ContainerUpdate::Appeared(container) => told.push(format!("+{}", container.id)),
            ContainerUpdate::Removed(id) => told.push(format!("-{id}")),
            ContainerUpdate::Changed(container) => panic!("{container:?} has only grown older"),
            _ => {}
        }
    }
    assert_eq!(told, ["2", "-b", "+c"]);
    assert_eq!(monitor.view().keys().collect::<Vec<_>>(), ["a", "c"]);
}

/// Lines of a log with their times, a second apart, as an engine without `since` sends them.
fn log(lines: impl IntoIterator<Item = u32>) -> Vec<u8> {
    let line = |number| frame(1, format!("2026-11-23T21:00:{number:02}.5Z line {number}\n").as_bytes());
    lines.into_iter().flat_map(line).collect()
}

/// What a monitor of logs tells, the errors left out.
async fn lines_told(engine: &Engine) -> Vec<String> {
    let docker = engine.client("1.18");
    let monitor = docker.container("web").monitor_logs(&LogsOptions::default()).retry(at_once());
    let told = monitor.filter_map(async |update| match update {
        LogUpdate::Line(line) => Some(line.text().into_owned()),
        LogUpdate::Gap(gap) => Some(format!("gap: {:?}", gap.reason)),
        LogUpdate::Stopped => Some("stopped".to_owned()),
        _ => None,
    });
    told.collect().await
}

/// An engine whose container's log is `logs`, one after the other, and which then is gone.
fn logging(logs: Vec<Vec<u8>>) -> Engine {
    let (opened, count) = (AtomicUsize::new(0), logs.len());
    Engine::answering(move |request| match request {
        request if is_live(request) => Reply::raw(head()).then_say_nothing_more(),
        request if request.line.contains("/events") => Reply::raw(head()).then_hang_up(),
        request if request.line.contains("/web/json") => match opened.load(Ordering::Relaxed) {
            opened if opened < count => Reply::json(200, r#"{"Id":"f43c","State":{"Running":true}}"#),
            _ => Reply::text(404, "No such container: web\n"),
        },
        request if request.line.contains("/logs") => {
            let log = &logs[opened.fetch_add(1, Ordering::Relaxed).min(count - 1)];
            Reply::raw([head().as_bytes(), log].concat()).then_hang_up()
        }
        _ => pong(),
    })
}

#[tokio::test]
async fn a_log_that_breaks_at_any_byte_loses_and_repeats_no_line() {
    let whole = log(0..4);
    for cut in 0..=whole.len() {
        // Each opening asks twice what the container is: the second opening answers to the end.
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
