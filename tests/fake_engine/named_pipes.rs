//! Named pipes on Windows.

use std::{process, time::Duration};

use dockerclient::{ApiVersion, DockerClient, DockerClientBuilder};
use dockerclient_testkit::{FakeEngine, Image, Latch, Program};
use futures_util::future::join_all;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::windows::named_pipe::{ClientOptions, NamedPipeServer, PipeMode, ServerOptions},
    time::{sleep, timeout},
};

use crate::faults::connect_error;

/// A short time limit.
const SOON: Duration = Duration::from_millis(50);

fn builder(address: &str) -> DockerClientBuilder {
    DockerClient::builder().address(address).api_version(ApiVersion::new(1, 41)).anonymous()
}

fn docker(address: &str) -> DockerClient {
    builder(address).build().unwrap()
}

/// A pipe that one client at a time can connect to, and its path and address.
fn pipe_for_one_client(name: &str) -> (NamedPipeServer, String, String) {
    let name = format!("dockerclient-{}-{name}", process::id());
    let path = format!(r"\\.\pipe\{name}");
    let server = ServerOptions::new().pipe_mode(PipeMode::Message).max_instances(1).create(&path).unwrap();
    (server, path, format!("npipe:////./pipe/{name}"))
}

#[tokio::test]
async fn calls_over_a_named_pipe() {
    let engine = FakeEngine::new();
    assert!(engine.address().starts_with("npipe:////./pipe/"), "{}", engine.address());
    let docker = docker(&engine.address());
    docker.ping().await.unwrap();
    assert!(docker.image("busybox").exists().await.unwrap());
    assert_eq!(engine.connections_opened(), 1, "the connection is reused");
    drop(docker);
    engine.all_connections_closed().await;
}

#[tokio::test]
async fn named_pipe_address_with_backslashes() {
    let engine = FakeEngine::new();
    let address = engine.address().replace("//./pipe/", r"\\.\pipe\");
    assert!(address.starts_with(r"npipe://\\.\pipe\"), "{address}");
    docker(&address).ping().await.unwrap();
}

#[tokio::test]
async fn many_concurrent_named_pipe_connections() {
    const STREAMS: usize = 60;
    let engine = FakeEngine::new();
    let docker = docker(&engine.address());
    let streams = join_all((0..STREAMS).map(|_| docker.events().send())).await;
    assert!(streams.iter().all(Result::is_ok), "{streams:?}");
    assert!(engine.connections_opened() >= STREAMS, "{}", engine.connections_opened());
    let calls = join_all((0..100).map(|_| docker.info().send())).await;
    assert!(calls.iter().all(Result::is_ok), "{calls:?}");
    drop((streams, docker));
    engine.all_connections_closed().await;
}

#[tokio::test]
async fn exec_over_a_named_pipe_half_closes_stdin() {
    let engine = FakeEngine::new();
    let docker = docker(&engine.address());
    let container = docker.containers().create("busybox").cmd(["sleep", "1000"]).await.unwrap();
    container.start().await.unwrap();
    let shell = |input: &'static str| container.command("sh").args(["-c", "cat; echo end"]).input(input).output();
    for (input, output) in [("", "end\n"), ("hello\n", "hello\nend\n")] {
        assert_eq!(shell(input).await.unwrap().stdout_text(), output);
    }
}

#[tokio::test]
async fn log_stream_over_a_named_pipe_follows_the_output() {
    let done = Latch::new();
    let program = Program::printing("first\n").and_then(Program::printing("second\n").after(&done));
    let engine = FakeEngine::builder().image(Image::new("job:1").program(["run"], program)).build();
    let docker = docker(&engine.address());
    let container = docker.containers().create("job:1").cmd(["run"]).await.unwrap();
    container.start().await.unwrap();
    let mut lines = container.logs().follow(true).await.unwrap().lines();
    assert_eq!(lines.try_next().await.unwrap().unwrap().text(), "first");
    assert!(timeout(SOON, lines.try_next()).await.is_err());
    done.open();
    assert_eq!(lines.try_next().await.unwrap().unwrap().text(), "second");
    assert!(lines.try_next().await.unwrap().is_none());
}

#[tokio::test]
async fn dropped_stream_closes_its_named_pipe() {
    let engine = FakeEngine::new();
    let docker = docker(&engine.address());
    drop((docker.events().await.unwrap(), docker));
    engine.all_connections_closed().await;
}

#[tokio::test]
async fn killed_engine_is_a_connect_error_until_it_restarts() {
    let engine = FakeEngine::new();
    let docker = docker(&engine.address());
    docker.info().await.unwrap();
    engine.kill();
    // The runtime closes the pipe a moment later.
    let error = loop {
        match docker.info().await {
            Err(error) if error.is_connect() => break error,
            _ => sleep(Duration::from_millis(5)).await,
        }
    };
    let expected = format!("cannot connect to the Docker daemon at {}: ", engine.address());
    assert!(error.to_string().contains(&expected), "{error}");
    engine.start();
    docker.info().await.unwrap();
}

#[tokio::test]
async fn missing_named_pipe_is_a_connect_error() {
    let error = connect_error("npipe:////./pipe/dockerclient-nowhere").await;
    let expected = "cannot connect to the Docker daemon at npipe:////./pipe/dockerclient-nowhere: ";
    assert!(error.to_string().contains(expected), "{error}");
}

#[tokio::test]
async fn busy_named_pipe_is_waited_for() {
    let (mut server, path, address) = pipe_for_one_client("busy");
    let other = ClientOptions::new().open(&path).unwrap();
    server.connect().await.unwrap();
    let docker = docker(&address);
    let mut info = Box::pin(docker.info().send());
    assert!(timeout(SOON, &mut info).await.is_err(), "the pipe is busy");
    let serve = async {
        drop(other);
        server.disconnect().unwrap();
        server.connect().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(server.read_u8().await.unwrap());
        }
        server.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{\"Containers\":7}").await.unwrap();
    };
    let (info, ()) = tokio::join!(info, serve);
    assert_eq!(info.unwrap().containers, 7);
}

#[tokio::test]
async fn connect_timeout_applies_to_a_busy_named_pipe() {
    let (server, path, address) = pipe_for_one_client("full");
    let _other = ClientOptions::new().open(&path).unwrap();
    server.connect().await.unwrap();
    let error = builder(&address).connect_timeout(SOON).build().unwrap().info().await.unwrap_err();
    assert!(error.is_timeout() && error.is_connect() && !error.may_have_been_executed(), "{error}");
    assert!(error.to_string().ends_with(" after 50ms (connect_timeout)"), "{error}");
}

#[cfg(any(feature = "tls", feature = "tls-aws-lc-rs"))]
#[test]
fn tls_with_a_named_pipe_is_an_error() {
    use crate::addresses::build_error;
    use dockerclient::Tls;

    let error = build_error(DockerClient::builder().address("npipe:////./pipe/docker_engine").tls(Tls::default()));
    assert_eq!(error, "TLS was configured, but npipe:////./pipe/docker_engine does not use TLS");
}

#[cfg(feature = "buildkit")]
#[tokio::test]
async fn ssh_keys_of_builds_are_errors_on_windows() {
    use dockerclient::Upload;

    let engine = FakeEngine::new();
    let images = engine.client("1.41").images();
    let build = images.build(Upload::from(Vec::new())).build_kit(true).ssh_key("default", "key");
    assert_eq!(
        build.await.unwrap_err().to_string(),
        "failed to build image: ssh_key is not supported on this system: add the key to the SSH agent with `ssh-add`, \
         and use ssh_agent"
    );
}
