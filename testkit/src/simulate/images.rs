//! Images: looking at them, naming them, making and removing them.

use serde_json::{Value, json};

use super::Context;
use crate::{
    Reply,
    age::Age,
    filters,
    refusal::{Refusal, Result},
    state::{StoredImage, World, ids, reference},
};

pub(super) async fn list(context: Context) -> Result<Reply> {
    let filters = context.filters()?;
    let name = context.known_query("filter");
    let list: Vec<Value> = context.shared.state.look(|world| {
        let names = filters::values(&filters, "reference").into_iter().chain(name).collect::<Vec<String>>();
        let fits = |tag: &String| names.iter().all(|name| *tag == reference::full(name) || repository(tag) == name);
        let dangling = filters::values(&filters, "dangling");
        let all = context.asked.flag("all");
        let wanted = |image: &&StoredImage| {
            (all || !image.is_between(world))
                && dangling.iter().all(|wanted| image.tags.is_empty() == matches!(wanted.as_str(), "true" | "1"))
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

pub(super) fn listed(age: Age, image: &StoredImage) -> Value {
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

pub(super) async fn distribution(context: Context) -> Result<Reply> {
    let name = context.asked.name();
    let document = context.shared.state.look(|world| {
        world.check_repository(name, 400)?;
        let wanted = reference::full(name);
        let found = world.registry.iter().find(|image| image.reference == wanted);
        found.ok_or_else(|| Refusal::not_found("manifest unknown: manifest unknown"))?;
        Ok::<_, Refusal>(json!({
            "Descriptor": {
                "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
                "digest": format!("sha256:{}", ids::of(wanted.as_bytes())), "size": 527,
            },
            "Platforms": [{ "architecture": "amd64", "os": "linux" }],
        }))
    })?;
    Ok(context.document(200, document))
}

pub(super) async fn tag(context: Context) -> Result<Reply> {
    let (shared, asked) = (&context.shared, &context.asked);
    let repository = asked.request.query("repo").unwrap_or_default();
    let tag = asked.request.query("tag").unwrap_or_default();
    shared.state.change(|world| {
        world.check_repository(&repository, 500)?;
        let id = world.image(asked.name())?.id.clone();
        let reference = reference::joined(&repository, &tag);
        let other = world.images.iter().any(|image| image.tags.contains(&reference));
        if other && world.age == Age::Old && !asked.flag("force") {
            let message =
                format!("Conflict: Tag {tag} is already set to image, if you want to replace it, please use -f option");
            return Err(Refusal::conflict(message));
        }
        world.give_tag(&id, &reference, &reference);
        Ok(())
    })?;
    Ok(shared.age.empty(201))
}

pub(super) async fn delete(context: Context) -> Result<Reply> {
    let (name, force) = (context.asked.name(), context.asked.flag("force"));
    let parents = !context.asked.flag("noprune");
    let done = context.shared.state.change(|world| world.delete_image(name, force, parents))?;
    Ok(context.document(200, done.into()))
}

impl World {
    /// Takes a name from an image, and removes it with its last; its parents, too, if `parents` says so and they have no name.
    pub(super) fn delete_image(&mut self, name: &str, force: bool, parents: bool) -> Result<Vec<Value>> {
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
        if !by_tag && self.images.iter().any(|image| image.parent == id) {
            let short = ids::short(&id);
            return Err(Refusal::conflict(format!(
                "conflict: unable to delete {short} (cannot be forced) - image has dependent child images"
            )));
        }
        self.check_unused(name, &id, by_tag, force)?;
        let mut done: Vec<Value> = tags.iter().map(|tag| json!({ "Untagged": tag })).collect();
        tags.iter().for_each(|_| self.image_event("untag", &id, &id));
        self.images[place].tags.clear();
        let mut next = Some(id);
        while let Some(id) = next.take() {
            let Some(removed) = self.remove_nameless(&id, &mut done) else { break };
            next = Some(removed.parent.clone()).filter(|_| parents);
        }
        Ok(done)
    }

    /// Removes an image that has no name, no children and no containers, and tells it.
    fn remove_nameless(&mut self, id: &str, done: &mut Vec<Value>) -> Option<StoredImage> {
        let place = self.images.iter().position(|image| image.id == id && image.tags.is_empty())?;
        let used = self.containers.iter().any(|container| container.image == id);
        if used || self.images.iter().any(|image| image.parent == id) {
            return None;
        }
        let removed = self.images.remove(place);
        self.image_event("delete", id, id);
        done.push(json!({ "Deleted": id }));
        // A layer goes with the last image that has it, and is called by all that are below it.
        let gone = |layer: &str| !self.images.iter().any(|image| image.layers.iter().any(|known| known == layer));
        let chains = (0..removed.layers.len()).rev().filter(|at| gone(&removed.layers[*at]));
        let chains = chains.map(|at| match at {
            0 => removed.layers[0].clone(),
            at => format!("sha256:{}", ids::of(removed.layers[..=at].concat().as_bytes())),
        });
        done.extend(chains.filter(|_| self.age == Age::Modern).map(|layer| json!({ "Deleted": layer })));
        self.removed.push(removed.clone());
        Some(removed)
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
