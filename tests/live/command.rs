//! Commands in running containers (`container.command`).

use std::time::Duration;

use dockerclient::{ApiVersion, Source, containers::Container, exec::Command};
use futures_util::TryStreamExt as _;
use tokio::io::AsyncWriteExt as _;

use crate::{
    engine::{Engine, version},
    rejections::Rejected,
};

/// Starts a container. Its handle bypasses the proxy, which does not support attached sessions.
async fn running(engine: &Engine) -> Container {
    engine.direct().container(engine.running().await.id())
}

fn shell(container: &Container, script: &str) -> Command {
    container.command("sh").args(["-c", script])
}

/// The exit code where engines report it, since API 1.16.
fn code(code: i64) -> Option<i64> {
    (version() >= ApiVersion::new(1, 16)).then_some(code)
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn command_status_is_the_exit_code() {
    let engine = Engine::under_test().await;
    let container = running(&engine).await;
    for (script, expected) in [("true", 0), ("echo discarded; exit 4", 4), ("test $(wc -c) = 5", 0)] {
        let status = shell(&container, script).input("hello").status().await.unwrap();
        assert_eq!((status.code(), status.success()), (code(expected), code(expected) == Some(0)), "{script}");
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn spawned_command_stdin_and_output_are_streamed() {
    let engine = Engine::under_test().await;
    let container = running(&engine).await;
    let script = "while read line; do echo got $line; done; echo end >&2; exit 5";
    let mut spawned = shell(&container, script).stdin(true).spawn().await.unwrap();
    let (mut stdin, mut lines) = (spawned.stdin.take().unwrap(), spawned.output.take().unwrap().lines());
    for word in ["one", "two"] {
        stdin.write_all(format!("{word}\n").as_bytes()).await.unwrap();
        let line = lines.try_next().await.unwrap().unwrap();
        assert_eq!((line.source, &*line.text()), (Source::Stdout, &*format!("got {word}")));
    }
    drop(stdin);
    let rest: Vec<_> = lines.try_collect().await.unwrap();
    assert_eq!(
        rest.iter().map(|line| (line.source, &*line.bytes)).collect::<Vec<_>>(),
        [(Source::Stderr, &b"end"[..])]
    );
    let status = spawned.wait().await.unwrap();
    assert_eq!(status.code(), code(5));
    assert_eq!(spawned.wait().await.unwrap(), status, "a second time");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn spawned_command_wait_without_reading_its_output() {
    let engine = Engine::under_test().await;
    let container = running(&engine).await;
    // More than all buffers hold.
    let script = "cat; head -c 3000000 /dev/zero; exit 6";
    let mut spawned = shell(&container, script).stdin(true).spawn().await.unwrap();
    assert_eq!(spawned.wait().await.unwrap().code(), code(6));
    let spawned = shell(&container, "sleep 0.2; echo out; echo err >&2").spawn().await.unwrap();
    assert!(spawned.stdin.is_none(), "its input is empty");
    let output = spawned.wait_with_output().await.unwrap();
    assert_eq!((output.status.code(), &*output.stdout_text(), &*output.stderr_text()), (code(0), "out\n", "err\n"));
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn detached_command_runs_to_completion() {
    let engine = Engine::under_test().await;
    let container = running(&engine).await;
    let exec = shell(&container, "sleep 0.2; touch /done; exit 7").detach().await.unwrap();
    if code(7).is_some() {
        while exec.inspect().await.unwrap().running {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let seen = exec.inspect().await.unwrap();
        assert_eq!((seen.exit_code, seen.container()), (Some(7), container.id()));
    }
    while !shell(&container, "ls /").output().await.unwrap().stdout_text().contains("done") {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn command_in_a_stopped_container_is_rejected() {
    let engine = Engine::under_test().await;
    let container = engine.direct().container(engine.create("true").await.id());
    for error in [
        container.command("true").output().await.unwrap_err(),
        container.command("true").status().await.unwrap_err(),
        container.command("true").spawn().await.unwrap_err(),
        container.command("true").detach().await.unwrap_err(),
    ] {
        assert_eq!(error.operation(), Some("container_exec"), "{error}");
        engine.assert_rejected(Rejected::ContainerNotRunning, Err::<(), _>(error)).await;
    }
}
