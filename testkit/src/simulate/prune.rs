//! Pruning containers, images and builds.

use serde_json::{Value, json};

use super::Context;
use crate::{
    Response,
    api_error::{ApiError, Result},
    filters,
};

/// Parses the filters, and rejects invalid times.
fn prune_filters(context: &Context) -> Result<Value> {
    let filters = context.filters()?;
    let times = filters::values(&filters, "until");
    match times.iter().find(|time| filters::time(time).is_none()) {
        Some(time) => Err(ApiError::new(500, format!("failed to parse value as time or duration: {time:?}"))),
        None => Ok(filters),
    }
}

fn or_null(items: Vec<Value>) -> Value {
    if items.is_empty() { Value::Null } else { items.into() }
}

pub(super) async fn containers(context: Context) -> Result<Response> {
    let filters = prune_filters(&context)?;
    let (removed, bytes) = context.server.state.update(|state| {
        let stopped = state.containers.iter().filter(|container| !container.is_running());
        let matching =
            stopped.filter(|container| filters::prunes(&filters, &container.config["Labels"], container.created));
        let removed: Vec<(String, u64)> =
            matching.map(|container| (container.id.clone(), container.own_size())).collect();
        removed.iter().for_each(|(id, _)| state.remove_container(id, false));
        let bytes: u64 = removed.iter().map(|(_, bytes)| bytes).sum();
        state.prune_event("container", bytes);
        (removed, bytes)
    });
    let ids: Vec<Value> = removed.into_iter().map(|(id, _)| id.into()).collect();
    Ok(context.json(200, json!({ "ContainersDeleted": or_null(ids), "SpaceReclaimed": bytes })))
}

pub(super) async fn images(context: Context) -> Result<Response> {
    let filters = prune_filters(&context)?;
    // Tagged images are removed only with `dangling=false`.
    let only_untagged = context.flag_filter(&filters, "dangling", 400)?.unwrap_or(true);
    let (done, bytes) = context.server.state.update(|state| {
        let leaves = state.images.iter().filter(|image| !state.images.iter().any(|other| other.parent == image.id));
        let unused = leaves.filter(|image| !state.containers.iter().any(|container| container.image == image.id));
        let matching = unused.filter(|image| {
            (image.tags.is_empty() || !only_untagged)
                && filters::prunes(&filters, &image.image.config["Labels"], image.created)
        });
        let names: Vec<Vec<String>> = matching
            .map(|image| if image.tags.is_empty() { vec![image.id.clone()] } else { image.tags.clone() })
            .collect();
        let before: u64 = state.images.iter().map(|image| image.size.0).sum();
        // Unused images can always be removed.
        let removed = names.concat().into_iter().filter_map(|name| state.delete_image(&name, false, true).ok());
        let done: Vec<Value> = removed.flatten().collect();
        let bytes = before - state.images.iter().map(|image| image.size.0).sum::<u64>();
        state.prune_event("image", bytes);
        (done, bytes)
    });
    Ok(context.json(200, json!({ "ImagesDeleted": or_null(done), "SpaceReclaimed": bytes })))
}

/// The fake engine has no build cache apart from its images.
pub(super) async fn builds(context: Context) -> Result<Response> {
    context.filters()?;
    context.server.state.update(|state| state.prune_event("builder", 0));
    Ok(context.json(200, json!({ "CachesDeleted": null, "SpaceReclaimed": 0 })))
}
