//! What nobody needs goes: containers that do not run, images without a name.

use serde_json::{Value, json};

use super::Context;
use crate::{
    Reply, filters,
    refusal::{Refusal, Result},
};

/// The filters, after a look at the time among them.
fn checked(context: &Context) -> Result<Value> {
    let filters = context.filters()?;
    let times = filters::values(&filters, "until");
    match times.iter().find(|time| filters::time(time).is_none()) {
        Some(time) => Err(Refusal::new(500, format!("failed to parse value as time or duration: {time:?}"))),
        None => Ok(filters),
    }
}

fn or_null(items: Vec<Value>) -> Value {
    if items.is_empty() { Value::Null } else { items.into() }
}

pub(super) async fn containers(context: Context) -> Result<Reply> {
    let filters = checked(&context)?;
    let (gone, bytes) = context.shared.state.change(|world| {
        let ended = world.containers.iter().filter(|container| !container.is_running());
        let wanted =
            ended.filter(|container| filters::prunes(&filters, &container.config["Labels"], container.created));
        let gone: Vec<(String, u64)> = wanted.map(|container| (container.id.clone(), container.own_size())).collect();
        gone.iter().for_each(|(id, _)| world.remove_container(id, false));
        let bytes: u64 = gone.iter().map(|(_, bytes)| bytes).sum();
        world.prune_event("container", bytes);
        (gone, bytes)
    });
    let ids: Vec<Value> = gone.into_iter().map(|(id, _)| id.into()).collect();
    Ok(context.document(200, json!({ "ContainersDeleted": or_null(ids), "SpaceReclaimed": bytes })))
}

pub(super) async fn images(context: Context) -> Result<Reply> {
    let filters = checked(&context)?;
    // Those with names go only if that is said.
    let only_nameless = context.flag_filter(&filters, "dangling", 400)?.unwrap_or(true);
    let (done, bytes) = context.shared.state.change(|world| {
        let leaves = world.images.iter().filter(|image| !world.images.iter().any(|other| other.parent == image.id));
        let unused = leaves.filter(|image| !world.containers.iter().any(|container| container.image == image.id));
        let wanted = unused.filter(|image| {
            (image.tags.is_empty() || !only_nameless)
                && filters::prunes(&filters, &image.image.config["Labels"], image.created)
        });
        let names: Vec<Vec<String>> = wanted
            .map(|image| if image.tags.is_empty() { vec![image.id.clone()] } else { image.tags.clone() })
            .collect();
        let before: u64 = world.images.iter().map(|image| image.size.0).sum();
        // Nobody uses them, so nothing can be wrong.
        let gone = names.concat().into_iter().filter_map(|name| world.delete_image(&name, false, true).ok());
        let done: Vec<Value> = gone.flatten().collect();
        let bytes = before - world.images.iter().map(|image| image.size.0).sum::<u64>();
        world.prune_event("image", bytes);
        (done, bytes)
    });
    Ok(context.document(200, json!({ "ImagesDeleted": or_null(done), "SpaceReclaimed": bytes })))
}

/// The double keeps nothing for builds but images.
pub(super) async fn builds(context: Context) -> Result<Reply> {
    context.filters()?;
    context.shared.state.change(|world| world.prune_event("builder", 0));
    Ok(context.document(200, json!({ "CachesDeleted": null, "SpaceReclaimed": 0 })))
}
