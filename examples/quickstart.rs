//! Runs a container, and prints its output, its exit code and its events: `cargo run --example quickstart`.
//!
//! Needs an engine; `cargo xtask demo` starts one if there is none. Pulls `busybox` if the engine does not have it.

use std::process;

use dockerclient::{ApiVersion, DockerClient, LogOutput, Timestamp, containers::Container};

#[tokio::main]
async fn main() -> dockerclient::Result<()> {
    let docker = DockerClient::from_env()?;
    let (engine, api) = (docker.version().await?, docker.api_version().await?);
    println!("engine {} on {}, API {api}", engine.version, engine.os);

    for container in docker.containers().list().all(true).await? {
        println!("container {:.12}  {}  {}", container.id, container.image, container.status);
    }
    for image in docker.images().list().await? {
        println!("image {}  {} bytes", image.repo_tags.join(" "), image.total_size());
    }

    let busybox = docker.image("busybox");
    if !busybox.exists().await? {
        println!("pulling {}", busybox.name());
        busybox.pull().await?;
    }

    let began = Timestamp::now();
    let mut create = docker
        .containers()
        .create("busybox")
        .name(format!("quickstart-{}", process::id()))
        .cmd(["sh", "-c", "echo to stdout; echo to stderr >&2; exit 7"])
        .env("GREETING", "hello")
        .bind("/tmp", "/host:ro");
    if api >= ApiVersion::new(1, 18) {
        create = create.label("purpose", "quickstart");
    }
    let container = create.await?;
    println!("created {}", container.id());

    let outcome = run(&container).await;
    // The container is removed even if something failed.
    container.stop().await?;
    container.remove().force(true).volumes(true).await?;
    outcome?;

    let mut events = docker.events().since(began).until(Timestamp::now()).await?;
    while let Some(event) = events.try_next().await? {
        println!("event {}  {} {}", event.time, event.kind.as_str(), event.action);
    }
    Ok(())
}

/// Starts the container, and prints its output and its exit status.
async fn run(container: &Container) -> dockerclient::Result<()> {
    container.start().await?;
    let mut logs = container.logs().follow(true).await?;
    while let Some(output) = logs.try_next().await? {
        match output {
            LogOutput::Stderr(_) => eprint!("{output}"),
            _ => print!("{output}"),
        }
    }
    println!("{}", container.wait().await?);
    Ok(())
}
