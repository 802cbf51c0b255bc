//! The double does what an engine does, seen by the client of this project.

#![allow(clippy::unwrap_used)] // in a test, a panic is a report

use std::io::Read as _;

use dockerclient::{
    ApiVersion, DockerClient, Output,
    containers::{AttachOptions, Container, CreateOptions, LogsOptions, RemoveOptions, StopOptions},
    images::{self, PullOptions, PushOptions, TagOptions},
    models::ContainerConfig,
    session::Session,
    system::Events,
};
use dockerclient_testkit::{Engine, Gate, Image, Program, Usage};
use futures_util::TryStreamExt as _;
use tokio::io::AsyncWriteExt as _;

mod builds;
mod files;
mod networks;
mod upkeep;
mod volumes;
mod waits;

fn config(command: &str) -> ContainerConfig {
    ContainerConfig { image: "busybox".into(), cmd: ["sh", "-c", command].map(Into::into).into(), ..Default::default() }
}

/// Runs a container to its end, and returns what it wrote to stdout.
async fn logged(container: &Container) -> String {
    container.start().await.unwrap();
    container.wait().await.unwrap();
    let logs = container.logs(&LogsOptions::default()).await.unwrap();
    let output = logs.try_collect::<Vec<Output>>().await.unwrap();
    let stdout = output.iter().filter_map(|output| match output {
        Output::Stdout(bytes) => Some(String::from_utf8_lossy(bytes)),
        _ => None,
    });
    stdout.collect()
}

/// What happens until this does, as `container start`.
async fn actions(events: &mut Events, last: &str) -> Vec<String> {
    let mut told = Vec::new();
    while told.last().is_none_or(|told| told != last) {
        let event = events.try_next().await.unwrap().unwrap();
        told.push(format!("{} {}", event.kind.as_str(), event.action));
    }
    told
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

/// The files of an archive, and what is in them.
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
async fn a_container_lives_writes_and_ends_with_its_code() {
    let engine = Engine::new();
    let docker = engine.client("1.18");
    let options = CreateOptions::new(config("echo out; echo err >&2; exit 7"));
    let container = docker.containers().create(&options).await.unwrap().container;
    container.start().await.unwrap();
    let output: Vec<Output> =
        container.logs(&LogsOptions::default().follow()).await.unwrap().try_collect().await.unwrap();
    assert_eq!(output, [Output::Stdout("out\n".into()), Output::Stderr("err\n".into())]);
    assert_eq!(container.wait().await.unwrap().code, 7);
    container.remove(&RemoveOptions::default()).await.unwrap();
    assert!(container.find().await.unwrap().is_none());
}

#[tokio::test]
async fn it_is_the_same_engine_in_memory_on_a_socket_and_on_a_port() {
    let engine = Engine::new();
    let container = engine.client("1.18").containers().create(&CreateOptions::new(config("true"))).await.unwrap();
    for address in [engine.address(), engine.tcp_address()] {
        let docker = DockerClient::builder().address(address).api_version(ApiVersion::new(1, 18)).build().unwrap();
        let prefix = &container.container.id()[..12];
        assert_eq!(docker.container(prefix).inspect().await.unwrap().id, container.container.id());
    }
}

#[tokio::test]
async fn an_attached_program_reads_what_is_typed_and_answers() {
    let greeter = Program::new(|process| async move {
        let name = process.read_line().await.unwrap_or_default();
        process.out("hello ");
        process.out(name);
        7
    });
    let engine = Engine::builder().image(Image::new("greeter").program(["greet"], greeter)).build();
    let docker = engine.client("1.18");
    let config = ContainerConfig {
        image: "greeter".into(),
        cmd: vec!["greet".into()],
        open_stdin: true,
        stdin_once: true,
        ..Default::default()
    };
    let container = docker.containers().create(&CreateOptions::new(config)).await.unwrap().container;
    let Session { mut input, output, .. } = container.attach(&AttachOptions::default().stdin()).await.unwrap();
    container.start().await.unwrap();
    input.write_all(b"world\n").await.unwrap();
    let captured = output.capture().await.unwrap();
    assert_eq!(captured.stdout, b"hello world\n");
    assert_eq!(container.wait().await.unwrap().code, 7);
}

#[tokio::test]
async fn statistics_come_as_the_program_tells_them() {
    let gate = Gate::new();
    let told = gate.clone();
    let busy = Program::new(move |process| {
        let told = told.clone();
        async move {
            process.uses(Usage::new().memory(5));
            told.opened().await;
            process.uses(Usage::new().memory(6));
            std::future::pending().await
        }
    });
    let engine = Engine::builder().image(Image::new("busy").cmd(["work"]).program(["work"], busy)).build();
    let docker = engine.client("1.18");
    let config = ContainerConfig { image: "busy".into(), ..Default::default() };
    let container = docker.containers().create(&CreateOptions::new(config)).await.unwrap().container;
    container.start().await.unwrap();
    let mut stats = container.stats().await.unwrap();
    assert_eq!(stats.try_next().await.unwrap().unwrap().memory_stats.usage, 5);
    gate.open();
    while stats.try_next().await.unwrap().unwrap().memory_stats.usage != 6 {}
}

#[tokio::test]
async fn who_listens_to_a_signal_ends_as_he_likes_and_who_does_not_is_killed_at_once() {
    let engine = Engine::new();
    let docker = engine.client("1.18");
    for (script, code) in [("trap 'exit 3' TERM; sleep 1000", 3), ("sleep 1000", 137)] {
        let container = docker.containers().create(&CreateOptions::new(config(script))).await.unwrap().container;
        container.start().await.unwrap();
        container.stop(&StopOptions::default()).await.unwrap();
        assert_eq!(container.wait().await.unwrap().code, code, "{script}");
    }
}

#[tokio::test]
async fn what_an_engine_has_outlives_that_it_is_killed() {
    let engine = Engine::new();
    let docker = engine.client("1.18");
    let container = docker.containers().create(&CreateOptions::new(config("sleep 1000"))).await.unwrap().container;
    container.start().await.unwrap();
    let by_port = DockerClient::builder().address(engine.tcp_address()).build().unwrap();
    by_port.ping().await.unwrap();
    engine.kill();
    assert!(docker.ping().await.is_err());
    assert!(by_port.ping().await.is_err());
    engine.start();
    engine.kill();
    engine.start();
    assert!(container.inspect().await.unwrap().state.running);
    assert!(by_port.container(container.id()).inspect().await.unwrap().state.running);
}

#[tokio::test]
async fn images_are_pulled_from_the_registry_and_pushed_to_it() {
    let engine = Engine::builder().without_images().in_registry(Image::new("shop:2")).build();
    let docker = engine.client("1.18");
    assert!(docker.image("other:1").pull(&PullOptions::default()).await.unwrap_err().is_not_found());
    docker.image("shop:2").pull(&PullOptions::default()).await.unwrap();
    docker.image("shop:2").tag(&TagOptions::new("mine").tag("3")).await.unwrap();
    docker.image("mine:3").push(&PushOptions::default()).await.unwrap();
    docker.image("mine:3").remove(&images::RemoveOptions::default()).await.unwrap();
    docker.image("mine:3").pull(&PullOptions::default()).await.unwrap();
    assert!(docker.image("mine:3").find().await.unwrap().is_some());
}
