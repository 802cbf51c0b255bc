//! Listing, inspecting, updating and removing nodes of the swarm.

use serde_json::Value;

use super::{Context, agent};
use crate::{
    Response,
    api_error::{ApiError, Result},
    filters,
    state::swarm::{find_object, node::Node},
};

pub(super) async fn list(context: Context) -> Result<Response> {
    context.server.state.read(|state| state.manager().map(drop))?;
    let filters = context.filters()?;
    let roles = filters::values(&filters, "role");
    let memberships = filters::values(&filters, "membership");
    for (key, values, known) in
        [("role", &roles, ["worker", "manager"]), ("membership", &memberships, ["pending", "accepted"])]
    {
        let is_known = |value: &&String| value.is_empty() || known.contains(&&*value.to_lowercase());
        if let Some(value) = values.iter().find(|value| !is_known(value)) {
            return Err(ApiError::new(500, format!("Invalid {key} filter: '{value}'")));
        }
    }
    let is = |values: &[String], is: &str| {
        values.iter().all(String::is_empty) || values.iter().any(|value| value.eq_ignore_ascii_case(is))
    };
    let begins = |key: &str, text: &str| {
        let prefixes = filters::values(&filters, key);
        prefixes.is_empty() || prefixes.iter().any(|prefix| text.starts_with(prefix.as_str()))
    };
    let matches = |node: &&Node| {
        begins("id", &node.meta.id)
            && begins("name", &node.hostname)
            && is(&roles, node.role())
            && is(&memberships, "accepted")
            // Engines of the fake swarm have no labels.
            && filters::values(&filters, "label").is_empty()
            && filters::swarm_labels_pass(&filters, "node.label", &node.spec["Labels"])
    };
    let list: Vec<Value> = context.server.state.read(|state| {
        let nodes = &state.manager()?.nodes;
        Ok::<_, ApiError>(nodes.iter().filter(matches).map(Node::to_json).collect())
    })?;
    Ok(context.json(200, list.into()))
}

pub(super) async fn inspect(context: Context) -> Result<Response> {
    let name = context.call.name();
    let document = context.server.state.read(|state| find_object(&state.manager()?.nodes, name).map(Node::to_json))?;
    Ok(context.json(200, document))
}

pub(super) async fn update(context: Context) -> Result<Response> {
    let spec = context.swarm_body()?;
    let version = context.object_version("node")?;
    let name = context.call.name();
    context.server.state.update(|state| state.change_swarm(|swarm| swarm.update_node(name, version, spec)))?;
    agent::settle(&context.server).await;
    Ok(Response::empty(200))
}

pub(super) async fn delete(context: Context) -> Result<Response> {
    let (name, force) = (context.call.name(), context.call.flag("force"));
    let host = context.server.state.update(|state| state.change_swarm(|swarm| swarm.remove_node(name, force)))?;
    agent::remove_tasks(&context.server, &host);
    agent::settle(&context.server).await;
    Ok(Response::empty(200))
}
