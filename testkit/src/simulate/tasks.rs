//! Listing and inspecting tasks.

use serde_json::Value;

use super::Context;
use crate::{
    Response,
    api_error::{ApiError, Result},
    filters,
    state::swarm::{
        find_object,
        task::{Task, TaskState},
    },
};

pub(super) async fn list(context: Context) -> Result<Response> {
    context.server.state.read(|state| state.manager().map(drop))?;
    let filters = context.filters()?;
    let states = filters::values(&filters, "desired-state");
    let states = states.iter().filter(|state| !state.is_empty()).map(|state| {
        TaskState::parse(state).ok_or_else(|| ApiError::new(500, format!("Invalid desired-state filter: '{state}'")))
    });
    let list: Vec<Value> = context.server.state.read(|state| {
        let swarm = state.manager()?;
        let services = filters::values(&filters, "service");
        let services = services.iter().map(|name| find_object(&swarm.services, name).map(|found| &found.meta.id));
        let services = services.collect::<Result<Vec<&String>>>()?;
        let nodes = filters::values(&filters, "node");
        let nodes = nodes.iter().map(|name| find_object(&swarm.nodes, name).map(|found| &found.meta.id));
        let nodes = nodes.collect::<Result<Vec<&String>>>()?;
        let states = states.collect::<Result<Vec<TaskState>>>()?;
        let runtimes = filters::values(&filters, "runtime");
        let only_current = !filters::values(&filters, "_up-to-date").is_empty();
        let is_current = |task: &Task| {
            let service = swarm.services.iter().find(|service| service.meta.id == task.service);
            service.is_some_and(|service| !swarm.is_outdated(service, task))
        };
        let begins = |key: &str, text: &str| {
            let prefixes = filters::values(&filters, key);
            prefixes.is_empty() || prefixes.iter().any(|prefix| text.starts_with(prefix.as_str()))
        };
        let matches = |task: &&Task| {
            begins("id", &task.meta.id)
                && begins("name", &task.full_name())
                && (services.is_empty() || services.contains(&&task.service))
                && (nodes.is_empty() || nodes.contains(&&task.node))
                && (states.is_empty() || states.contains(&task.desired))
                && (!only_current || is_current(task))
                && (runtimes.is_empty() || runtimes.iter().any(|runtime| runtime == "container"))
                && filters::swarm_labels_pass(&filters, "label", &task.service_labels)
        };
        Ok::<_, ApiError>(swarm.tasks.iter().filter(matches).map(Task::to_json).collect())
    })?;
    Ok(context.json(200, list.into()))
}

pub(super) async fn inspect(context: Context) -> Result<Response> {
    let name = context.call.name();
    let document = context.server.state.read(|state| state.manager()?.find_task(name).map(Task::to_json))?;
    Ok(context.json(200, document))
}
