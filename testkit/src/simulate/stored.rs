//! Creating, inspecting, listing, updating and removing secrets and configs.

use dockerclient::ApiVersion;
use serde_json::{Value, json};

use super::Context;
use crate::{
    Response,
    api_error::{ApiError, Result},
    filters,
    state::swarm::{
        find_object,
        stored::{Kind, Stored},
    },
};

/// The API version since which data can be a template.
const TEMPLATING_SINCE: ApiVersion = ApiVersion::new(1, 37);

pub(super) async fn list<K: Kind>(context: Context) -> Result<Response> {
    context.server.state.read(|state| state.manager().map(|_| ()))?;
    let filters = context.filters()?;
    // An object is listed if it matches any of these values.
    let [ids, prefixes, names] = ["id", "name", "names"].map(|key| filters::values(&filters, key));
    let is_selected = |stored: &Stored<K>| {
        let name = stored.name.to_lowercase();
        let all = ids.is_empty() && prefixes.is_empty() && names.is_empty();
        all || ids.iter().any(|id| stored.meta.id.starts_with(id.as_str()))
            || prefixes.iter().any(|prefix| name.starts_with(&prefix.to_lowercase()))
            || names.iter().any(|requested| name == requested.to_lowercase())
    };
    let list: Vec<Value> = context.server.state.read(|state| {
        let all = K::all(state.manager()?).iter();
        let matching =
            all.filter(|stored| is_selected(stored) && filters::swarm_labels_pass(&filters, "label", &stored.labels));
        Ok::<_, ApiError>(matching.map(Stored::to_json).collect())
    })?;
    Ok(context.json(200, list.into()))
}

pub(super) async fn create<K: Kind>(context: Context) -> Result<Response> {
    let spec = context.swarm_body()?;
    let version = context.call.version;
    if spec["Templating"].is_object() && version < TEMPLATING_SINCE {
        let message = format!("{} templating is not supported on the specified API version: {version}", K::NAME);
        return Err(ApiError::new(400, message));
    }
    let id = context.server.state.update(|state| state.create_stored::<K>(&spec))?;
    Ok(context.json(201, json!({ "ID": id })))
}

pub(super) async fn inspect<K: Kind>(context: Context) -> Result<Response> {
    let name = context.call.name();
    let document =
        context.server.state.read(|state| find_object(K::all(state.manager()?), name).map(Stored::to_json))?;
    Ok(context.json(200, document))
}

pub(super) async fn update<K: Kind>(context: Context) -> Result<Response> {
    let spec = context.swarm_body()?;
    let version = context.call.request.query("version").unwrap_or_default();
    let invalid = |_| ApiError::new(400, format!("invalid {} version", K::NAME));
    let version: u64 = version.parse().map_err(invalid)?;
    let name = context.call.name();
    context.server.state.update(|state| state.change_swarm(|swarm| swarm.update_stored::<K>(name, version, &spec)))?;
    Ok(Response::empty(200))
}

pub(super) async fn delete<K: Kind>(context: Context) -> Result<Response> {
    let name = context.call.name();
    context.server.state.update(|state| state.change_swarm(|swarm| swarm.remove_stored::<K>(name)))?;
    Ok(Response::empty(204))
}
