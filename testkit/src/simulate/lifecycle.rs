//! Starting, stopping, killing, pausing and removing containers.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::Value;

use super::Context;
use crate::{
    Response,
    api_error::{ApiError, Result},
    argv::Argv,
    program::{self, Key, Program},
    release::Release,
    server::Server,
    state::{SharedState, State, container::Container},
};

/// The stop timeout of a container that has none, in seconds.
const DEFAULT_STOP_TIMEOUT: i64 = 10;

pub(super) async fn start(context: Context) -> Result<Response> {
    let (server, call) = (&context.server, &context.call);
    if context.supported_query("checkpoint").is_some() {
        return Err(ApiError::new(400, "checkpoint is only supported in experimental mode"));
    }
    if !call.request.bytes.is_empty() {
        let host_config = context.body()?;
        if host_config.as_object().is_some_and(|fields| !fields.is_empty()) {
            server.state.update(|state| {
                let id = state.container(call.name())?.id.clone();
                state.add_mounts(&id, &host_config)?;
                let networks = state.endpoints_of(&host_config, &Value::Null);
                let container = state.container_mut(&id)?;
                let ipc = container.host_config["IpcMode"].clone();
                (container.host_config, container.networks) = (host_config, networks);
                container.host_config["IpcMode"] = ipc;
                Ok::<_, ApiError>(())
            })?;
        }
    }
    let id = server.state.read(|state| {
        let container = state.container(call.name())?;
        if container.paused {
            return Err(server.release.error(409, 500, "cannot start a paused container, try unpause instead"));
        }
        Ok((!container.is_running()).then(|| container.id.clone()))
    })?;
    let Some(id) = id else { return Ok(server.release.empty(304)) };
    if context.supported_query("checkpoint-dir").is_some() {
        // The engine has set up the container before it looks at the directory.
        server.state.update(|state| state.container_mut(&id).map(|container| container.set_up = true))?;
        return Err(ApiError::new(403, "custom checkpointdir is not supported"));
    }
    run(server, &id).await?;
    Ok(server.release.empty(204))
}

/// Starts a container that is not running.
pub(super) async fn run(server: &Arc<Server>, id: &str) -> Result<()> {
    run_in(server, &server.state, id).await
}

/// Starts a container of an engine with this state.
pub(super) async fn run_in(server: &Arc<Server>, state: &Arc<SharedState>, id: &str) -> Result<()> {
    let (program, argv, env) = state.update(|state| {
        let started = start_in(state, id);
        if started.is_err() {
            state.container_start_failed(id);
        }
        started
    })?;
    program::launch(server, state, Key::Container(id.to_owned()), &program, argv, env).await;
    Ok(())
}

/// Starts a container, and returns its program, arguments and environment.
fn start_in(state: &mut State, id: &str) -> Result<(Program, Argv, Vec<String>)> {
    let release = state.release;
    let container = state.container(id)?;
    let argv = container.argv.clone();
    let image = state.images.iter().find(|image| image.id == container.image);
    let Some(program) = image.and_then(|image| image.image.program_for(&argv)) else {
        let command = argv.first().cloned().unwrap_or_default();
        let container = state.container_mut(id)?;
        container.error = not_found(&command);
        container.code = 127;
        container.set_up = true;
        attach_all(state, id)?;
        state.volumes_mounted(id);
        state.detach_all(id);
        state.volumes_unmounted(id);
        return Err(release.error(400, 404, not_found(&command)));
    };
    let env = container.environment();
    attach_all(state, id)?;
    state.create_mount_points(id);
    state.volumes_mounted(id);
    state.container_started(id);
    Ok((program, argv, env))
}

/// Attaches a container to its networks. If one does not exist, the start fails.
fn attach_all(state: &mut State, id: &str) -> Result<()> {
    let attached = state.attach_all(id);
    if let (Err(error), Ok(container)) = (&attached, state.container_mut(id)) {
        container.error.clone_from(&error.message);
        container.code = 128;
    }
    attached
}

/// The runtime's message for an unknown command.
pub(super) fn not_found(command: &str) -> String {
    format!(
        "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: \
         exec: {command:?}: executable file not found in $PATH: unknown"
    )
}

pub(super) async fn stop(context: Context) -> Result<Response> {
    let server = &context.server;
    let timeout = context.number("t", 500)?;
    let container = server.state.read(|state| {
        let found = state.container(context.call.name())?;
        Ok::<_, ApiError>((found.id.clone(), found.is_running(), stop_timeout(found, timeout, server.release)))
    })?;
    let (id, true, timeout) = container else { return Ok(server.release.empty(304)) };
    end(&server.state, &id, timeout).await;
    server.state.update(|state| state.container_event(&id, "stop", BTreeMap::new()));
    Ok(server.release.empty(204))
}

pub(super) async fn restart(context: Context) -> Result<Response> {
    let server = &context.server;
    let timeout = context.number("t", 500)?;
    let (id, running, timeout) = server.state.read(|state| {
        let found = state.container(context.call.name())?;
        Ok::<_, ApiError>((found.id.clone(), found.is_running(), stop_timeout(found, timeout, server.release)))
    })?;
    if running {
        server.state.update(|state| state.container_mut(&id).map(|container| container.restarting = true))?;
        end(&server.state, &id, timeout).await;
        if server.release == Release::V20_10 {
            server.state.update(|state| state.container_event(&id, "stop", BTreeMap::new()));
        }
    }
    run(server, &id).await?;
    server.state.update(|state| state.container_event(&id, "restart", BTreeMap::new()));
    Ok(server.release.empty(204))
}

/// The stop timeout, in seconds: the requested one, else that of the container. A negative one is no limit.
///
/// Engines without stop timeouts kill immediately unless a timeout is requested.
fn stop_timeout(container: &Container, requested: Option<i64>, release: Release) -> i64 {
    let default = if release == Release::V20_10 { DEFAULT_STOP_TIMEOUT } else { 0 };
    requested.or_else(|| container.config["StopTimeout"].as_i64()).unwrap_or(default)
}

/// Sends SIGTERM to a container, and kills it if it has not exited after `timeout` seconds.
///
/// A program that does not handle the signal is killed without waiting.
pub(super) async fn end(state: &SharedState, id: &str, timeout: i64) {
    let trapped = signal(state, id, "TERM");
    if trapped {
        let timeout = Duration::from_secs(u64::try_from(timeout).unwrap_or(u64::MAX >> 32));
        let ended = state.wait_until(|state| {
            let runs = state.runs.get(id).is_some_and(|run| run.running);
            (!runs).then_some(())
        });
        if tokio::time::timeout(timeout, ended).await.is_ok() {
            return;
        }
    }
    signal(state, id, "KILL");
}

/// Sends a signal, and returns whether the program traps it.
pub(super) fn signal(state: &SharedState, id: &str, name: &'static str) -> bool {
    state.update(|state| {
        let number = program::signal_number(name).unwrap_or_default().to_owned();
        state.container_event(id, "kill", BTreeMap::from([("signal".to_owned(), number)]));
        if name == "KILL" {
            state.container_exited(id, 137);
            return false;
        }
        let Some(run) = state.runs.get_mut(id) else { return false };
        let trapped = run.trapped.contains(name);
        if trapped {
            run.signals.push_back(name);
        }
        trapped
    })
}

pub(super) async fn kill(context: Context) -> Result<Response> {
    let (server, call) = (&context.server, &context.call);
    let requested =
        call.request.query("signal").filter(|signal| !signal.is_empty()).unwrap_or_else(|| "KILL".to_owned());
    let Some(name) = program::signal_name(&requested) else {
        return Err(server.release.error(400, 500, format!("Invalid signal: {requested}")));
    };
    let found =
        server.state.read(|state| state.container(call.name()).map(|found| (found.id.clone(), found.is_running())));
    let (id, running) = found.map_err(|error| match server.release {
        Release::V20_10 => {
            ApiError { message: format!("Cannot kill container: {}: {}", call.name(), error.message), ..error }
        }
        Release::V1_6 => error,
    })?;
    if running {
        signal(&server.state, &id, name);
    } else if call.version >= dockerclient::ApiVersion::new(1, 20) && server.release == Release::V20_10 {
        let message = format!("Cannot kill container: {}: Container {id} is not running", call.name());
        return Err(ApiError::conflict(message));
    }
    Ok(server.release.empty(204))
}

pub(super) async fn pause(context: Context) -> Result<Response> {
    set_paused(&context, true)
}

pub(super) async fn unpause(context: Context) -> Result<Response> {
    set_paused(&context, false)
}

fn set_paused(context: &Context, pause: bool) -> Result<Response> {
    let release = context.server.release;
    context.server.state.update(|state| {
        let container = state.container_mut(context.call.name())?;
        let id = container.id.clone();
        if pause {
            container.require_running(release)?;
            if container.paused {
                return Err(release.error(409, 500, format!("Container {id} is already paused")));
            }
        } else if !container.paused {
            return Err(ApiError::new(500, format!("Container {id} is not paused")));
        }
        container.paused = pause;
        state.container_event(&id, if pause { "pause" } else { "unpause" }, BTreeMap::new());
        Ok(())
    })?;
    Ok(release.empty(204))
}

pub(super) async fn rename(context: Context) -> Result<Response> {
    let (server, call) = (&context.server, &context.call);
    let name = call.request.query("name").unwrap_or_default();
    server.state.update(|state| state.rename_container(call.name(), &name))?;
    Ok(server.release.empty(204))
}

pub(super) async fn delete(context: Context) -> Result<Response> {
    let (server, call) = (&context.server, &context.call);
    let (id, running) =
        server.state.read(|state| state.container(call.name()).map(|found| (found.id.clone(), found.is_running())))?;
    if running && !call.flag("force") {
        return Err(ApiError::conflict(format!(
            "You cannot remove a running container {id}. Stop the container before attempting removal or force remove"
        )));
    }
    if running {
        signal(&server.state, &id, "KILL");
    }
    server.state.update(|state| state.remove_container(&id, call.flag("v")));
    Ok(server.release.empty(204))
}
