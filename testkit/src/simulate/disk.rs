//! Disk usage.

use dockerclient::ApiVersion;
use serde_json::{Value, json};

use super::{Context, images};
use crate::{
    Response,
    api_error::Result,
    state::{State, volume::Volume},
};

/// The API version since which engines send totals, which contain the lists.
const TOTALS_SINCE: ApiVersion = ApiVersion::new(1, 52);

pub(super) async fn usage(context: Context) -> Result<Response> {
    let (images, containers, volumes, size) = context.server.state.read(|state| {
        let sizes = state.images.iter().map(|image| image.size.0);
        (images(state), containers(state), volumes(state), sizes.sum::<u64>())
    });
    if context.call.version < TOTALS_SINCE {
        let document = json!({
            "LayersSize": size, "Images": images, "Containers": containers, "Volumes": volumes, "BuilderSize": 0,
            "BuildCache": null,
        });
        return Ok(context.json(200, document));
    }
    let parameters = context.call.request.parameters();
    let types: Vec<&str> = parameters.iter().filter(|(name, _)| name == "type").map(|(_, kind)| &**kind).collect();
    let verbose = context.call.flag("verbose");
    let mut document = json!({});
    for (kind, name, total) in [
        ("image", "ImageUsage", image_total(&images, size)),
        ("container", "ContainerUsage", container_total(&containers)),
        ("volume", "VolumeUsage", volume_total(&volumes)),
        ("build-cache", "BuildCacheUsage", total(&[], |_| true, |_| 0)),
    ] {
        if types.is_empty() || types.contains(&kind) {
            document[name] = total;
            if !verbose {
                document[name]["Items"] = Value::Null;
            }
        }
    }
    Ok(context.json(200, document))
}

fn images(state: &State) -> Vec<Value> {
    let images = state.images.iter().filter(|image| !image.is_intermediate(state)).map(|image| {
        let mut document = images::list_json(state.release, image);
        let users = state.containers.iter().filter(|container| container.image == image.id).count();
        let shared =
            state.images.iter().any(|other| other.id != image.id && other.layers.first() == image.layers.first());
        document["Containers"] = json!(users);
        document["SharedSize"] = json!(if shared { image.size.1 - image.size.0 } else { 0 });
        document
    });
    images.collect()
}

fn containers(state: &State) -> Vec<Value> {
    let containers = state.containers.iter().map(|container| {
        let mut document = state.list_json(container);
        state.add_sizes(container, &mut document);
        document
    });
    containers.collect()
}

fn volumes(state: &State) -> Vec<Value> {
    let volumes = state.volumes.iter().map(|volume: &Volume| {
        let mut document = volume.to_json();
        let users = state.users_of_volume(&volume.name).len();
        document["UsageData"] = json!({ "RefCount": users, "Size": volume.files.size() });
        document
    });
    volumes.collect()
}

fn image_total(images: &[Value], size: u64) -> Value {
    let own = |image: &Value| number(&image["Size"]).saturating_sub(number(&image["SharedSize"]));
    let mut total = total(images, |image| number(&image["Containers"]) > 0, own);
    // Layers that several images share are counted once.
    total["TotalSize"] = json!(size);
    total
}

fn container_total(containers: &[Value]) -> Value {
    let is_active = |container: &Value| container["State"] == "running" || container["State"] == "paused";
    total(containers, is_active, |container| number(&container["SizeRw"]))
}

fn volume_total(volumes: &[Value]) -> Value {
    let is_used = |volume: &Value| number(&volume["UsageData"]["RefCount"]) > 0;
    total(volumes, is_used, |volume| number(&volume["UsageData"]["Size"]))
}

fn total(items: &[Value], is_active: impl Fn(&Value) -> bool, size: impl Fn(&Value) -> u64) -> Value {
    let unused = items.iter().filter(|item| !is_active(item));
    json!({
        "ActiveCount": items.iter().filter(|item| is_active(item)).count(), "TotalCount": items.len(),
        "Reclaimable": unused.map(&size).sum::<u64>(), "TotalSize": items.iter().map(&size).sum::<u64>(), "Items": items,
    })
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}
