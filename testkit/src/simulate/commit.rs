//! Images made of containers.

use serde_json::{Value, json};

use super::Context;
use crate::{
    Reply,
    refusal::{Refusal, Result},
    state::{layer::Layer, reference},
};

pub(super) async fn commit(context: Context) -> Result<Reply> {
    let asked = &context.asked;
    let given = |name: &str| asked.request.query(name).unwrap_or_default();
    let changes = if asked.request.bytes.is_empty() { Value::Null } else { context.body()? };
    let id = context.shared.state.change(|world| {
        let container = world.container(&given("container"))?;
        let pauses = container.is_running() && (asked.request.query("pause").is_none() || asked.flag("pause"));
        let (id, base, config) = (container.id.clone(), container.image.clone(), container.config.clone());
        let layer = Layer {
            config: committed(&changes, &config),
            files: container.files.clone(),
            comment: given("comment"),
            author: given("author"),
            created_by: container.argv.join(" "),
            container: Some((id.clone(), config)),
        };
        let reference = match given("repo") {
            repository if repository.is_empty() => None,
            repository => {
                world.check_repository(&repository, 500)?;
                Some(reference::joined(&repository, &given("tag")))
            }
        };
        if pauses {
            world.container_event(&id, "pause", Default::default());
        }
        let image = world.add_layer(&base, layer);
        let mut told = vec![("comment", given("comment")), ("imageID", image.clone())];
        if let Some(reference) = reference {
            let name = if given("tag").is_empty() { given("repo") } else { reference.clone() };
            world.give_tag(&image, &reference, &name);
            told.push(("imageRef", name));
        }
        world.container_event(&id, "commit", told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
        if pauses {
            world.container_event(&id, "unpause", Default::default());
        }
        Ok::<_, Refusal>(image)
    })?;
    Ok(context.document(201, json!({ "Id": id })))
}

/// The configuration of an image: the container's, or what is given, made complete by it.
fn committed(given: &Value, container: &Value) -> Value {
    if is_empty(given) {
        return container.clone();
    }
    let mut config = given.clone();
    let completed = ["User", "ExposedPorts", "Env", "Labels", "Cmd", "Entrypoint", "WorkingDir", "Volumes"];
    for field in completed.into_iter().filter(|field| !is_empty(&container[*field])) {
        if is_empty(&config[field]) {
            config[field] = container[field].clone();
        }
    }
    config
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Number(number) => number.as_i64() == Some(0),
        Value::Bool(true) => false,
    }
}
