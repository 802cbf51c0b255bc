//! Pull and push, with their progress.

use serde_json::{Value, json};

use super::{Context, transfer};
use crate::{
    Reply,
    age::Age,
    refusal::{Refusal, Result},
    state::{World, ids, reference},
};

pub(super) async fn create(context: Context) -> Result<Reply> {
    let request = &context.asked.request;
    match (request.query("fromImage"), request.query("fromSrc")) {
        (Some(image), _) if !image.is_empty() => pull(&context, &image),
        (_, Some(source)) if source == "-" => transfer::import(&context),
        (_, Some(source)) if !source.is_empty() => {
            Err(Refusal::new(501, "the double of an engine does not simulate imports of what lies in a network"))
        }
        _ => Err(Refusal::new(500, "neither an image nor a source is given")),
    }
}

fn pull(context: &Context, image: &str) -> Result<Reply> {
    let tag = context.asked.request.query("tag").unwrap_or_default();
    context.shared.state.change(|world| {
        world.check_repository(image, 400)?;
        match (pulled(world, image, &tag), world.age) {
            (Ok(told), _) => Ok(messages(&told)),
            (Err(refusal), Age::Modern) => Err(refusal),
            (Err(Refusal { message, .. }), Age::Old) => {
                Ok(messages(&[json!({ "errorDetail": { "message": message }, "error": message })]))
            }
        }
    })
}

/// Pulls an image from the registry, and says what is told of it.
pub(super) fn pulled(world: &mut World, image: &str, tag: &str) -> Result<Vec<Value>> {
    let wanted = reference::joined(image, tag);
    let name = wanted.rsplit_once(':').map_or(&*wanted, |(name, _)| name).to_owned();
    let official = if name.contains('/') { name.clone() } else { format!("library/{name}") };
    let missing = match world.age {
        Age::Modern => format!(
            "pull access denied for {name}, repository does not exist or may require 'docker login': denied: requested \
             access to the resource is denied"
        ),
        Age::Old => format!("Error: image {official} not found"),
    };
    let found = world.registry.iter().find(|image| image.reference == wanted).cloned();
    let found = found.ok_or_else(|| Refusal::not_found(missing))?;
    let known = world.images.iter().any(|image| image.tags.contains(&wanted));
    let id = if known { world.image(&wanted)?.id.clone() } else { world.add_image(&found) };
    world.image_event("pull", &wanted, &wanted);
    let tag = wanted.rsplit_once(':').map_or("latest", |(_, tag)| tag);
    let layer = ids::short(&id);
    let status = if known { "Image is up to date" } else { "Downloaded newer image" };
    let mut told = vec![json!({ "status": format!("Pulling from {official}"), "id": tag })];
    if !known {
        let bytes = json!({ "current": found.size, "total": found.size });
        told.push(json!({ "status": "Pulling fs layer", "progressDetail": {}, "id": layer }));
        told.push(json!({ "status": "Downloading", "progressDetail": bytes, "id": layer }));
        told.push(json!({ "status": "Pull complete", "progressDetail": {}, "id": layer }));
    }
    told.push(json!({ "status": format!("Status: {status} for {wanted}") }));
    Ok(told)
}

pub(super) async fn push(context: Context) -> Result<Reply> {
    let (asked, age) = (&context.asked, context.shared.age);
    if asked.request.header("x-registry-auth").is_none() && asked.request.bytes.is_empty() {
        return Err(age.refusal(400, 500, "Bad parameters and missing X-Registry-Auth: EOF"));
    }
    let name = asked.name();
    let tag = asked.request.query("tag").unwrap_or_default();
    context.shared.state.change(|world| {
        let told = json!({ "status": format!("The push refers to repository [{name}]") });
        let pushed: Vec<_> = world
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
            return match age {
                Age::Modern => {
                    Ok(messages(&[told, json!({ "errorDetail": { "message": message }, "error": message })]))
                }
                Age::Old => Err(Refusal::new(500, format!("No such id: {name}"))),
            };
        }
        let mut lines = vec![told];
        for (reference, image) in pushed {
            let tag = reference.rsplit_once(':').map_or("latest", |(_, tag)| tag);
            let digest = format!("sha256:{}", image.id.trim_start_matches("sha256:"));
            lines.push(json!({ "status": "Pushed", "progressDetail": {}, "id": ids::short(&image.id) }));
            lines.push(json!({ "status": format!("{tag}: digest: {digest} size: {}", image.size.1) }));
            if age == Age::Modern {
                lines.push(
                    json!({ "progressDetail": {}, "aux": { "Tag": tag, "Digest": digest, "Size": image.size.1 } }),
                );
            }
            let mut copy = image.image.clone();
            copy.reference.clone_from(&reference);
            world.registry.retain(|known| known.reference != reference);
            world.registry.push(copy);
            world.image_event("push", name, name);
        }
        Ok(messages(&lines))
    })
}

/// Documents, one after the other.
pub(super) fn messages(documents: &[Value]) -> Reply {
    let pieces: Vec<bytes::Bytes> = documents.iter().map(|document| format!("{document}\r\n").into()).collect();
    Reply::stream(200, futures_util::stream::iter(pieces)).header("Content-Type", "application/json")
}
