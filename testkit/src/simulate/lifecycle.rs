//! The life of a container: started, stopped, killed, paused, waited for, removed.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::Value;

use super::Context;
use crate::{
    Reply,
    age::Age,
    image::words,
    program::{self, Key},
    refusal::{Refusal, Result},
    shared::Shared,
    state::World,
};

/// How long a container may take to stop if nothing is said.
const GRACE: i64 = 10;

pub(super) async fn start(context: Context) -> Result<Reply> {
    let (shared, asked) = (&context.shared, &context.asked);
    if !asked.request.bytes.is_empty() {
        let host_config = context.body()?;
        if host_config.as_object().is_some_and(|fields| !fields.is_empty()) {
            shared.state.change(|world| {
                let id = world.container(asked.name())?.id.clone();
                world.mount_more(&id, &host_config)?;
                let networks = world.endpoints_of(&host_config, &Value::Null);
                let container = world.container_mut(&id)?;
                let ipc = container.host_config["IpcMode"].clone();
                (container.host_config, container.networks) = (host_config, networks);
                container.host_config["IpcMode"] = ipc;
                Ok::<_, Refusal>(())
            })?;
        }
    }
    let id = shared.state.look(|world| {
        let container = world.container(asked.name())?;
        if container.paused {
            return Err(shared.age.refusal(409, 500, "cannot start a paused container, try unpause instead"));
        }
        Ok((!container.is_running()).then(|| container.id.clone()))
    })?;
    let Some(id) = id else { return Ok(shared.age.empty(304)) };
    run(shared, &id).await?;
    Ok(shared.age.empty(204))
}

/// Starts the program of a container that does not run.
pub(super) async fn run(shared: &Arc<Shared>, id: &str) -> Result<()> {
    let (program, argv, env) = shared.state.change(|world| {
        let age = world.age;
        let container = world.container(id)?;
        let argv = container.argv.clone();
        let image = world.images.iter().find(|image| image.id == container.image);
        let Some(program) = image.and_then(|image| image.image.program_for(&argv)) else {
            let command = argv.first().cloned().unwrap_or_default();
            let container = world.container_mut(id)?;
            container.error = not_found(&command);
            container.code = 127;
            container.set_up = true;
            join_all(world, id)?;
            world.volumes_mounted(id);
            world.leave_all(id);
            world.volumes_unmounted(id);
            return Err(age.refusal(400, 404, not_found(&command)));
        };
        let mut env = words(&container.config["Env"]);
        env.push(format!("HOSTNAME={}", container.config["Hostname"].as_str().unwrap_or_default()));
        join_all(world, id)?;
        world.set_up_mounts(id);
        world.volumes_mounted(id);
        world.container_starts(id);
        Ok((program, argv, env))
    })?;
    program::launch(shared, Key::Container(id.to_owned()), &program, argv, env).await;
    Ok(())
}

/// Joins a container to its networks. One that cannot be joined fails the start.
fn join_all(world: &mut World, id: &str) -> Result<()> {
    let joined = world.join_all(id);
    if let (Err(refusal), Ok(container)) = (&joined, world.container_mut(id)) {
        container.error.clone_from(&refusal.message);
        container.code = 128;
    }
    joined
}

/// What the runtime says about a command that is not there.
pub(super) fn not_found(command: &str) -> String {
    format!(
        "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: \
         exec: {command:?}: executable file not found in $PATH: unknown"
    )
}

pub(super) async fn stop(context: Context) -> Result<Reply> {
    let shared = &context.shared;
    let grace = context.number("t", 500)?.unwrap_or(GRACE);
    let container = shared
        .state
        .look(|world| world.container(context.asked.name()).map(|found| (found.id.clone(), found.is_running())))?;
    let (id, true) = container else { return Ok(shared.age.empty(304)) };
    end(shared, &id, grace).await;
    shared.state.change(|world| world.container_event(&id, "stop", BTreeMap::new()));
    Ok(shared.age.empty(204))
}

pub(super) async fn restart(context: Context) -> Result<Reply> {
    let shared = &context.shared;
    let grace = context.number("t", 500)?.unwrap_or(GRACE);
    let (id, running) = shared
        .state
        .look(|world| world.container(context.asked.name()).map(|found| (found.id.clone(), found.is_running())))?;
    if running {
        end(shared, &id, grace).await;
        if shared.age == Age::Modern {
            shared.state.change(|world| world.container_event(&id, "stop", BTreeMap::new()));
        }
    }
    run(shared, &id).await?;
    shared.state.change(|world| world.container_event(&id, "restart", BTreeMap::new()));
    Ok(shared.age.empty(204))
}

/// Asks a container to end, and kills it if it does not within `grace` seconds.
///
/// Nobody waits for a program that does not listen: its time of grace is over at once.
async fn end(shared: &Shared, id: &str, grace: i64) {
    let listens = signal(shared, id, "TERM");
    if listens {
        let grace = Duration::from_secs(u64::try_from(grace).unwrap_or(u64::MAX >> 32));
        let ended = shared.state.until(|world| {
            let runs = world.runs.get(id).is_some_and(|run| run.running);
            (!runs).then_some(())
        });
        if tokio::time::timeout(grace, ended).await.is_ok() {
            return;
        }
    }
    signal(shared, id, "KILL");
}

/// Sends a signal, and tells whether the program listens to it.
fn signal(shared: &Shared, id: &str, name: &'static str) -> bool {
    shared.state.change(|world| {
        let number = program::signal_number(name).unwrap_or_default().to_owned();
        world.container_event(id, "kill", BTreeMap::from([("signal".to_owned(), number)]));
        if name == "KILL" {
            world.container_ends(id, 137);
            return false;
        }
        let Some(run) = world.runs.get_mut(id) else { return false };
        let listens = run.trapped.contains(name);
        if listens {
            run.signals.push_back(name);
        }
        listens
    })
}

pub(super) async fn kill(context: Context) -> Result<Reply> {
    let (shared, asked) = (&context.shared, &context.asked);
    let wanted = asked.request.query("signal").filter(|signal| !signal.is_empty()).unwrap_or_else(|| "KILL".to_owned());
    let Some(name) = program::signal_name(&wanted) else {
        return Err(shared.age.refusal(400, 500, format!("Invalid signal: {wanted}")));
    };
    let found =
        shared.state.look(|world| world.container(asked.name()).map(|found| (found.id.clone(), found.is_running())));
    let (id, running) = found.map_err(|refusal| match shared.age {
        Age::Modern => {
            Refusal { message: format!("Cannot kill container: {}: {}", asked.name(), refusal.message), ..refusal }
        }
        Age::Old => refusal,
    })?;
    if running {
        signal(shared, &id, name);
    } else if asked.spoken >= dockerclient::ApiVersion::new(1, 20) && shared.age == Age::Modern {
        let message = format!("Cannot kill container: {}: Container {id} is not running", asked.name());
        return Err(Refusal::conflict(message));
    }
    Ok(shared.age.empty(204))
}

pub(super) async fn pause(context: Context) -> Result<Reply> {
    pausing(&context, true)
}

pub(super) async fn unpause(context: Context) -> Result<Reply> {
    pausing(&context, false)
}

fn pausing(context: &Context, pause: bool) -> Result<Reply> {
    let age = context.shared.age;
    context.shared.state.change(|world| {
        let container = world.container_mut(context.asked.name())?;
        let id = container.id.clone();
        if pause {
            container.must_run(age)?;
            if container.paused {
                return Err(age.refusal(409, 500, format!("Container {id} is already paused")));
            }
        } else if !container.paused {
            return Err(Refusal::new(500, format!("Container {id} is not paused")));
        }
        container.paused = pause;
        world.container_event(&id, if pause { "pause" } else { "unpause" }, BTreeMap::new());
        Ok(())
    })?;
    Ok(age.empty(204))
}

pub(super) async fn rename(context: Context) -> Result<Reply> {
    let (shared, asked) = (&context.shared, &context.asked);
    let name = asked.request.query("name").unwrap_or_default();
    shared.state.change(|world| world.rename_container(asked.name(), &name))?;
    Ok(shared.age.empty(204))
}

pub(super) async fn delete(context: Context) -> Result<Reply> {
    let (shared, asked) = (&context.shared, &context.asked);
    let (id, running) =
        shared.state.look(|world| world.container(asked.name()).map(|found| (found.id.clone(), found.is_running())))?;
    if running && !asked.flag("force") {
        return Err(Refusal::conflict(format!(
            "You cannot remove a running container {id}. Stop the container before attempting removal or force remove"
        )));
    }
    if running {
        signal(shared, &id, "KILL");
    }
    shared.state.change(|world| world.remove_container(&id, asked.flag("v")));
    Ok(shared.age.empty(204))
}
