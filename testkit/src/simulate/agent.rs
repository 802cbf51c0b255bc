//! The agent of the nodes of the swarm: runs the orchestrator, and the containers of its tasks.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::time::{self, Instant};

use super::{lifecycle, progress};
use crate::{
    api_error::Result,
    server::Server,
    state::{
        SharedState, State,
        container::Container,
        files::File,
        swarm::{Host, Swarm, orchestrator::Action, task_container::Plan},
    },
};

/// The time that responses wait for the swarm to settle.
const SETTLE_TIMEOUT: Duration = Duration::from_secs(1);

/// Runs the agent as a task, unless it runs.
pub(super) fn ensure_running(server: &Arc<Server>) {
    server.run_agent(|| run(Arc::clone(server)));
}

/// Waits until the tasks of services that were changed run, or cannot run without something else happening before. A
/// program that is stopped and traps the signal is not waited for indefinitely.
pub(super) async fn settle(server: &Arc<Server>) {
    ensure_running(server);
    let settled = server.state.wait_until(|state| state.swarm_is_settled().then_some(()));
    let _ = time::timeout(SETTLE_TIMEOUT, settled).await;
}

async fn run(server: Arc<Server>) {
    loop {
        let (actions, deadline) = server.state.update(|state| state.orchestrate(Instant::now()));
        if actions.is_empty() {
            let changed = server.state.wait_until(|state| state.swarm_has_work().then_some(()));
            match deadline {
                // The orchestrator runs again in any case.
                Some(deadline) => drop(time::timeout_at(deadline, changed).await),
                None => changed.await,
            }
        }
        for action in actions {
            perform(&server, action).await;
        }
    }
}

async fn perform(server: &Arc<Server>, action: Action) {
    match action {
        Action::Prepare(task) => {
            let plan = server.state.read(|state| state.swarm.as_ref().and_then(|swarm| swarm.container_plan(&task)));
            if let Some(plan) = plan {
                let created = host_state(server, &plan.host).update(|state| create(state, plan));
                report(server, |swarm| swarm.task_prepared(&task, created.map_err(|error| error.message)));
            }
        }
        Action::Start(task) => {
            if let Some((host, container, _)) = container_of(server, &task) {
                let host = host_state(server, &host);
                let started = lifecycle::run_in(server, &host, &container).await;
                let code = host.read(|state| state.container(&container).map_or(0, |container| container.code));
                report(server, |swarm| swarm.task_started(&task, code, started.map_err(|error| error.message)));
            }
        }
        Action::Stop(task) => {
            if let Some((host, container, timeout)) = container_of(server, &task) {
                let host = host_state(server, &host);
                server.spawn_program(async move { lifecycle::end(&host, &container, timeout).await });
            }
        }
        Action::Remove { node, container } => {
            let host = server.state.read(|state| Some(state.swarm.as_ref()?.node(&node)?.host.clone()));
            if let Some(host) = host {
                remove(&host_state(server, &host), &container);
            }
        }
    }
}

fn container_of(server: &Server, task: &str) -> Option<(Host, String, i64)> {
    server.state.read(|state| state.swarm.as_ref()?.container_of(task))
}

fn report(server: &Server, change: impl FnOnce(&mut Swarm)) {
    server.state.update(|state| {
        if let Some(swarm) = &mut state.swarm {
            change(swarm);
        }
        state.publish_swarm_events();
    });
}

fn host_state(server: &Server, host: &Host) -> Arc<SharedState> {
    match host {
        Host::Engine => Arc::clone(&server.state),
        Host::Other(state) => Arc::clone(state),
    }
}

/// Creates the container of a task, and pulls its image if the node does not have it.
fn create(state: &mut State, plan: Plan) -> Result<String> {
    let Plan { name, image, config, mut host_config, networks, files, .. } = plan;
    for network in networks {
        if state.network(&network.id).is_err() && network.is_of_swarm() {
            state.networks.push(network);
        }
    }
    let unpinned = image.split('@').next().unwrap_or_default();
    if state.image(unpinned).is_err() {
        // If this fails, the error is that there is no such image.
        let _ = progress::pull_image(state, unpinned, "");
    }
    (host_config["IpcMode"], host_config["Runtime"]) = (json!("private"), json!("runc"));
    let id = state.add_container(Some(&name), config, host_config)?;
    let container = state.container_mut(&id)?;
    container.config["Image"] = json!(image);
    container.image_name = image;
    state.change_files(&id, |all| {
        for (path, content) in files {
            all.put(&path, File::regular(content));
        }
    })?;
    Ok(id)
}

/// Removes a container, even if it runs.
fn remove(state: &SharedState, container: &str) {
    if state.read(|state| state.container(container).is_ok_and(Container::is_running)) {
        lifecycle::signal(state, container, "KILL");
    }
    state.update(|state| state.remove_container(container, true));
}

/// Removes the containers of all tasks of a swarm that the engine has left.
pub(super) fn clean_up(server: &Server, swarm: &Swarm) {
    for node in &swarm.nodes {
        remove_tasks(server, &node.host);
    }
}

/// Removes the containers of all tasks on a node.
pub(super) fn remove_tasks(server: &Server, host: &Host) {
    let host = host_state(server, host);
    let of_task = |state: &State| -> Vec<String> {
        let label = "com.docker.swarm.task.id";
        let of_tasks = state.containers.iter().filter(|container| container.config["Labels"][label].is_string());
        of_tasks.map(|container| container.id.clone()).collect()
    };
    for container in host.read(of_task) {
        remove(&host, &container);
    }
}
