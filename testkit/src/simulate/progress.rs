//! Pulling and pushing images, with progress messages.

use serde_json::{Value, json};

use super::{Context, json_stream::json_stream, transfer};
use crate::{
    Response,
    api_error::{ApiError, Result},
    release::Release,
    state::{State, ids, reference},
};

pub(super) async fn create(context: Context) -> Result<Response> {
    let request = &context.call.request;
    match (request.query("fromImage"), request.query("fromSrc")) {
        (Some(image), _) if !image.is_empty() => pull(&context, &image),
        (_, Some(source)) if source == "-" => transfer::import(&context),
        (_, Some(source)) if !source.is_empty() => {
            Err(ApiError::new(501, "the fake engine does not simulate imports from a URL"))
        }
        _ => Err(ApiError::new(500, "neither an image nor a source is given")),
    }
}

fn pull(context: &Context, image: &str) -> Result<Response> {
    let tag = context.call.request.query("tag").unwrap_or_default();
    context.server.state.update(|state| {
        state.check_repository(image, 400)?;
        match (pull_image(state, image, &tag), state.release) {
            (Ok(messages), _) => Ok(json_stream(&messages)),
            (Err(error), Release::V20_10) => Err(error),
            (Err(ApiError { message, .. }), Release::V1_6) => {
                Ok(json_stream(&[json!({ "errorDetail": { "message": message }, "error": message })]))
            }
        }
    })
}

/// Pulls an image from the registry, and returns the progress messages.
pub(super) fn pull_image(state: &mut State, image: &str, tag: &str) -> Result<Vec<Value>> {
    let full_reference = reference::joined(image, tag);
    let name = full_reference.rsplit_once(':').map_or(&*full_reference, |(name, _)| name).to_owned();
    let official = if name.contains('/') { name.clone() } else { format!("library/{name}") };
    let missing = match state.release {
        Release::V20_10 => format!(
            "pull access denied for {name}, repository does not exist or may require 'docker login': denied: requested \
             access to the resource is denied"
        ),
        Release::V1_6 => format!("Error: image {official} not found"),
    };
    let found = state.registry.iter().find(|image| image.reference == full_reference).cloned();
    let found = found.ok_or_else(|| ApiError::not_found(missing))?;
    let known = state.images.iter().any(|image| image.tags.contains(&full_reference));
    let id = if known { state.image(&full_reference)?.id.clone() } else { state.add_image(&found) };
    state.image_event("pull", &full_reference, &full_reference);
    let tag = full_reference.rsplit_once(':').map_or("latest", |(_, tag)| tag);
    let layer = ids::short(&id);
    let status = if known { "Image is up to date" } else { "Downloaded newer image" };
    let mut messages = vec![json!({ "status": format!("Pulling from {official}"), "id": tag })];
    if !known {
        let bytes = json!({ "current": found.size, "total": found.size });
        messages.push(json!({ "status": "Pulling fs layer", "progressDetail": {}, "id": layer }));
        messages.push(json!({ "status": "Downloading", "progressDetail": bytes, "id": layer }));
        messages.push(json!({ "status": "Pull complete", "progressDetail": {}, "id": layer }));
    }
    messages.push(json!({ "status": format!("Status: {status} for {full_reference}") }));
    Ok(messages)
}

pub(super) async fn push(context: Context) -> Result<Response> {
    let (call, release) = (&context.call, context.server.release);
    if call.request.header("x-registry-auth").is_none() && call.request.bytes.is_empty() {
        return Err(release.error(400, 500, "Bad parameters and missing X-Registry-Auth: EOF"));
    }
    let name = call.name();
    let tag = call.request.query("tag").unwrap_or_default();
    context.server.state.update(|state| {
        let first = json!({ "status": format!("The push refers to repository [{name}]") });
        let pushed: Vec<_> = state
            .images
            .iter()
            .flat_map(|image| image.tags.iter().map(move |reference| (reference.clone(), image.clone())))
            .filter(|(reference, _)| match tag.as_str() {
                "" => reference.rsplit_once(':').is_some_and(|(repository, _)| repository == name),
                tag => *reference == reference::joined(name, tag),
            })
            .collect();
        if pushed.is_empty() {
            let message = format!("An image does not exist locally with the tag: {name}");
            return match release {
                Release::V20_10 => {
                    Ok(json_stream(&[first, json!({ "errorDetail": { "message": message }, "error": message })]))
                }
                Release::V1_6 => Err(ApiError::new(500, format!("No such id: {name}"))),
            };
        }
        let mut lines = vec![first];
        for (reference, image) in pushed {
            let tag = reference.rsplit_once(':').map_or("latest", |(_, tag)| tag);
            let digest = format!("sha256:{}", image.id.trim_start_matches("sha256:"));
            lines.push(json!({ "status": "Pushed", "progressDetail": {}, "id": ids::short(&image.id) }));
            lines.push(json!({ "status": format!("{tag}: digest: {digest} size: {}", image.size.1) }));
            if release == Release::V20_10 {
                lines.push(
                    json!({ "progressDetail": {}, "aux": { "Tag": tag, "Digest": digest, "Size": image.size.1 } }),
                );
            }
            let mut copy = image.image.clone();
            copy.reference.clone_from(&reference);
            state.registry.retain(|known| known.reference != reference);
            state.registry.push(copy);
            state.image_event("push", name, name);
        }
        Ok(json_stream(&lines))
    })
}
