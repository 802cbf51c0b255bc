//! The simulated operations, called through the client of this project.

#![allow(clippy::unwrap_used)] // a panic fails the test

use std::io::Read as _;

use dockerclient::{
    ApiVersion, DockerClient, LogOutput,
    containers::{Container, CreateContainer},
    session::Session,
    system::EventStream,
};
use dockerclient_testkit::{FakeEngine, Image, Latch, Program, Usage};
use futures_util::TryStreamExt as _;
use tokio::io::AsyncWriteExt as _;

mod builds;
mod configs;
mod files;
mod networks;
mod plugins;
mod run;
mod secrets;
mod swarm;
mod unsupported;
mod update_and_prune;
mod volumes;
mod waits;

/// Creates a container of busybox that runs `script` in its shell.
fn shell(docker: &DockerClient, script: &str) -> CreateContainer {
    docker.containers().create("busybox").cmd(["sh", "-c", script])
}

/// Runs a container until it exits, and returns its stdout.
async fn logged(container: &Container) -> String {
    container.start().await.unwrap();
    container.wait().await.unwrap();
    let logs = container.logs().await.unwrap();
    let output = logs.try_collect::<Vec<LogOutput>>().await.unwrap();
    let stdout = output.iter().filter_map(|output| match output {
        LogOutput::Stdout(bytes) => Some(String::from_utf8_lossy(bytes)),
        _ => None,
    });
    stdout.collect()
}

/// Returns the events up to `last`, for example `container start`.
async fn actions(events: &mut EventStream, last: &str) -> Vec<String> {
    let mut actions = Vec::new();
    while actions.last().is_none_or(|actions| actions != last) {
        let event = events.try_next().await.unwrap().unwrap();
        actions.push(format!("{} {}", event.kind.as_str(), event.action));
    }
    actions
}

fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, content.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap()
}

/// The files of an archive and their contents.
fn unpacked(archive: &[u8]) -> Vec<(String, String)> {
    let mut archive = tar::Archive::new(archive);
    let mut files = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let (mut content, name) = (String::new(), entry.path().unwrap().display().to_string());
        entry.read_to_string(&mut content).unwrap();
        files.push((name, content));
    }
    files
}

#[tokio::test]
async fn container_lifecycle_output_and_exit_code() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.18");
    let container = shell(&docker, "echo out; echo err >&2; exit 7").await.unwrap();
    container.start().await.unwrap();
    let output: Vec<LogOutput> = container.logs().follow(true).await.unwrap().try_collect().await.unwrap();
    assert_eq!(output, [LogOutput::Stdout("out\n".into()), LogOutput::Stderr("err\n".into())]);
    assert_eq!(container.wait().await.unwrap().code(), Some(7));
    container.remove().await.unwrap();
    assert!(container.try_inspect().await.unwrap().is_none());
}

#[tokio::test]
async fn in_memory_local_and_tcp_share_one_engine() {
    let engine = FakeEngine::new();
    let container = engine.client("1.18").containers().create("busybox").cmd(["true"]).await.unwrap();
    for address in [engine.address(), engine.tcp_address()] {
        let docker = DockerClient::builder().address(address).api_version(ApiVersion::new(1, 18)).build().unwrap();
        let prefix = &container.id()[..12];
        assert_eq!(docker.container(prefix).inspect().await.unwrap().id, container.id());
    }
}

#[tokio::test]
async fn attached_program_reads_stdin_and_writes_stdout() {
    let greeter = Program::new(|process| async move {
        let name = process.read_line().await.unwrap_or_default();
        process.out("hello ");
        process.out(name);
        7
    });
    let engine = FakeEngine::builder().image(Image::new("greeter").program(["greet"], greeter)).build();
    let docker = engine.client("1.18");
    let container = docker.containers().create("greeter").cmd(["greet"]).stdin(true).await.unwrap();
    let Session { mut input, output, .. } = container.attach().stdin(true).await.unwrap();
    container.start().await.unwrap();
    input.write_all(b"world\n").await.unwrap();
    let captured = output.capture().await.unwrap();
    assert_eq!(captured.stdout, b"hello world\n");
    assert_eq!(container.wait().await.unwrap().code(), Some(7));
}

#[tokio::test]
async fn stats_contain_the_usage_of_the_program() {
    let latch = Latch::new();
    let latch_of_program = latch.clone();
    let busy = Program::new(move |process| {
        let latch = latch_of_program.clone();
        async move {
            process.set_usage(Usage::new().memory(5));
            latch.opened().await;
            process.set_usage(Usage::new().memory(6));
            std::future::pending().await
        }
    });
    let engine = FakeEngine::builder().image(Image::new("busy").cmd(["work"]).program(["work"], busy)).build();
    let docker = engine.client("1.18");
    let container = docker.containers().create("busy").await.unwrap();
    container.start().await.unwrap();
    let mut stats = container.stats().await.unwrap();
    assert_eq!(stats.try_next().await.unwrap().unwrap().memory_stats.usage, 5);
    latch.open();
    while stats.try_next().await.unwrap().unwrap().memory_stats.usage != 6 {}
}

#[tokio::test]
async fn stop_waits_only_for_programs_that_trap_the_signal() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.18");
    for (script, code) in [("trap 'exit 3' TERM; sleep 1000", 3), ("sleep 1000", 137)] {
        let container = shell(&docker, script).await.unwrap();
        container.start().await.unwrap();
        container.stop().await.unwrap();
        assert_eq!(container.wait().await.unwrap().code(), Some(code), "{script}");
    }
}

#[tokio::test]
async fn state_survives_kill_and_start() {
    let engine = FakeEngine::new();
    let docker = engine.client("1.18");
    let container = shell(&docker, "sleep 1000").await.unwrap();
    container.start().await.unwrap();
    let by_port = DockerClient::builder().address(engine.tcp_address()).build().unwrap();
    by_port.ping().await.unwrap();
    engine.kill();
    assert!(docker.ping().await.is_err());
    assert!(by_port.ping().await.is_err());
    engine.start();
    engine.kill();
    engine.start();
    assert!(container.is_running().await.unwrap());
    assert!(by_port.container(container.id()).is_running().await.unwrap());
}

#[tokio::test]
async fn pull_from_and_push_to_the_registry() {
    let engine = FakeEngine::builder().without_images().in_registry(Image::new("shop:2")).build();
    let docker = engine.client("1.18");
    assert!(docker.image("other:1").pull().await.unwrap_err().is_not_found());
    docker.image("shop:2").pull().await.unwrap();
    docker.image("shop:2").tag("mine:3").await.unwrap();
    docker.image("mine:3").push().await.unwrap();
    docker.image("mine:3").remove().await.unwrap();
    docker.image("mine:3").pull().await.unwrap();
    assert!(docker.image("mine:3").try_inspect().await.unwrap().is_some());
}
