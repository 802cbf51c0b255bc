//! Images: looking at them, naming them, making and removing them.

use serde_json::{Value, json};

use super::Context;
use crate::{
    Image, Reply,
    age::Age,
    filters,
    refusal::{Refusal, Result},
    state::{StoredImage, World, ids, reference},
};

const FILTERS: [&str; 5] = ["before", "dangling", "label", "reference", "since"];

pub(super) async fn list(context: Context) -> Result<Reply> {
    let filters = context.filters(&FILTERS)?;
    let name = context.known_query("filter");
    let list: Vec<Value> = context.shared.state.look(|world| {
        let names = filters::values(&filters, "reference").into_iter().chain(name).collect::<Vec<String>>();
        let fits = |tag: &String| names.iter().all(|name| *tag == reference::full(name) || repository(tag) == name);
        let dangling = filters::values(&filters, "dangling");
        let wanted = |image: &&StoredImage| {
            dangling.iter().all(|wanted| image.tags.is_empty() == matches!(wanted.as_str(), "true" | "1"))
                && (names.is_empty() || image.tags.iter().any(fits))
                && filters::labels_pass(&filters, &image.image.config["Labels"])
        };
        let shown = |image: &StoredImage| {
            let tags = image.tags.iter().filter(|tag| fits(tag)).cloned().collect();
            listed(world.age, &StoredImage { tags, ..image.clone() })
        };
        world.images.iter().filter(wanted).map(shown).collect()
    });
    Ok(context.document(200, list.into()))
}

fn repository(tag: &str) -> &str {
    tag.rsplit_once(':').map_or(tag, |(repository, _)| repository)
}

fn listed(age: Age, image: &StoredImage) -> Value {
    let none = || vec!["<none>:<none>".to_owned()];
    json!({
        "Id": image.id, "ParentId": image.parent, "RepoTags": if image.tags.is_empty() { none() } else { image.tags.clone() },
        "RepoDigests": if age == Age::Modern { Value::Null } else { json!([]) }, "Created": image.created.as_second(),
        "Size": if age == Age::Modern { image.size.1 } else { image.size.0 }, "VirtualSize": image.size.1,
        "SharedSize": -1, "Containers": -1, "Labels": image.image.config["Labels"],
    })
}

pub(super) async fn inspect(context: Context) -> Result<Reply> {
    let name = context.asked.name();
    let document = context.shared.state.look(|world| {
        let image = world.image(name).map_err(|refusal| match world.age {
            Age::Modern => Refusal::not_found(format!("no such image: {name}: {}", refusal.message)),
            Age::Old => refusal,
        })?;
        let (container, config) = image.container.clone().unwrap_or_else(|| (String::new(), json!({})));
        Ok::<_, Refusal>(json!({
            "Id": image.id, "Parent": image.parent, "RepoTags": image.tags, "RepoDigests": [], "Comment": image.comment,
            "Created": image.created.to_string(), "Container": container, "ContainerConfig": config,
            "DockerVersion": world.age.name(), "Author": image.author, "Config": image.image.config,
            "RootFS": { "Type": "layers", "Layers": image.layers },
            "Metadata": { "LastTagTime": image.created.to_string() }, "Architecture": "amd64", "Os": "linux", "Size": image.size.1, "VirtualSize": image.size.1,
        }))
    })?;
    Ok(context.document(200, document))
}

pub(super) async fn history(context: Context) -> Result<Reply> {
    let history = context.shared.state.look(|world| {
        let mut image = Some(world.image(context.asked.name())?);
        let mut items = Vec::new();
        while let Some(now) = image {
            items.push(json!({
                "Id": now.id, "Created": now.created.as_second(), "CreatedBy": now.created_by,
                "Tags": if now.tags.is_empty() { Value::Null } else { json!(now.tags) }, "Size": now.size.0, "Comment": now.comment,
            }));
            image = world.images.iter().find(|other| other.id == now.parent);
        }
        Ok::<_, Refusal>(items)
    })?;
    Ok(context.document(200, history.into()))
}

pub(super) async fn search(context: Context) -> Result<Reply> {
    let term = context.asked.request.query("term").unwrap_or_default();
    let found: Vec<Value> = context.shared.state.look(|world| {
        let names = world.registry.iter().map(|image| repository(&image.reference));
        let mut names: Vec<&str> = names.filter(|name| name.contains(&term)).collect();
        names.sort_unstable();
        names.dedup();
        let result = |name| json!({ "name": name, "description": "", "star_count": 0, "is_official": true, "is_automated": false });
        names.into_iter().map(result).collect()
    });
    Ok(context.document(200, found.into()))
}

pub(super) async fn tag(context: Context) -> Result<Reply> {
    let (shared, asked) = (&context.shared, &context.asked);
    let repository = asked.request.query("repo").unwrap_or_default();
    let tag = asked.request.query("tag").unwrap_or_default();
    shared.state.change(|world| {
        world.check_repository(&repository, 500)?;
        let place = world.image_place(asked.name())?;
        let reference = reference::joined(&repository, &tag);
        let other = world.images.iter().any(|image| image.tags.contains(&reference));
        if other && world.age == Age::Old && !asked.flag("force") {
            let message =
                format!("Conflict: Tag {tag} is already set to image, if you want to replace it, please use -f option");
            return Err(Refusal::conflict(message));
        }
        world.give_tag(place, &reference);
        Ok(())
    })?;
    Ok(shared.age.empty(201))
}

pub(super) async fn delete(context: Context) -> Result<Reply> {
    let (name, force) = (context.asked.name(), context.asked.flag("force"));
    let done = context.shared.state.change(|world| world.delete_image(name, force))?;
    Ok(context.document(200, done.into()))
}

pub(super) async fn commit(context: Context) -> Result<Reply> {
    let asked = &context.asked;
    let given = |name: &str| asked.request.query(name).unwrap_or_default();
    let changed = if asked.request.bytes.is_empty() { Value::Null } else { context.body()? };
    let id = context.shared.state.change(|world| {
        let container = world.container(&given("container"))?;
        let pauses = container.is_running() && (asked.request.query("pause").is_none() || asked.flag("pause"));
        let (id, base, argv) = (container.id.clone(), container.image.clone(), container.argv.clone());
        let container_config = container.config.clone();
        let config = committed(&changed, &container_config);
        let reference = match given("repo") {
            repository if repository.is_empty() => None,
            repository => {
                world.check_repository(&repository, 500)?;
                Some(reference::joined(&repository, &given("tag")))
            }
        };
        let base = world.images.iter().find(|image| image.id == base).cloned();
        let mut image = base.as_ref().map_or_else(|| Image::new("none"), |base| base.image.clone());
        image.config = config;
        if pauses {
            world.container_event(&id, "pause", Default::default());
        }
        let image_id = world.new_image_id();
        world.images.insert(
            0,
            StoredImage {
                id: image_id.clone(),
                parent: base.as_ref().map_or_else(String::new, |base| base.id.clone()),
                tags: vec![],
                created: jiff::Timestamp::now(),
                comment: given("comment"),
                author: given("author"),
                created_by: argv.join(" "),
                container: Some((id.clone(), container_config)),
                layers: base.as_ref().map_or_else(Vec::new, |base| base.layers.clone()),
                size: (0, base.map_or(0, |base| base.size.1)),
                image,
            },
        );
        let mut told = vec![("comment", given("comment")), ("imageID", image_id.clone())];
        if let Some(reference) = reference {
            world.give_tag(0, &reference);
            let repository = given("repo");
            told.push(("imageRef", if given("tag").is_empty() { repository } else { reference }));
        }
        world.container_event(&id, "commit", told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect());
        if pauses {
            world.container_event(&id, "unpause", Default::default());
        }
        Ok::<_, Refusal>(image_id)
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

impl World {
    fn give_tag(&mut self, place: usize, reference: &str) {
        self.untag(reference);
        let id = self.images[place].id.clone();
        self.images[place].tags.push(reference.to_owned());
        self.image_event("tag", &id, reference);
    }

    fn delete_image(&mut self, name: &str, force: bool) -> Result<Vec<Value>> {
        let place = self.image_place(name)?;
        let (id, tags) = (self.images[place].id.clone(), self.images[place].tags.clone());
        let by_tag = tags.contains(&reference::full(name));
        if by_tag && tags.len() > 1 {
            self.untag(&reference::full(name));
            self.image_event("untag", &id, &id);
            return Ok(vec![json!({ "Untagged": reference::full(name) })]);
        }
        if !by_tag && tags.len() > 1 && !force {
            let short = ids::short(&id);
            let message = format!(
                "conflict: unable to delete {short} (must be forced) - image is referenced in multiple repositories"
            );
            return Err(Refusal::conflict(message));
        }
        self.check_unused(name, &id, by_tag, force)?;
        let mut done: Vec<Value> = tags.iter().map(|tag| json!({ "Untagged": tag })).collect();
        tags.iter().for_each(|_| self.image_event("untag", &id, &id));
        self.images[place].tags.clear();
        let used = self.containers.iter().any(|container| container.image == id);
        if !used && !self.images.iter().any(|image| image.parent == id) {
            let removed = self.images.remove(place);
            self.image_event("delete", &id, &id);
            done.push(json!({ "Deleted": id }));
            // A layer goes with the last image that has it.
            let layers =
                removed.layers.iter().filter(|layer| !self.images.iter().any(|image| image.layers.contains(layer)));
            done.extend(layers.filter(|_| self.age == Age::Modern).map(|layer| json!({ "Deleted": layer })));
        }
        Ok(done)
    }

    fn check_unused(&self, name: &str, id: &str, by_tag: bool, force: bool) -> Result<()> {
        let Some(user) = self.containers.iter().find(|container| container.image == id) else { return Ok(()) };
        let (container, image) = (ids::short(&user.id), ids::short(id));
        let message = match (by_tag, user.is_running()) {
            (_, _) if by_tag && !force => format!(
                "conflict: unable to remove repository reference {name:?} (must force) - container {container} is using \
                 its referenced image {image}"
            ),
            (false, true) => format!(
                "conflict: unable to delete {image} (cannot be forced) - image is being used by running container {container}"
            ),
            (false, false) if !force => format!(
                "conflict: unable to delete {image} (must be forced) - image is being used by stopped container {container}"
            ),
            _ => return Ok(()),
        };
        Err(Refusal::conflict(message))
    }
}
