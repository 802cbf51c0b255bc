//! Deploys a service, scales and updates it, prints its logs, and removes it: `cargo run --example service`.
//!
//! Needs an engine that is a swarm manager, for example after `docker swarm init`. Waits at most a minute for each step.

use std::{process, time::Duration};

use dockerclient::{DockerClient, Result, models::TaskState, services::Service};

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
    wait(docker, service, 2).await?;
    service.scale(3).await?;
    wait(docker, service, 3).await?;
    service.update(|spec| spec.container_mut().env = vec!["GREETING=goodbye".into()]).await?;
    wait(docker, service, 3).await?;
    for task in docker.tasks().list().service(service.id()).await? {
        println!("task {}.{}: {:?} {}", task.slot, task.id, task.status.state, task.status.err);
    }
    let output = service.logs().tail(10).await?.capture().await?;
    print!("{}", output.stdout_text());
    Ok(())
}

/// Waits until all tasks of the current configuration run, `count` in total.
async fn wait(docker: &DockerClient, service: &Service, count: usize) -> Result<()> {
    let wanted = service.inspect().await?.spec.task_template.container_spec.unwrap_or_default().env;
    for _ in 0..300 {
        let tasks = docker.tasks().list().service(service.id()).desired_state(TaskState::Running).await?;
        let is_done = tasks.iter().all(|task| {
            let env = task.spec.container_spec.as_ref().map(|container| &container.env);
            task.status.state == Some(TaskState::Running) && env == Some(&wanted)
        });
        if is_done && tasks.len() == count {
            println!("{count} tasks are running");
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    eprintln!("the tasks are not running after a minute");
    Ok(())
}
