//! Runs a container: its life from creation to removal, its output, its exit code, its events:
//! `cargo run --example quickstart`.
//!
//! Needs an engine; `cargo xtask demo` brings one if there is none. Pulls `busybox` if the engine has not got it.

use std::io::{self, Write as _};

use dockerclient::{
    ApiVersion, DockerClient, Output, Timestamp,
    containers::{self, Container, CreateOptions, LogsOptions, RemoveOptions, StopOptions},
    images,
    models::{ContainerConfig, HostConfig, RestartPolicy},
    system::EventsOptions,
};
use futures_util::TryStreamExt as _;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

#[tokio::main]
async fn main() -> Result<()> {
    let docker = DockerClient::from_env()?;
    let (engine, api) = (docker.version().await?, docker.api_version().await?);
    println!("engine {} on {}, API {api}", engine.version, engine.os);

    for container in docker.containers().list(&containers::ListOptions::default().all()).await? {
        println!("container {:.12}  {}  {}", container.id, container.image, container.status);
    }
    for image in docker.images().list(&images::ListOptions::default()).await? {
        println!("image {}  {} bytes", image.repo_tags.join(" "), image.virtual_size);
    }

    let busybox = docker.image("busybox");
    if busybox.find().await?.is_none() {
        println!("pulling {}", busybox.name());
        busybox.pull(&images::PullOptions::default()).await?;
    }

    let began = Timestamp::now();
    let mut config = ContainerConfig {
        image: "busybox".into(),
        cmd: ["sh", "-c", "echo to stdout; echo to stderr >&2; exit 7"].map(Into::into).into(),
        env: vec!["GREETING=hello".into()],
        ..Default::default()
    };
    if api >= ApiVersion::new(1, 18) {
        config.labels.insert("purpose".into(), "quickstart".into());
    }
    let host_config = HostConfig {
        binds: vec!["/tmp:/host:ro".into()],
        restart_policy: RestartPolicy { name: "no".into(), ..Default::default() },
        ..Default::default()
    };
    let options =
        CreateOptions::new(config).name(format!("quickstart-{}", std::process::id())).host_config(host_config);
    let container = docker.containers().create(&options).await?.container;
    println!("created {}", container.id());

    let outcome = run(&container).await;
    // Whatever happened in between, nothing is left behind.
    container.stop(&StopOptions::default()).await?;
    container.remove(&RemoveOptions::default().force().volumes()).await?;
    outcome?;

    let events = EventsOptions::default().since(began).until(Timestamp::now());
    let mut events = docker.events(&events).await?;
    while let Some(event) = events.try_next().await? {
        println!("event {}  {} {}", event.time, event.kind.as_str(), event.action);
    }
    Ok(())
}

/// Starts the container, shows its output until it ends, and tells how it ended.
async fn run(container: &Container) -> Result<()> {
    container.start().await?;
    let mut logs = container.logs(&LogsOptions::default().follow()).await?;
    while let Some(output) = logs.try_next().await? {
        match &output {
            Output::Stderr(bytes) => io::stderr().write_all(bytes)?,
            other => io::stdout().write_all(other.bytes())?,
        }
    }
    println!("exit code {}", container.wait().await?.code);
    Ok(())
}
