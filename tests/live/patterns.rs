//! Patterns of programs that use the library: the examples of the same names.

use std::{path::PathBuf, time::Duration};

use dockerclient::ApiVersion;
use tokio::{sync::Notify, time::timeout};

use crate::engine::{Engine, version};

#[cfg(feature = "tar")]
#[allow(dead_code, unreachable_pub)] // `main`, and `pub` as in a library
#[path = "../../examples/copy_in.rs"]
mod copy_in;
#[allow(dead_code, unreachable_pub)]
#[path = "../../examples/dashboard.rs"]
mod dashboard;
#[allow(dead_code, unreachable_pub)]
#[path = "../../examples/network_alias.rs"]
mod network_alias;
#[allow(dead_code, unreachable_pub)]
#[path = "../../examples/remove_on_panic.rs"]
mod remove_on_panic;
#[allow(dead_code, unreachable_pub)]
#[path = "../../examples/reuse.rs"]
mod reuse;
#[allow(dead_code, unreachable_pub)]
#[path = "../../examples/ship_logs.rs"]
mod ship_logs;
#[allow(dead_code, unreachable_pub)]
#[path = "../../examples/wait_until_ready.rs"]
mod wait_until_ready;

/// The API versions that introduced copying archives in, labels, networks, and health checks.
#[cfg(feature = "tar")]
const COPIES: ApiVersion = ApiVersion::new(1, 20);
const LABELS: ApiVersion = ApiVersion::new(1, 18);
const NETWORKS: ApiVersion = ApiVersion::new(1, 22);
const HEALTH: ApiVersion = ApiVersion::new(1, 24);

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn wait_for_a_log_line_health_and_a_port() {
    if version() < HEALTH {
        return;
    }
    let engine = Engine::under_test().await;
    let server = wait_until_ready::start(&engine, &engine.name("server")).await.unwrap();
    let response = wait_until_ready::get(&server).await.unwrap();
    assert!(response.starts_with("HTTP/1.") && response.ends_with("hello\n"), "{response}");
}

#[cfg(feature = "tar")]
#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn copy_a_file_in_before_the_start() {
    if version() < COPIES {
        return;
    }
    let engine = Engine::under_test().await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("greeting");
    std::fs::write(&file, "hello\n").unwrap();
    assert_eq!(copy_in::read_copy(&engine, &engine.name("copy"), &file).await.unwrap(), "hello\n");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn exec_with_an_exit_code() {
    let engine = Engine::under_test().await;
    let container = engine.direct().container(engine.running().await.id());
    let output = container.command("sh").args(["-c", "echo out; echo err >&2; exit 7"]).output().await.unwrap();
    assert_eq!((&*output.stdout_text(), &*output.stderr_text()), ("out\n", "err\n"));
    assert_eq!(output.status.code(), (version() > ApiVersion::new(1, 15)).then_some(7));
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn network_with_an_alias() {
    if version() < NETWORKS {
        return;
    }
    let engine = Engine::under_test().await;
    let network = engine.name("network");
    engine.remove_later(format!("/networks/{network}"));
    let page = timeout(Duration::from_secs(60), network_alias::request(&engine, &network)).await.unwrap().unwrap();
    assert_eq!(page, "hello\n");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn reuse_by_label() {
    if version() < LABELS {
        return;
    }
    let engine = Engine::under_test().await;
    let key = engine.name("key");
    let first = reuse::reuse(&engine, &key).await.unwrap();
    engine.remove_later(format!("/containers/{}?force=1", first.id()));
    assert!(first.is_running().await.unwrap());
    first.stop().await.unwrap();
    let second = reuse::reuse(&engine, &key).await.unwrap();
    assert_eq!(first.id(), second.id());
    assert!(second.is_running().await.unwrap());
    assert_eq!(reuse::reuse(&engine, &key).await.unwrap().id(), second.id());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn container_is_removed_if_the_test_panics() {
    let engine = Engine::under_test().await;
    // Not through the proxy, which runs in the runtime that is blocked.
    let (docker, name) = (engine.direct(), engine.name("panic"));
    let container = docker.container(&name);
    let test = tokio::spawn(async move { remove_on_panic::failing_test(&docker, &name).await });
    assert!(test.await.unwrap_err().is_panic());
    assert!(!container.exists().await.unwrap());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn dashboard_of_containers_that_come_and_go() {
    if version() < LABELS {
        return;
    }
    let engine = Engine::under_test().await;
    let label = engine.name("label");
    let script = "trap 'exit 3' TERM; echo hello; while true; do sleep 0.1; done";
    let docker = engine.clone();
    let (task_label, created) = (label.clone(), engine.name("panel"));
    let container = docker.container(&created);
    let come_and_go = async {
        // Most engines report changes of containers once the monitors are connected.
        tokio::time::sleep(Duration::from_secs(2)).await;
        let create = docker.containers().create("busybox").name(&created).label(&task_label, "");
        create.cmd(["sh", "-c", script]).await.unwrap();
        container.start().await.unwrap();
        tokio::time::sleep(Duration::from_secs(4)).await;
        container.stop().await.unwrap();
        container.remove().await.unwrap();
    };
    let mut shown: Vec<String> = Vec::new();
    let removed = Notify::new();
    let show = |text: String| {
        if text.ends_with("removed") {
            removed.notify_one();
        }
        shown.push(text);
    };
    let outcome = timeout(Duration::from_secs(60), async {
        tokio::select! {
            () = dashboard::dashboard(&engine, &label, show) => {}
            ((), ()) = async { tokio::join!(come_and_go, removed.notified()) } => {}
        }
    });
    let outcome = outcome.await;
    assert!(outcome.is_ok(), "{shown:?}");
    for part in ["appeared", ": hello", "% CPU"] {
        assert!(shown.iter().any(|text| text.contains(part)), "{part}: {shown:?}");
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn shipped_logs_are_complete_after_restarts_of_the_shipper() {
    const LINES: usize = 400;
    if version() < LABELS {
        return;
    }
    let engine = Engine::under_test().await;
    let label = engine.name("shipped");
    let directory = tempfile::tempdir().unwrap();
    let file: PathBuf = directory.path().join("bookmarks.json");
    // The lines of each burst have nearly the same time. The last line has no end.
    let script = format!(
        "for i in $(seq {LINES}); do echo out $i; echo err $i >&2; [ $((i % 20)) = 0 ] && sleep 0.1; done; printf end"
    );
    let mut names = vec![engine.name("a"), engine.name("b")];
    let create = async |name: &String| {
        let create = engine.containers().create("busybox").name(name).label(&label, "");
        create.cmd(["sh", "-c", &script]).await.unwrap().container.start().await.unwrap();
    };
    for name in &names {
        create(name).await;
    }
    let mut lines: Vec<(String, String)> = Vec::new();
    for run in 0.. {
        let logs = engine.containers().monitor_logs().label(&label);
        let pause = Duration::from_millis(1500);
        let send = |name: &str, line: &dockerclient::Line| lines.push((name.to_owned(), line.text().into_owned()));
        timeout(Duration::from_secs(60), ship_logs::ship(logs, &file, tokio::time::sleep(pause), send))
            .await
            .unwrap()
            .unwrap();
        if run == 0 {
            // While the shipper does not run.
            names.push(engine.name("c"));
            create(&names[2]).await;
        }
        assert!(run < 20, "{} lines", lines.len());
        if lines.iter().filter(|(_, text)| text == "end").count() == names.len() && run > 1 {
            break;
        }
    }
    for name in &names {
        let of = |source: &str| {
            let texts = lines.iter().filter(|(from, text)| from == name && text.starts_with(source));
            texts.map(|(_, text)| text.clone()).collect::<Vec<_>>()
        };
        for source in ["out", "err"] {
            let want: Vec<String> = (1..=LINES).map(|line| format!("{source} {line}")).collect();
            assert_eq!(of(source), want, "{name}");
        }
        assert_eq!(of("end").len(), 1);
    }
}
