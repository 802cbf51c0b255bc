//! The monitor of events.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use dockerclient::{
    ApiVersion, DockerClient, Timestamp,
    monitor::{EventMonitor, EventUpdate, RetryPolicy},
    system::EventsOptions,
};
use futures_util::StreamExt as _;

use super::{Past, at_once, end, go_on, head, is_live, pong, remembering};
use dockerclient_testkit::{Engine, Reply};

fn monitor(engine: &Engine) -> EventMonitor {
    engine.client("1.18").monitor_events(&EventsOptions::default()).retry(at_once())
}

fn word(update: EventUpdate) -> String {
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

/// What a monitor tells until it has told the event `last`, or ends.
async fn told_until(monitor: &mut EventMonitor, last: &str) -> Vec<String> {
    let mut told = Vec::new();
    while told.last().is_none_or(|told| told != last) {
        let Some(update) = monitor.next().await else { break };
        told.push(word(update));
    }
    told
}

#[tokio::test]
async fn a_connection_that_breaks_at_any_byte_loses_and_repeats_nothing() {
    let events = [(98, "old"), (100, "a"), (100, "b"), (100, "c"), (101, "d")];
    for precise in [false, true] {
        let past = Past { precise, ..Past::new(events) };
        let engine = remembering(&past, |_, _| end(""));
        let _ = told_until(&mut monitor(&engine), "disconnected").await;
        let live = engine.requests().into_iter().find(is_live).unwrap();
        let whole = head() + &past.replay(&live);
        for cut in 0..whole.len() {
            let (replay, whole) = (past.clone(), whole.clone());
            let engine = remembering(&past, move |count, request| match count {
                0 => Reply::raw(&whole.as_bytes()[..cut]).then_hang_up(),
                _ => go_on(replay.replay(request)),
            });
            let told = told_until(&mut monitor(&engine), "d").await;
            let ids: Vec<&String> = told.iter().filter(|told| told.len() == 1).collect();
            assert_eq!(ids, ["a", "b", "c", "d"], "cut at {cut}: {told:?}");
            assert!(!told.iter().any(|told| told.contains('-')), "cut at {cut}: {told:?}");
        }
    }
}

/// What a monitor tells of an engine that remembers `before`, tells it and hangs up, and then remembers and tells `after`.
async fn told_across(before: &Past, after: &Past) -> Vec<String> {
    let (before, after, count) = (before.clone(), after.clone(), AtomicUsize::new(0));
    let engine = Engine::answering(move |request| match request {
        request if is_live(request) => match count.fetch_add(1, Ordering::Relaxed) {
            0 => end(before.replay(request)),
            _ => go_on(after.replay(request)),
        },
        request if request.line.contains("/events") => match count.load(Ordering::Relaxed) {
            1 => end(before.replay(request)),
            _ => end(after.replay(request)),
        },
        _ => pong(),
    });
    told_until(&mut monitor(&engine), "z").await
}

#[tokio::test]
async fn an_engine_that_forgot_leaves_a_gap() {
    let told = told_across(&Past::new([(100, "a")]), &Past::new([(100, "z")])).await;
    assert_eq!(told, ["connected", "a", "disconnected", "connected", "Forgotten 100-100", "z"]);
}

#[tokio::test]
async fn an_engine_that_remembers_64_events_has_room_for_63_more() {
    for (more, gap) in [(62, false), (63, true)] {
        let others = (0..more).map(|number| (101, format!("x{number}")));
        let after = Past::new([(100, "a".to_owned())].into_iter().chain(others).chain([(101, "z".to_owned())]));
        let told = told_across(&Past::new([(100, "a")]), &Past { limit: Some(64), ..after }).await;
        assert_eq!(told[..4], ["connected", "a", "disconnected", "connected"]);
        assert_eq!(told.contains(&"Overflow 100-101".to_owned()), gap, "{told:?}");
        assert_eq!(told.len(), 4 + usize::from(gap) + more + 1, "what the engine does remember is told");
    }
}

#[tokio::test]
async fn events_of_the_same_second_and_out_of_order_are_told_once() {
    let after = Past::new([(99, "p"), (100, "c"), (100, "a"), (100, "b"), (99, "late"), (100, "b"), (100, "z")]);
    let told = told_across(&Past::new([(100, "a"), (100, "b")]), &after).await;
    assert_eq!(told, ["connected", "a", "b", "disconnected", "connected", "c", "late", "b", "z"]);
}

#[tokio::test]
async fn what_an_engine_repeats_by_itself_is_told_once_if_it_is_told_to_the_nanosecond() {
    let past = Past { precise: true, ..Past::new([(100, "a"), (100, "b"), (100, "z")]) };
    let twice = past.clone();
    let engine = remembering(&past, move |_, request| {
        let events = twice.replay(request);
        let (a, rest) = events.split_at(events.find('}').unwrap() + 1);
        go_on(format!("{a}{a}{rest}"))
    });
    assert_eq!(told_until(&mut monitor(&engine), "z").await, ["connected", "a", "b", "z"]);
}

#[tokio::test]
async fn a_clock_that_jumps_hides_nothing() {
    let before = Past::new([(99, "p"), (150, "a")]);
    for jump in [
        vec![(101, "x"), (102, "z")],
        vec![(5000, "x"), (102, "z")],
        vec![(7, "x"), (160, "z")],
        vec![(150, "x"), (150, "z")],
    ] {
        let after = Past::new([(99, "p"), (150, "a")].into_iter().chain(jump.clone()));
        let told = told_across(&before, &after).await;
        assert_eq!(told, ["connected", "a", "disconnected", "connected", "x", "z"], "{jump:?}");
    }
}

#[tokio::test]
async fn an_engine_that_restarted_with_a_clock_set_back_leaves_a_gap() {
    let told = told_across(&Past::new([(150, "a")]), &Past::new([(90, "x"), (91, "z")])).await;
    assert_eq!(told, ["connected", "a", "disconnected", "connected", "Forgotten 150-90", "x", "z"]);
}

#[tokio::test]
async fn what_happened_before_the_first_event_and_after_the_first_answer_is_told() {
    let past = Past::new([(99, "p")]);
    let (replay, refused) = (past.clone(), AtomicBool::new(false));
    let engine = remembering(&past, move |_, request| {
        if !refused.swap(true, Ordering::Relaxed) {
            replay.add(100, "z");
            return Reply::text(500, "not yet\n");
        }
        go_on(replay.replay(request))
    });
    assert_eq!(told_until(&mut monitor(&engine), "z").await, ["disconnected", "connected", "z"]);
}

#[tokio::test]
async fn a_monitor_that_has_told_nothing_knows_its_engine_again() {
    let before = Past::new([(50, "p")]);
    let told = told_across(&before, &Past::new([(50, "p"), (100, "z")])).await;
    assert_eq!(told, ["connected", "disconnected", "connected", "z"]);
    let told = told_across(&before, &Past::new([(60, "of another life, whose clock was set back"), (100, "z")])).await;
    assert_eq!(told, ["connected", "disconnected", "connected", "Forgotten 100-60", "z"]);
}

#[tokio::test]
async fn whatever_stands_in_the_way_is_told_and_tried_again() {
    let past = Past::new([(100, "z")]);
    let replay = past.clone();
    let engine = remembering(&past, move |count, request| match count {
        0 => Reply::text(500, "not yet\n"),
        1 => Reply::raw("garbage\r\n\r\n").then_hang_up(),
        2 => end("garbage"),
        3 => Reply::raw("").then_hang_up(),
        _ => go_on(replay.replay(request)),
    });
    engine.kill();
    let mut monitor = monitor(&engine);
    assert!(matches!(monitor.next().await, Some(EventUpdate::Disconnected { error, .. }) if error.is_connect()));
    engine.start();
    let told = told_until(&mut monitor, "z").await;
    assert!(told.iter().filter(|told| *told == "disconnected").count() >= 4, "{told:?}");
    assert_eq!(told.last().map(String::as_str), Some("z"));
}

#[tokio::test]
async fn what_no_retry_mends_ends_the_monitor() {
    let engine = remembering(&Past::default(), |_, _| Reply::text(400, "invalid filter\n"));
    let told = told_until(&mut monitor(&engine), "z").await;
    assert_eq!(told, ["gave up: system events: engine said 400: invalid filter"]);
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
async fn waits_grow_also_if_each_connection_repeats_what_was_told() {
    let past = Past::new([(100, "a")]);
    let replay = past.clone();
    let engine = remembering(&past, move |_, request| end(replay.replay(request)));
    let policy = RetryPolicy::default().first(Duration::from_millis(1)).longest(Duration::from_millis(8));
    let monitor = engine.client("1.18").monitor_events(&EventsOptions::default()).retry(policy.random(|| 1.0));
    let waits = monitor.filter_map(|update| {
        std::future::ready(match update {
            EventUpdate::Disconnected { retry_in, .. } => retry_in.map(|wait| wait.as_millis()),
            _ => None,
        })
    });
    assert_eq!(waits.take(6).collect::<Vec<_>>().await, [1, 2, 4, 8, 8, 8]);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_goes_on_in_silence_is_found_out() {
    let past = Past::new([(99, "p"), (100, "a"), (100, "z")]);
    let replay = past.clone();
    let engine = remembering(&past, move |count, request| match count {
        // The first connection tells one event and dies without a word.
        0 => go_on(r#"{"status":"start","id":"a","from":"b","time":100}"#),
        _ => go_on(replay.replay(request)),
    });
    let mut monitor = monitor(&engine);
    let mut told = Vec::new();
    while told.last().map(String::as_str) != Some("z") {
        match monitor.next().await.unwrap() {
            EventUpdate::Event(event) => told.push(event.id),
            EventUpdate::Disconnected { error, .. } => told.push(error.to_string()),
            _ => {}
        }
    }
    assert_eq!(told, ["a", "system events: the engine went on, and this stream did not", "z"]);
}

#[tokio::test(start_paused = true)]
async fn what_the_engine_drops_on_the_way_is_found_out_at_the_next_pause() {
    let past = Past::new((0..100).map(|number| (100, format!("x{number}"))));
    let whole = past.clone();
    let engine = remembering(&past, move |_, request| {
        let events = whole.replay(request);
        let kept = events.split_inclusive('}').filter(|event| !event.contains(r#""x7"#));
        go_on(kept.collect::<String>())
    });
    let monitor = monitor(&engine);
    let told: Vec<String> = monitor.take(1 + 89 + 1).map(word).collect().await;
    assert_eq!(told.last().unwrap(), "Dropped 100-100", "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_is_quiet_is_not_disturbed() {
    let past = Past::new([(99, "p"), (100, "a")]);
    let replay = past.clone();
    let engine = remembering(&past, move |_, request| go_on(replay.replay(request)));
    let mut monitor = monitor(&engine);
    assert_eq!(told_until(&mut monitor, "a").await, ["connected", "a"]);
    let more = tokio::time::timeout(Duration::from_secs(600), monitor.next()).await;
    assert!(more.is_err(), "{more:?}");
    assert!(engine.lines().matches("until").count() > 3, "and is asked again and again");
    assert_eq!(engine.requests().iter().filter(|request| is_live(request)).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_does_not_answer_is_tried_again() {
    let past = Past::new([(100, "z")]);
    let replay = past.clone();
    let engine = remembering(&past, move |count, request| match count {
        0 => Reply::raw("").then_say_nothing_more(),
        _ => go_on(replay.replay(request)),
    });
    let monitor = monitor(&engine);
    let told: Vec<EventUpdate> = monitor.take(2).collect().await;
    assert!(matches!(&told[0], EventUpdate::Disconnected { error, .. } if error.is_timeout()), "{told:?}");
    assert!(matches!(told[1], EventUpdate::Connected), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_answers_with_its_first_event_is_waited_for() {
    let engine = remembering(&Past::default(), |_, _| Reply::raw("").then_say_nothing_more());
    let mut monitor = monitor(&engine);
    let told = tokio::time::timeout(Duration::from_secs(1000), monitor.next()).await;
    assert!(told.is_err(), "{told:?}");
    assert!(engine.lines().matches("until").count() > 1, "it is asked whether there was one");
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_died_without_a_word_is_noticed() {
    let (past, dead) = (Past::new([(99, "p"), (100, "a")]), Arc::new(AtomicBool::new(false)));
    let engine = {
        let (past, dead) = (past.clone(), Arc::clone(&dead));
        Engine::answering(move |request| match request {
            _ if dead.load(Ordering::Relaxed) => Reply::raw("").then_say_nothing_more(),
            request if is_live(request) => go_on(past.replay(request)),
            request if request.line.contains("/events") => end(past.replay(request)),
            _ => pong(),
        })
    };
    let mut monitor = monitor(&engine);
    assert_eq!(told_until(&mut monitor, "a").await, ["connected", "a"]);
    dead.store(true, Ordering::Relaxed);
    assert!(matches!(monitor.next().await, Some(EventUpdate::Disconnected { error, .. }) if error.is_timeout()));
    dead.store(false, Ordering::Relaxed);
    past.add(100, "z");
    let told = told_until(&mut monitor, "z").await;
    assert_eq!(told[told.len() - 2..], ["connected", "z"]);
}

#[tokio::test]
async fn a_burst_arrives_whole_and_in_order_however_fast_it_is_read() {
    for slow in [false, true] {
        let past = Past { limit: Some(64), ..Past::new((0..5000).map(|id| (100, id.to_string()))) };
        let burst = Past { limit: None, ..past.clone() };
        let engine = remembering(&past, move |_, request| go_on(burst.replay(request)));
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
async fn a_monitor_ends_at_its_time_and_not_with_a_stream_that_ends_before() {
    let until = |second| EventsOptions::default().until(Timestamp::from_unix_seconds(second).unwrap());
    let past = Past::new([(100, "a")]);
    let replay = past.clone();
    let engine = remembering(&past, |_, _| unreachable!("all requests have an end"));
    let docker = engine.client("1.18");
    let told: Vec<String> = docker.monitor_events(&until(100)).map(word).collect().await;
    assert_eq!(told, ["connected", "a"]);
    let mut cut_short = docker.monitor_events(&until(9999)).retry(at_once());
    assert_eq!(told_until(&mut cut_short, "disconnected").await, ["connected", "a", "disconnected"]);
    drop(replay);
}

#[tokio::test]
async fn a_dropped_monitor_closes_its_connection() {
    let engine = remembering(&Past::default(), |_, _| go_on(""));
    let mut monitor = monitor(&engine);
    assert!(matches!(monitor.next().await, Some(EventUpdate::Connected)));
    drop(monitor);
    engine.all_hung_up().await;
}
