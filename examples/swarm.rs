//! Deploys a service on a swarm, scales it, rolls out an update, and watches it in the terminal:
//! `cargo run --example swarm`.
//!
//! Needs an engine that is a swarm manager, for example after `docker swarm init`. Removes the service at the end:
//! with Ctrl-C, or after a failure.

use std::{
    error::Error,
    io::{self, IsTerminal as _},
    time::Duration,
};

use dockerclient::{ApiVersion, DockerClient, models, monitor::ServiceUpdate, services::Service};

/// Name of the service.
const NAME: &str = "greeter";

/// Program of the service. Exits at once when it is stopped.
const SCRIPT: &str = "echo $GREETING; trap 'exit 0' TERM; while true; do sleep 0.2; done";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let docker = DockerClient::from_env()?;
    if !docker.info().await?.swarm.control_available {
        return Err("the engine is not a swarm manager; `docker swarm init` creates a swarm".into());
    }
    Ok(deploy(&docker).await?)
}

/// Creates the service, scales it, updates it, and removes it.
async fn deploy(docker: &DockerClient) -> dockerclient::Result<()> {
    let create = docker.services().create("busybox").name(NAME).env("GREETING", "hello").cmd(["sh", "-c", SCRIPT]);
    let service = create.replicas(2).await?;
    service.warnings.iter().for_each(|warning| eprintln!("{warning}"));
    let roll_out = async {
        show_progress(&service).await?;
        service.scale(4).await?;
        show_progress(&service).await?;
        service.update(|spec| spec.container_mut().env = vec!["GREETING=goodbye".into()]).await?;
        show_progress(&service).await?;
        watch(docker, &service).await
    };
    let outcome = tokio::select! { outcome = roll_out => outcome, _ = tokio::signal::ctrl_c() => Ok(()) };
    service.remove().await.or_else(ignore_not_found)?;
    outcome
}

/// Displays the tasks of the service until it has converged. On a terminal, each display replaces the one before.
async fn show_progress(service: &Service) -> dockerclient::Result<()> {
    let mut lines = 0;
    let mut progress = service.wait_until_converged().progress().await?;
    while let Some(item) = progress.try_next().await? {
        if lines > 0 && io::stdout().is_terminal() {
            print!("\x1b[{lines}F\x1b[J"); // moves the cursor up, and clears the screen from there
        }
        println!("-- {:.70}", item.to_string());
        for task in &item.tasks {
            let state = task.state.as_ref().map(ToString::to_string).unwrap_or_default();
            println!("{:.79}", format!("{NAME}.{} {:.12} {state} {}", task.slot, task.id, task.error));
        }
        lines = 1 + item.tasks.len();
    }
    Ok(())
}

/// Prints each change of the service, until it is removed.
async fn watch(docker: &DockerClient, service: &Service) -> dockerclient::Result<()> {
    println!("-- watching: try `docker service scale {NAME}=1`; Ctrl-C removes the service");
    let mut updates = docker.services().monitor().id(service.id());
    if docker.api_version().await? >= ApiVersion::new(1, 41) {
        updates = updates.status(true).poll_interval(Duration::from_secs(1)); // numbers of tasks have no events
    }
    while let Some(update) = updates.next().await {
        match update {
            ServiceUpdate::Changed(service) => println!("{}", describe(&service)),
            ServiceUpdate::Removed(_) => break,
            ServiceUpdate::Disconnected { error, retry_in: None } => return Err(error),
            ServiceUpdate::Disconnected { error, .. } => println!("{error}"),
            _ => {}
        }
    }
    Ok(())
}

/// The number of tasks of a service and the state of its last update, as far as they are known.
fn describe(service: &models::Service) -> String {
    let tasks = service.service_status.as_ref();
    let tasks = tasks.map(|tasks| format!("{} of {} tasks are running", tasks.running_tasks, tasks.desired_tasks));
    let update = service.update_status.as_ref().map(|update| update.message.clone());
    tasks.into_iter().chain(update).collect::<Vec<_>>().join("; ")
}

/// Ignores that another program has removed the service.
fn ignore_not_found(error: dockerclient::Error) -> dockerclient::Result<()> {
    if error.is_not_found() { Ok(()) } else { Err(error) }
}
