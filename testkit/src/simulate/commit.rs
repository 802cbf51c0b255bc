//! Commits of containers.

use serde_json::{Map, Value, json};

use super::{Context, dockerfile};
use crate::{
    Response,
    api_error::{ApiError, Result},
    argv::words,
    image::complete,
    state::{layer::Layer, reference},
};

pub(super) async fn commit(context: Context) -> Result<Response> {
    let call = &context.call;
    let given = |name: &str| call.request.query(name).unwrap_or_default();
    let given_config = if call.request.bytes.is_empty() { Value::Null } else { context.body()? };
    let changes = call.request.all("changes").join("\n");
    let id = context.server.state.update(|state| {
        let container = state.container(&given("container"))?;
        let pauses = container.is_running() && (call.request.query("pause").is_none() || call.flag("pause"));
        let (id, base, config) = (container.id.clone(), container.image.clone(), container.config.clone());
        let layer = Layer {
            config: committed(&given_config, &config, &changes)?,
            files: container.files.clone(),
            comment: given("comment"),
            author: given("author"),
            created_by: container.argv.join(" "),
            container: Some((id.clone(), config)),
        };
        let reference = match given("repo") {
            repository if repository.is_empty() => None,
            repository => {
                state.check_repository(&repository, 500)?;
                Some(reference::joined(&repository, &given("tag")))
            }
        };
        if pauses {
            state.container_event(&id, "pause", Default::default());
        }
        let image = state.add_layer(&base, layer);
        let mut attributes = vec![("comment", given("comment")), ("imageID", image.clone())];
        if let Some(reference) = reference {
            let name = if given("tag").is_empty() { given("repo") } else { reference.clone() };
            state.tag_image(&image, &reference, &name);
            attributes.push(("imageRef", name));
        }
        state.container_event(
            &id,
            "commit",
            attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        );
        if pauses {
            state.container_event(&id, "unpause", Default::default());
        }
        Ok::<_, ApiError>(image)
    })?;
    Ok(context.json(201, json!({ "Id": id })))
}

/// The configuration of the new image: the given one, completed by the configuration of the container, with changes.
fn committed(given: &Value, container: &Value, changes: &str) -> Result<Value> {
    let nothing = given.as_object().is_none_or(Map::is_empty);
    let mut config = dockerfile::changed(if nothing { container.clone() } else { given.clone() }, changes)?;
    complete(&mut config, container);
    for field in ["Cmd", "Entrypoint"] {
        if words(&config[field]).is_empty() {
            config[field] = container[field].clone();
        }
    }
    Ok(config)
}
