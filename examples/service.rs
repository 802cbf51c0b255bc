//! Deploys a service, scales and updates it, prints its logs, and removes it: `cargo run --example service`.
//!
//! Needs an engine that is a swarm manager, for example after `docker swarm init`. Waits at most a minute for each step.

use std::{process, time::Duration};

use dockerclient::{DockerClient, Result, services::Service};

#[tokio::main]
async fn main() -> Result<()> {
    let docker = DockerClient::from_env()?;
    let script = "echo $GREETING from $HOSTNAME; trap 'exit 0' TERM; while true; do sleep 0.2; done";
    let create = docker.services().create("busybox").name(format!("greeter-{}", process::id()));
    let service = create.replicas(2).env("GREETING", "hello").cmd(["sh", "-c", script]).await?;
    for warning in &service.warnings {
        eprintln!("{warning}");
    }
    println!("created {}", service.id());

    let outcome = run(&docker, &service).await;
    // The service is removed even if something failed.
    service.remove().await?;
    outcome
}

/// Scales and updates the service, and prints its tasks and their output.
async fn run(docker: &DockerClient, service: &Service) -> Result<()> {
    converge(service).await?;
    service.scale(3).await?;
    converge(service).await?;
    service.update(|spec| spec.container_mut().env = vec!["GREETING=goodbye".into()]).await?;
    converge(service).await?;
    if let Some(update) = service.inspect().await?.update_status {
        println!("{}", update.message);
    }
    for task in docker.tasks().list().service(service.id()).await? {
        println!("task {}.{}: {:?} {}", task.slot, task.id, task.status.state, task.status.err);
    }
    let mut lines = service.logs().details(true).tail(10).await?.lines();
    while let Some(line) = lines.try_next().await? {
        println!("{} | {}", line.task_id().unwrap_or_default(), line.text());
    }
    Ok(())
}

/// Waits until all tasks of the current configuration run.
async fn converge(service: &Service) -> Result<()> {
    let progress = service.wait_until_converged().time_limit(Duration::from_secs(60)).await?;
    println!("{progress}");
    Ok(())
}
