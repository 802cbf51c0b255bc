//! Creating, inspecting, listing and removing volumes.

use serde_json::{Value, json};

use super::Context;
use crate::{
    Response,
    api_error::{ApiError, Result},
    filters,
    state::volume,
};

pub(super) async fn list(context: Context) -> Result<Response> {
    let filters = context.filters()?;
    let dangling = context.flag_filter(&filters, "dangling", 400)?;
    let volumes: Vec<Value> = context.server.state.read(|state| {
        let any = |key: &str, fits: &dyn Fn(&str) -> bool| match filters::values(&filters, key) {
            values if values.is_empty() => true,
            values => values.iter().any(|value| fits(value)),
        };
        let matches = |volume: &&volume::Volume| {
            dangling.is_none_or(|dangling| state.users_of_volume(&volume.name).is_empty() == dangling)
                && any("name", &|name| volume.name.contains(name))
                && any("driver", &|driver| driver == "local")
                && filters::labels_pass(&filters, &volume.labels)
        };
        state.volumes.iter().filter(matches).map(volume::Volume::to_json).collect()
    });
    Ok(context.json(200, json!({ "Volumes": volumes, "Warnings": null })))
}

pub(super) async fn create(context: Context) -> Result<Response> {
    let body = context.required_body()?;
    let name = body["Name"].as_str().unwrap_or_default();
    let driver = body["Driver"].as_str().filter(|driver| !driver.is_empty()).unwrap_or("local");
    if driver != "local" {
        let message = format!("create {name}: error looking up volume plugin {driver}: plugin {driver:?} not found");
        return Err(ApiError::not_found(message));
    }
    let options = &body["DriverOpts"];
    let unknown = |option: &&String| !matches!(option.as_str(), "type" | "device" | "o");
    if let Some(option) = options.as_object().and_then(|options| options.keys().find(unknown)) {
        return Err(ApiError::new(400, format!("create {name}: invalid option: {option:?}")));
    }
    let document = context.server.state.update(|state| {
        let name = state.create_volume(name, body["Labels"].clone(), options.clone())?;
        state.volume(&name).map(volume::Volume::to_json)
    })?;
    Ok(context.json(201, document))
}

pub(super) async fn inspect(context: Context) -> Result<Response> {
    let name = context.call.name();
    let document = context.server.state.read(|state| state.volume(name).map(volume::Volume::to_json))?;
    Ok(context.json(200, document))
}

pub(super) async fn delete(context: Context) -> Result<Response> {
    let (name, force) = (context.call.name(), context.call.flag("force"));
    let removed = context.server.state.update(|state| state.remove_volume(name));
    match removed {
        Err(error) if !(force && error.status == 404) => Err(error),
        _ => Ok(Response::empty(204)),
    }
}

/// Updates a cluster volume. There are none.
pub(super) async fn update(context: Context) -> Result<Response> {
    let no_swarm = "volume update only valid for cluster volumes, but swarm is unavailable";
    context.server.state.read(|state| state.manager().map(drop)).map_err(|_| ApiError::new(503, no_swarm))?;
    context.object_version("swarm object")?;
    context.required_body()?;
    Err(ApiError::not_found(format!("volume {} not found", context.call.name())))
}

pub(super) async fn prune(context: Context) -> Result<Response> {
    let filters = context.filters()?;
    let (removed, bytes) = context.server.state.update(|state| {
        let unused = state.volumes.iter().filter(|volume| state.users_of_volume(&volume.name).is_empty());
        let matching = unused.filter(|volume| filters::prunes(&filters, &volume.labels, volume.created));
        let removed: Vec<(String, u64)> = matching.map(|volume| (volume.name.clone(), volume.files.size())).collect();
        for (name, _) in &removed {
            // Unused volumes can always be removed.
            let _ = state.remove_volume(name);
        }
        let bytes = removed.iter().map(|(_, bytes)| bytes).sum();
        state.prune_event("volume", bytes);
        (removed, bytes)
    });
    let names: Vec<&String> = removed.iter().map(|(name, _)| name).collect();
    Ok(context.json(200, json!({ "VolumesDeleted": names, "SpaceReclaimed": bytes })))
}
