//! What everything takes on the disk.

use serde_json::{Value, json};

use super::{Context, images};
use crate::{Reply, refusal::Result, state::volume::Volume};

pub(super) async fn usage(context: Context) -> Result<Reply> {
    let document = context.shared.state.look(|world| {
        let images = world.images.iter().filter(|image| !image.is_between(world)).map(|image| {
            let mut told = images::listed(world.age, image);
            let users = world.containers.iter().filter(|container| container.image == image.id).count();
            let shared =
                world.images.iter().any(|other| other.id != image.id && other.layers.first() == image.layers.first());
            told["Containers"] = json!(users);
            told["SharedSize"] = json!(if shared { image.size.1 - image.size.0 } else { 0 });
            told
        });
        let containers = world.containers.iter().map(|container| {
            let mut told = world.listed(container);
            world.tell_sizes(container, &mut told);
            told
        });
        let volumes = world.volumes.iter().map(|volume: &Volume| {
            let mut told = volume.document();
            let users = world.users_of_volume(&volume.name).len();
            told["UsageData"] = json!({ "RefCount": users, "Size": volume.files.size() });
            told
        });
        let sizes = world.images.iter().map(|image| image.size.0);
        json!({
            "LayersSize": sizes.sum::<u64>(), "Images": images.collect::<Vec<Value>>(),
            "Containers": containers.collect::<Vec<Value>>(), "Volumes": volumes.collect::<Vec<Value>>(),
            "BuilderSize": 0, "BuildCache": null,
        })
    });
    Ok(context.document(200, document))
}
