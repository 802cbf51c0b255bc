//! The monitor of the logs of many containers, and bookmarks.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use dockerclient::{
    DockerClient,
    monitor::{CombinedLogMonitor, CombinedLogUpdate, LogBookmarks, LogUpdate},
};
use futures_util::StreamExt as _;

use super::{containers::list, retry_quickly, with_events, without_events};
use dockerclient_testkit::{FakeEngine, Image, Latch, Program, Response, frame};
use tokio::sync::broadcast;

fn describe(update: &CombinedLogUpdate) -> String {
    match update {
        CombinedLogUpdate::Opened(container) => format!("+{}", container.name()),
        CombinedLogUpdate::Line { container, line } => {
            format!("{}: {}{}", container.name(), line.text(), if line.partial { "…" } else { "" })
        }
        CombinedLogUpdate::Gap { container, gap } => format!("{}: gap {:?}", container.name(), gap.reason),
        CombinedLogUpdate::Stopped(container) => format!("{} stopped", container.name()),
        CombinedLogUpdate::Removed(container) => format!("-{}", container.name()),
        CombinedLogUpdate::Failed { container, retry_in, .. } => {
            format!("{} failed{}", container.name(), if retry_in.is_some() { "" } else { " permanently" })
        }
        CombinedLogUpdate::Connected => "connected".to_owned(),
        CombinedLogUpdate::Disconnected { .. } => "disconnected".to_owned(),
        other => panic!("{other:?}"),
    }
}

/// The updates of a monitor until `last` was returned `times` times.
async fn until(monitor: &mut CombinedLogMonitor, last: &str, times: usize) -> Vec<String> {
    let (mut updates, mut count) = (Vec::new(), 0);
    while count < times {
        let next = tokio::time::timeout(Duration::from_secs(10), monitor.next()).await;
        let update = describe(&next.unwrap_or_else(|_| panic!("no update after {updates:?}")).unwrap());
        count += usize::from(update.ends_with(last));
        updates.push(update);
    }
    updates
}

/// Only the lines, by container.
fn lines(updates: &[String]) -> BTreeMap<String, Vec<String>> {
    let mut lines: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, line) in updates.iter().filter_map(|update| update.split_once(": ")) {
        lines.entry(name.to_owned()).or_default().push(line.to_owned());
    }
    lines
}

async fn exited(docker: &DockerClient, name: &str, script: &str) {
    let created = docker.containers().create("busybox").cmd(["sh", "-c", script]).name(name).await.unwrap();
    created.start().await.unwrap();
    created.wait().await.unwrap();
}

#[tokio::test]
async fn combined_logs_of_containers_that_come_and_go() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    exited(&docker, "aa", "echo a1; echo a2").await;
    exited(&docker, "bb", "echo b1").await;
    let mut monitor = docker.containers().monitor_logs();
    let updates = until(&mut monitor, "stopped", 2).await;
    assert_eq!(lines(&updates)["aa"], ["a1", "a2"]);
    assert_eq!(lines(&updates)["bb"], ["b1"]);
    assert_eq!(updates[0], "connected");

    exited(&docker, "cc", "echo c1").await;
    assert_eq!(until(&mut monitor, "cc stopped", 1).await.last().unwrap(), "cc stopped");
    docker.container("aa").start().await.unwrap();
    assert_eq!(until(&mut monitor, "aa stopped", 1).await, ["+aa", "aa: a1", "aa: a2", "aa stopped"], "started again");
    docker.container("aa").remove().await.unwrap();
    assert_eq!(until(&mut monitor, "-aa", 1).await, ["-aa"]);
    assert_eq!(monitor.bookmarks().unwrap().containers().count(), 2);
    drop((monitor, docker));
    engine.all_connections_closed().await;
}

#[tokio::test]
async fn combined_logs_leave_out_containers() {
    let engine = FakeEngine::builder().image(Image::busybox()).image(Image::new("other:1").cmd(["echo"])).build();
    let docker = engine.client("1.41");
    exited(&docker, "aa", "echo a").await;
    exited(&docker, "bb", "echo b").await;
    docker.containers().create("busybox").name("labelled").label("skip", "yes").await.unwrap();
    docker.containers().create("other:1").name("image").await.unwrap();
    docker.containers().create("busybox").name("predicate").await.unwrap();
    let monitor = || {
        docker
            .containers()
            .monitor_logs()
            .exclude_name("bb")
            .exclude_label("skip=yes")
            .exclude_image("other")
            .only_if(|container| container.name() != "predicate")
    };
    let mut excluding = monitor();
    assert_eq!(until(&mut excluding, "stopped", 1).await, ["connected", "+aa", "aa: a", "aa stopped"]);
    exited(&docker, "late", "echo late").await;
    assert_eq!(lines(&until(&mut excluding, "late stopped", 1).await)["late"], ["late"], "the others are not read");
    let mut named = monitor().name("late");
    assert_eq!(lines(&until(&mut named, "stopped", 1).await).keys().collect::<Vec<_>>(), ["late"]);
}

/// Programs whose lines have the same and different times, with a line that is not ended.
fn program(lines: usize) -> Program {
    (0..lines).map(|line| Program::printing(format!("line {line}\n"))).fold(Program::printing(""), Program::and_then)
}

#[tokio::test(start_paused = true)]
async fn combined_logs_resume_after_any_update() {
    let image = Image::new("logger:1").program(["five"], program(5)).program(["part"], Program::printing("a\nno end"));
    let engine = FakeEngine::builder().image(image).build();
    let docker = engine.client("1.41");
    for (name, command) in [("aa", "five"), ("bb", "five"), ("cc", "part")] {
        let created = docker.containers().create("logger:1").cmd([command]).name(name).await.unwrap();
        created.start().await.unwrap();
        created.wait().await.unwrap();
    }
    let five: Vec<String> = (0..5).map(|line| format!("line {line}")).collect();
    let all = until(&mut docker.containers().monitor_logs(), "stopped", 3).await.len();
    for taken in 1..=all {
        let mut monitor = docker.containers().monitor_logs();
        let mut updates: Vec<String> = Vec::new();
        for _ in 0..taken {
            updates.push(describe(&monitor.next().await.unwrap()));
        }
        let stored = serde_json::to_string(&monitor.bookmarks()).unwrap();
        drop(monitor);
        let stored: Option<LogBookmarks> = serde_json::from_str(&stored).unwrap();
        let mut monitor = docker.containers().monitor_logs().resume(stored);
        updates.extend(until(&mut monitor, "stopped", 3).await);
        let lines = lines(&updates);
        assert_eq!((&lines["aa"], &lines["bb"]), (&five, &five), "after {taken} updates");
        assert_eq!(lines["cc"], ["a", "no end"], "after {taken} updates");
        assert!(!updates.iter().any(|update| update.contains("gap")), "{updates:?}");
        assert_eq!(monitor.bookmarks().unwrap().containers().count(), 3);
    }
}

#[tokio::test]
async fn tail_of_combined_logs_is_of_the_first_start_only() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    exited(&docker, "aa", "echo a1; echo a2").await;
    let mut monitor = docker.containers().monitor_logs().tail(1);
    assert_eq!(monitor.next().await.map(|update| describe(&update)).unwrap(), "connected");
    assert_eq!(monitor.next().await.map(|update| describe(&update)).unwrap(), "+aa");
    // The log is open, but none of its lines was returned.
    let bookmarks = monitor.bookmarks().unwrap();
    let begun = until(&mut monitor, "stopped", 1).await;
    assert_eq!(begun, ["aa: a2", "aa stopped"]);
    exited(&docker, "bb", "echo b1; echo b2").await;
    let lines_of_b = until(&mut monitor, "bb stopped", 1).await;
    assert_eq!(lines(&lines_of_b)["bb"], ["b1", "b2"], "created later");
    drop(monitor);

    let mut monitor = docker.containers().monitor_logs().tail(1).resume(bookmarks);
    let updates = until(&mut monitor, "stopped", 2).await;
    assert_eq!(lines(&updates)["aa"], ["a2"]);
    assert_eq!(lines(&updates)["bb"], ["b1", "b2"], "created after the bookmarks");
    let stored = LogBookmarks::default();
    let mut monitor = docker.containers().monitor_logs().tail(0).resume(stored);
    let updates = until(&mut monitor, "stopped", 2).await;
    assert_eq!(lines(&updates)["aa"], ["a1", "a2"], "not in the bookmarks");
}

#[tokio::test]
async fn bookmarks_before_the_first_list() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    assert!(docker.containers().monitor_logs().bookmarks().is_none());
    let stored = LogBookmarks::default();
    let monitor = docker.containers().monitor_logs().resume(stored.clone());
    assert_eq!(monitor.bookmarks(), Some(stored));
}

#[tokio::test]
async fn long_lines_of_combined_logs_resume_between_parts() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    exited(&docker, "aa", "echo 0123456789; echo next").await;
    let parts = ["0123…", "4567…", "89", "next"];
    let monitor = || docker.containers().monitor_logs().max_part_size(4);
    for taken in 1..=parts.len() {
        let mut first = monitor();
        let mut updates = until(&mut first, parts[taken - 1], 1).await;
        let mut second = monitor().resume(first.bookmarks());
        updates.extend(until(&mut second, "stopped", 1).await);
        assert_eq!(lines(&updates)["aa"], parts, "after {taken} parts");
    }
}

#[tokio::test]
async fn bookmark_does_not_apply_to_another_container_of_that_name() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.41");
    let mut bookmark = None;
    for _ in 0..2 {
        exited(&docker, "web", "echo one; echo two").await;
        for want in [&["one", "two"][..], &[]] {
            let mut monitor = docker.container("web").monitor_logs().resume(bookmark);
            let mut lines = Vec::new();
            loop {
                match monitor.next().await.unwrap() {
                    LogUpdate::Line(line) => lines.push(line.text().into_owned()),
                    LogUpdate::Stopped => break,
                    _ => {}
                }
            }
            assert_eq!(lines, want);
            bookmark = monitor.bookmark();
        }
        let id = docker.container("web").inspect().await.unwrap().id;
        let bookmark = bookmark.as_ref().unwrap();
        assert_eq!(bookmark.container(), id);
        assert!(bookmark.time().is_some());
        docker.container("web").remove().await.unwrap();
    }
}

/// Log lines with timestamps that are a second apart.
fn log(lines: impl IntoIterator<Item = u32>) -> Vec<u8> {
    let line = |number| frame(1, format!("2026-11-23T21:00:{number:02}.5Z line {number}\n").as_bytes());
    lines.into_iter().flat_map(line).collect()
}

fn log_response(log: &[u8]) -> Response {
    let head = "HTTP/1.1 200 OK\r\nDate: Mon, 23 Nov 2026 22:00:00 GMT\r\nConnection: close\r\n\r\n";
    Response::raw([head.as_bytes(), log].concat())
}

#[tokio::test]
async fn combined_logs_report_a_gap_of_a_rotated_log() {
    let opened = AtomicUsize::new(0);
    let engine = without_events(move |request| match request.path() {
        path if path.ends_with("/containers/json") => list(&[("web", "Up 1 second")]),
        path if path.ends_with("/json") => Response::json(200, r#"{"Id":"web","State":{"Running":true}}"#),
        _ if opened.fetch_add(1, Ordering::Relaxed) == 0 => log_response(&log(0..3)).then_stall(),
        _ => log_response(&log(6..8)).then_stall(),
    });
    let docker = engine.client("1.41");
    let mut monitor = docker.containers().monitor_logs();
    until(&mut monitor, "line 2", 1).await;
    let mut monitor = docker.containers().monitor_logs().resume(monitor.bookmarks());
    // No position is lost while the gap was returned and the line was not.
    let updates = until(&mut monitor, "gap Overflow", 1).await;
    assert_eq!(updates.last().unwrap(), "web: gap Overflow");
    let mut monitor = docker.containers().monitor_logs().resume(monitor.bookmarks());
    assert_eq!(lines(&until(&mut monitor, "line 7", 1).await)["web"], ["gap Overflow", "line 6", "line 7"]);
    let requests = engine.requests();
    let since: Vec<_> = requests.iter().filter(|request| request.path().ends_with("/logs")).collect();
    assert_eq!(since[1].query("since").as_deref(), Some("1795467601.000000000"), "about a second before");
}

#[tokio::test]
async fn unreadable_log_does_not_affect_other_containers() {
    let sender = broadcast::Sender::new(4);
    let lists = AtomicUsize::new(0);
    let engine = with_events(&sender, move |request| match request.path() {
        path if path.ends_with("/containers/json") => match lists.fetch_add(1, Ordering::Relaxed) {
            0 => list(&[("none", "Up 1 second"), ("web", "Up 1 second")]),
            _ => list(&[("web", "Up 1 second")]),
        },
        path if path.ends_with("/none/json") => Response::json(200, r#"{"Id":"none","State":{"Running":true}}"#),
        path if path.ends_with("/web/json") => Response::json(200, r#"{"Id":"web","State":{"Running":true}}"#),
        path if path.contains("none") => Response::json(501, r#"{"message":"does not support reading"}"#),
        _ => log_response(&log(0..2)).then_stall(),
    });
    let docker = engine.client("1.41");
    let mut monitor = docker.containers().monitor_logs().retry(retry_quickly());
    let mut updates = Vec::new();
    while updates.len() < 5 {
        updates.push(describe(&monitor.next().await.unwrap()));
    }
    updates[1..].sort();
    assert_eq!(updates, ["connected", "+web", "none failed permanently", "web: line 0", "web: line 1"]);
    assert_eq!(monitor.bookmarks().unwrap().containers().count(), 2, "it is tried again after a restart");
    sender.send(super::containers::event("destroy", "none")).unwrap();
    while monitor.bookmarks().unwrap().containers().count() > 1 {
        let _ = tokio::time::timeout(Duration::from_millis(10), monitor.next()).await;
    }
}

#[tokio::test]
async fn combined_logs_open_three_logs_at_once() {
    const COUNT: usize = 60;
    let (open, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let latch = Latch::new();
    let (now, peak, wait) = (Arc::clone(&open), Arc::clone(&most), latch.clone());
    let engine = without_events(move |request| match request.path() {
        path if path.ends_with("/containers/json") => {
            let ids: Vec<String> = (0..COUNT).map(|id| format!("c{id}")).collect();
            list(&ids.iter().map(|id| (&**id, "Up 1 second")).collect::<Vec<_>>())
        }
        path if path.ends_with("/json") => {
            peak.fetch_max(now.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            let id = path.split('/').nth(2).unwrap();
            Response::json(200, &format!(r#"{{"Id":"{id}","State":{{"Running":true}}}}"#)).waits_for(&wait)
        }
        _ => {
            now.fetch_sub(1, Ordering::Relaxed);
            log_response(&log(0..1)).then_stall()
        }
    });
    let docker = engine.client("1.41");
    let mut monitor = docker.containers().monitor_logs();
    until(&mut monitor, "connected", 1).await;
    let _ = tokio::time::timeout(Duration::from_millis(50), monitor.next()).await;
    assert_eq!(most.load(Ordering::Relaxed), 3);
    latch.open();
    let updates = until(&mut monitor, "line 0", COUNT).await;
    assert_eq!(lines(&updates).len(), COUNT);
    assert!(engine.connections_opened() <= 65, "{}", engine.connections_opened());
}

/// Podman and Docker before 1.7 send the response headers with the first output. A container may be started after it was
/// inspected.
#[tokio::test(start_paused = true)]
async fn combined_logs_without_output_do_not_block_others() {
    for running in [true, false] {
        let opened = AtomicUsize::new(0);
        let engine = without_events(move |request| match request.path() {
            path if path.ends_with("/containers/json") => list(&["a", "b", "c", "d"].map(|id| (id, "Up 1 second"))),
            path if path.ends_with("/json") => {
                let id = path.split('/').nth(2).unwrap();
                Response::json(200, &format!(r#"{{"Id":"{id}","State":{{"Running":{running}}}}}"#))
            }
            _ => match (opened.fetch_add(1, Ordering::Relaxed) < 3, running) {
                (true, true) => Response::never(),
                (true, false) => log_response(&[]).then_stall(),
                (false, _) => log_response(&log(0..1)).then_stall(),
            },
        });
        let docker = engine.client("1.41");
        let mut monitor = docker.containers().monitor_logs();
        let updates = until(&mut monitor, "line 0", 1).await;
        assert_eq!(lines(&updates).len(), 1, "{updates:?}");
    }
}

#[tokio::test]
async fn combined_logs_continue_after_the_engine_restarts() {
    let count = Arc::new(AtomicUsize::new(2));
    let lines = Arc::clone(&count);
    let engine = without_events(move |request| match request.path() {
        path if path.ends_with("/containers/json") => list(&[("a", "Up 1 second"), ("b", "Up 1 second")]),
        path if path.ends_with("/json") => {
            let id = path.split('/').nth(2).unwrap();
            Response::json(200, &format!(r#"{{"Id":"{id}","State":{{"Running":true}}}}"#))
        }
        _ => log_response(&log(0..u32::try_from(lines.load(Ordering::Relaxed)).unwrap())).then_stall(),
    });
    let docker = engine.client("1.41");
    let mut monitor = docker.containers().monitor_logs().retry(retry_quickly());
    let mut updates = until(&mut monitor, "line 1", 2).await;
    engine.kill();
    updates.extend(until(&mut monitor, "disconnected", 1).await);
    count.store(4, Ordering::Relaxed);
    engine.start();
    updates.extend(until(&mut monitor, "line 3", 2).await);
    let want = ["line 0", "line 1", "line 2", "line 3"];
    let lines = self::lines(&updates);
    assert_eq!((&lines["a"][..], &lines["b"][..]), (&want.map(str::to_owned)[..], &want.map(str::to_owned)[..]));
}

#[tokio::test]
async fn combined_logs_end_with_an_unsupported_filter() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.18");
    let updates: Vec<CombinedLogUpdate> = docker.containers().monitor_logs().ancestor("busybox").collect().await;
    assert!(
        matches!(updates.last(), Some(CombinedLogUpdate::Disconnected { error, retry_in: None }) if error.is_unsupported())
    );
}

/// Many `docker exec` are many events, which a collector of logs does not need.
#[tokio::test]
async fn combined_logs_request_only_the_events_they_need() {
    type Change = fn(CombinedLogMonitor) -> CombinedLogMonitor;
    let some = r#"{"event":["create","destroy","die","died","remove","rename","start"]}"#;
    let cases: [(&str, Change, Option<&str>); 6] = [
        ("1.41", |monitor| monitor, Some(some)),
        ("1.41", |monitor| monitor.label("app").name("web").exclude_label("quiet"), Some(some)),
        // Podman before 3.2, which has this version, does not support filters for several actions.
        ("1.40", |monitor| monitor, None),
        // Other events may change whether a container matches.
        ("1.41", |monitor| monitor.filter("status", "paused"), None),
        ("1.41", |monitor| monitor.ancestor("busybox"), None),
        ("1.41", |monitor| monitor.only_if(|container| container.status.contains("(healthy)")), None),
    ];
    for (version, change, expected) in cases {
        let engine = without_events(|_| list(&[]));
        let docker = engine.client(version);
        let mut monitor = change(docker.containers().monitor_logs());
        until(&mut monitor, "connected", 1).await;
        let requests = engine.requests();
        let events = requests.iter().find(|request| request.path() == "/events").unwrap();
        assert_eq!(events.query("filters").as_deref(), expected, "{version}");
    }
}
