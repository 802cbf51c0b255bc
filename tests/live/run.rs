//! Running a container in one call (`docker.run`).

use std::time::Duration;

use dockerclient::{
    ApiVersion, DockerClient,
    containers::{Container, PullPolicy, RunContainer},
};
use tokio::io::AsyncWriteExt as _;

use crate::{
    engine::{Engine, supported_since, version},
    transfers::registry,
};

/// Returns a request to run `script` in a shell, and the handle of its container.
fn run(engine: &Engine, script: &str) -> (RunContainer, Container) {
    // The proxy does not support attached sessions.
    let (docker, name) = (engine.direct(), engine.name("run"));
    (docker.run("busybox").name(&name).args(["sh", "-c", script]), docker.container(name))
}

/// Waits until the container is removed.
async fn wait_until_removed(container: &Container) {
    let gone = async {
        loop {
            match container.exists().await {
                Ok(false) => break,
                // Podman returns 500 while it removes a container.
                Err(error) => assert!(error.is_server_error(), "{error}"),
                Ok(true) => {}
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), gone).await.expect("the container is removed");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn run_output_returns_both_streams_and_removes_the_container() {
    let engine = Engine::under_test().await;
    // A very short run, so that a race would lose its output or exit code.
    for _ in 0..5 {
        let (run, container) = run(&engine, "echo out; echo err >&2; exit 3");
        let output = run.output().await.unwrap();
        assert_eq!(output.status.code(), Some(3));
        assert_eq!((&*output.stdout_text(), &*output.stderr_text()), ("out\n", "err\n"));
        assert!(!container.exists().await.unwrap());
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn run_status_returns_the_exit_code_and_removes_the_container() {
    let engine = Engine::under_test().await;
    let (run, container) = run(&engine, "exit 4");
    assert_eq!(run.status().await.unwrap().code(), Some(4));
    assert!(!container.exists().await.unwrap());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn run_input_is_written_to_stdin_and_closed() {
    let engine = Engine::under_test().await;
    let (output, _) = run(&engine, "cat");
    let text = "hello\n".repeat(20_000);
    assert_eq!(output.input(text.clone()).output().await.unwrap().stdout_text(), text);
    let (status, _) = run(&engine, "test $(wc -c) = 5");
    assert!(status.input("hello").status().await.unwrap().success());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn spawned_container_reads_stdin_and_is_killed() {
    let engine = Engine::under_test().await;
    let (cat, container) = run(&engine, "cat; exit 5");
    let mut cat = cat.stdin(true).spawn().await.unwrap();
    cat.stdin.take().unwrap().write_all(b"hello").await.unwrap();
    let output = cat.wait_with_output().await.unwrap();
    assert_eq!((output.status.code(), &*output.stdout_text()), (Some(5), "hello"));
    assert!(!container.exists().await.unwrap());

    let (sleep, container) = run(&engine, "sleep 1000");
    let mut sleep = sleep.spawn().await.unwrap();
    assert!(container.is_running().await.unwrap());
    assert_eq!(sleep.kill().await.unwrap().code().map(|code| code != 0), Some(true));
    assert!(!container.exists().await.unwrap());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn kill_on_drop_removes_the_container() {
    let engine = Engine::under_test().await;
    let (sleep, container) = run(&engine, "sleep 1000");
    drop(sleep.kill_on_drop(true).spawn().await.unwrap());
    wait_until_removed(&container).await;
    let (sleep, container) = run(&engine, "sleep 1000");
    let error = sleep.kill_on_drop(true).output().time_limit(Duration::from_secs(3)).await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    wait_until_removed(&container).await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn run_removes_a_container_that_fails_to_start() {
    let engine = Engine::under_test().await;
    let (run, container) = run(&engine, "true");
    // Podman fails earlier, when attaching.
    run.cmd(["/no/such/program"]).output().await.unwrap_err();
    wait_until_removed(&container).await;
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn detached_container_is_kept() {
    let engine = Engine::under_test().await;
    let (run, container) = run(&engine, "exit 6");
    let job = run.detach().await.unwrap();
    assert_eq!(job.wait().await.unwrap().code(), Some(6));
    assert!(container.exists().await.unwrap());
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn detached_container_is_removed_if_remove_is_set() {
    let engine = Engine::under_test().await;
    let (run, container) = run(&engine, "true");
    if supported_since(25, run.auto_remove(true).detach().await).is_some() {
        wait_until_removed(&container).await;
    }
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn container_is_kept_if_remove_is_false() {
    let engine = Engine::under_test().await;
    let (run, container) = run(&engine, "echo out; exit 7");
    assert_eq!(run.auto_remove(false).status().await.unwrap().code(), Some(7));
    let logs = container.logs().await.unwrap().capture().await.unwrap();
    assert_eq!(logs.stdout_text(), "out\n");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn missing_image_is_pulled_unless_pull_policy_is_never() {
    let engine = Engine::under_test().await;
    let repository = format!("{}/acme/{}", registry(), engine.name("run"));
    let image = engine.image("busybox").tag(&repository).await.unwrap();
    engine.remove_later(format!("/images/{repository}?force=1"));
    image.push().await.unwrap();
    image.remove().await.unwrap();

    let docker = engine.direct();
    let run = || docker.run(&repository).args(["echo", "pulled"]);
    let error = run().pull(PullPolicy::Never).output().await.unwrap_err();
    assert!(error.is_not_found() && error.operation() == Some("container_create"), "{error}");
    assert!(!image.exists().await.unwrap());
    assert_eq!(run().output().await.unwrap().stdout_text(), "pulled\n");
    assert!(image.exists().await.unwrap());
    assert!(run().pull(PullPolicy::Always).status().await.unwrap().success());
    let ghost = docker.run(format!("{repository}:ghost")).output().await.unwrap_err();
    assert_eq!(ghost.operation(), Some("image_create"), "{ghost}");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask test"]
async fn command_in_a_running_container_returns_status_and_streams() {
    let engine = Engine::under_test().await;
    let container = engine.running().await;
    let docker: DockerClient = engine.direct();
    let container = docker.container(container.id());
    let output = container.command("sh").args(["-c", "cat; echo err >&2; exit 3"]).input("in").output().await.unwrap();
    let code = (version() > ApiVersion::new(1, 15)).then_some(3);
    assert_eq!((output.status.code(), &*output.stdout_text(), &*output.stderr_text()), (code, "in", "err\n"));
}
