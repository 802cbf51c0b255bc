//! Running containers, their output, and events.

use std::time::Duration;

use dockerclient::{DockerClient, containers::Container};
use tokio::io::AsyncWriteExt as _;

use crate::relay;

/// Connects to the engine through a named pipe.
pub(crate) fn connect() -> DockerClient {
    DockerClient::builder().address(relay::listen()).anonymous().build().unwrap()
}

/// Starts a container that runs until it is removed.
pub(crate) async fn running(docker: &DockerClient) -> Container {
    let container = docker.containers().create("busybox").cmd(["sleep", "1000"]).await.unwrap().container;
    container.start().await.unwrap();
    container
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask windows"]
async fn run_returns_output_and_exit_code() {
    let docker = connect();
    let output = docker.run("busybox").args(["sh", "-c", "echo out; echo err >&2; exit 3"]).output().await.unwrap();
    assert_eq!((output.stdout_text(), output.stderr_text()), ("out\n".into(), "err\n".into()));
    assert_eq!(output.status.code(), Some(3));
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask windows"]
async fn run_reads_its_input_until_eof() {
    let mut cat = connect().run("busybox").arg("cat").stdin(true).kill_on_drop(true).spawn().await.unwrap();
    let mut stdin = cat.stdin.take().unwrap();
    stdin.write_all(b"hello\n").await.unwrap();
    drop(stdin);
    assert_eq!(cat.wait_with_output().await.unwrap().stdout_text(), "hello\n");
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask windows"]
async fn exec_input_and_output_of_two_megabytes() {
    let docker = connect();
    let container = running(&docker).await;
    let input = "0123456789abcdef\n".repeat(123_456);
    let output = container.command("sh").args(["-c", "cat; echo end"]).input(input.clone()).output().await.unwrap();
    assert!(output.stdout_text() == input + "end\n", "{} bytes", output.stdout.len());
    container.remove().force(true).await.unwrap();
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask windows"]
async fn logs_are_followed_until_the_container_exits() {
    let docker = connect();
    let script = "for i in 1 2 3; do echo $i; sleep 0.1; done";
    let container = docker.run("busybox").args(["sh", "-c", script]).auto_remove(false).detach().await.unwrap();
    let logs = container.logs().follow(true).await.unwrap().capture().await.unwrap();
    assert_eq!(logs.stdout, b"1\n2\n3\n");
    container.remove().await.unwrap();
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask windows"]
async fn events_are_streamed_as_they_happen() {
    let docker = connect();
    let mut events = docker.events().await.unwrap();
    let container = running(&docker).await;
    container.remove().force(true).await.unwrap();
    let mut actions = Vec::new();
    while actions.last().is_none_or(|action| action != "destroy") {
        let event = events.try_next().await.unwrap().unwrap();
        if event.id == container.id() {
            actions.push(event.action.to_string());
        }
    }
    assert_eq!([&actions[..2], &actions[actions.len() - 1..]].concat(), ["create", "start", "destroy"]);
}

#[tokio::test]
#[ignore = "needs an engine: cargo xtask windows"]
async fn concurrent_calls_wait_for_a_busy_pipe() {
    let docker = DockerClient::builder().address(relay::listen()).connect_timeout(Duration::from_secs(60));
    let docker = docker.build().unwrap();
    let calls = (0..30).map(|_| tokio::spawn(docker.containers().list().send()));
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
}
