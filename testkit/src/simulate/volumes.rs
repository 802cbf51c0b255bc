//! Volumes: made, looked at, removed.

use serde_json::{Value, json};

use super::Context;
use crate::{
    Reply, filters,
    refusal::{Refusal, Result},
    state::volume,
};

pub(super) async fn list(context: Context) -> Result<Reply> {
    let filters = context.filters()?;
    let dangling = context.flag_filter(&filters, "dangling", 400)?;
    let volumes: Vec<Value> = context.shared.state.look(|world| {
        let any = |key: &str, fits: &dyn Fn(&str) -> bool| match filters::values(&filters, key) {
            values if values.is_empty() => true,
            values => values.iter().any(|value| fits(value)),
        };
        let wanted = |volume: &&volume::Volume| {
            dangling.is_none_or(|wanted| world.users_of_volume(&volume.name).is_empty() == wanted)
                && any("name", &|name| volume.name.contains(name))
                && any("driver", &|driver| driver == "local")
                && filters::labels_pass(&filters, &volume.labels)
        };
        world.volumes.iter().filter(wanted).map(volume::Volume::document).collect()
    });
    Ok(context.document(200, json!({ "Volumes": volumes, "Warnings": null })))
}

pub(super) async fn create(context: Context) -> Result<Reply> {
    let asked = context.needed_body()?;
    let name = asked["Name"].as_str().unwrap_or_default();
    let driver = asked["Driver"].as_str().filter(|driver| !driver.is_empty()).unwrap_or("local");
    if driver != "local" {
        let message = format!("create {name}: error looking up volume plugin {driver}: plugin {driver:?} not found");
        return Err(Refusal::not_found(message));
    }
    let options = &asked["DriverOpts"];
    let unknown = |option: &&String| !matches!(option.as_str(), "type" | "device" | "o");
    if let Some(option) = options.as_object().and_then(|options| options.keys().find(unknown)) {
        return Err(Refusal::new(400, format!("create {name}: invalid option: {option:?}")));
    }
    let document = context.shared.state.change(|world| {
        let name = world.make_volume(name, asked["Labels"].clone(), options.clone())?;
        world.volume(&name).map(volume::Volume::document)
    })?;
    Ok(context.document(201, document))
}

pub(super) async fn inspect(context: Context) -> Result<Reply> {
    let name = context.asked.name();
    let document = context.shared.state.look(|world| world.volume(name).map(volume::Volume::document))?;
    Ok(context.document(200, document))
}

pub(super) async fn delete(context: Context) -> Result<Reply> {
    let (name, force) = (context.asked.name(), context.asked.flag("force"));
    let removed = context.shared.state.change(|world| world.remove_volume(name));
    match removed {
        Err(refusal) if !(force && refusal.status == 404) => Err(refusal),
        _ => Ok(Reply::empty(204)),
    }
}

pub(super) async fn prune(context: Context) -> Result<Reply> {
    let filters = context.filters()?;
    let (gone, bytes) = context.shared.state.change(|world| {
        let unused = world.volumes.iter().filter(|volume| world.users_of_volume(&volume.name).is_empty());
        let wanted = unused.filter(|volume| filters::prunes(&filters, &volume.labels, volume.created));
        let gone: Vec<(String, u64)> = wanted.map(|volume| (volume.name.clone(), volume.files.size())).collect();
        for (name, _) in &gone {
            // Nobody uses it, so nothing can be wrong.
            let _ = world.remove_volume(name);
        }
        let bytes = gone.iter().map(|(_, bytes)| bytes).sum();
        world.prune_event("volume", bytes);
        (gone, bytes)
    });
    let names: Vec<&String> = gone.iter().map(|(name, _)| name).collect();
    Ok(context.document(200, json!({ "VolumesDeleted": names, "SpaceReclaimed": bytes })))
}
