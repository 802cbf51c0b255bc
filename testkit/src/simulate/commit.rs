//! Images made of containers.

use serde_json::{Map, Value, json};

use super::{Context, dockerfile};
use crate::{
    Reply,
    image::{complete, words},
    refusal::{Refusal, Result},
    state::{layer::Layer, reference},
};

pub(super) async fn commit(context: Context) -> Result<Reply> {
    let asked = &context.asked;
    let given = |name: &str| asked.request.query(name).unwrap_or_default();
    let given_config = if asked.request.bytes.is_empty() { Value::Null } else { context.body()? };
    let changes = asked.request.all("changes").join("\n");
    let id = context.shared.state.change(|world| {
        let container = world.container(&given("container"))?;
        let pauses = container.is_running() && (asked.request.query("pause").is_none() || asked.flag("pause"));
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

/// The configuration of an image: the container's, or what is given, made complete by it; with changes.
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
