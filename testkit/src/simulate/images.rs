//! Inspecting, listing, tagging and removing images.

use serde_json::{Value, json};

use super::Context;
use crate::{
    Response,
    api_error::{ApiError, Result},
    filters,
    release::Release,
    state::{State, StoredImage, ids, reference},
};

pub(super) async fn list(context: Context) -> Result<Response> {
    let filters = context.filters()?;
    let name = context.supported_query("filter");
    let list: Vec<Value> = context.server.state.read(|state| {
        let names = filters::values(&filters, "reference").into_iter().chain(name).collect::<Vec<String>>();
        let fits = |tag: &String| names.iter().all(|name| *tag == reference::full(name) || repository(tag) == name);
        let dangling = filters::values(&filters, "dangling");
        let all = context.call.flag("all");
        let matches = |image: &&StoredImage| {
            (all || !image.is_intermediate(state))
                && dangling.iter().all(|dangling| image.tags.is_empty() == matches!(dangling.as_str(), "true" | "1"))
                && (names.is_empty() || image.tags.iter().any(fits))
                && filters::labels_pass(&filters, &image.image.config["Labels"])
        };
        let entry = |image: &StoredImage| {
            let tags = image.tags.iter().filter(|tag| fits(tag)).cloned().collect();
            list_json(state.release, &StoredImage { tags, ..image.clone() })
        };
        state.images.iter().filter(matches).map(entry).collect()
    });
    Ok(context.json(200, list.into()))
}

fn repository(tag: &str) -> &str {
    tag.rsplit_once(':').map_or(tag, |(repository, _)| repository)
}

pub(super) fn list_json(release: Release, image: &StoredImage) -> Value {
    let none = || vec!["<none>:<none>".to_owned()];
    json!({
        "Id": image.id, "ParentId": image.parent, "RepoTags": if image.tags.is_empty() { none() } else { image.tags.clone() },
        "RepoDigests": if release == Release::V20_10 { Value::Null } else { json!([]) }, "Created": image.created.as_second(),
        "Size": if release == Release::V20_10 { image.size.1 } else { image.size.0 }, "VirtualSize": image.size.1,
        "SharedSize": -1, "Containers": -1, "Labels": image.image.config["Labels"],
    })
}

pub(super) async fn inspect(context: Context) -> Result<Response> {
    let name = context.call.name();
    let document = context.server.state.read(|state| {
        let image = state.image(name).map_err(|error| match state.release {
            Release::V20_10 => ApiError::not_found(format!("no such image: {name}: {}", error.message)),
            Release::V1_6 => error,
        })?;
        let (container, config) = image.container.clone().unwrap_or_else(|| (String::new(), json!({})));
        Ok::<_, ApiError>(json!({
            "Id": image.id, "Parent": image.parent, "RepoTags": image.tags, "RepoDigests": [], "Comment": image.comment,
            "Created": image.created.to_string(), "Container": container, "ContainerConfig": config,
            "DockerVersion": state.release.version(), "Author": image.author, "Config": image.image.config,
            "RootFS": { "Type": "layers", "Layers": image.layers },
            "Metadata": { "LastTagTime": image.created.to_string() }, "Architecture": "amd64", "Os": "linux", "Size": image.size.1, "VirtualSize": image.size.1,
        }))
    })?;
    Ok(context.json(200, document))
}

pub(super) async fn history(context: Context) -> Result<Response> {
    let history = context.server.state.read(|state| {
        let mut image = Some(state.image(context.call.name())?);
        let mut items = Vec::new();
        while let Some(now) = image {
            items.push(json!({
                "Id": now.id, "Created": now.created.as_second(), "CreatedBy": now.created_by,
                "Tags": if now.tags.is_empty() { Value::Null } else { json!(now.tags) }, "Size": now.size.0, "Comment": now.comment,
            }));
            image = state.images.iter().find(|other| other.id == now.parent);
        }
        Ok::<_, ApiError>(items)
    })?;
    Ok(context.json(200, history.into()))
}

pub(super) async fn search(context: Context) -> Result<Response> {
    let term = context.call.request.query("term").unwrap_or_default();
    let found: Vec<Value> = context.server.state.read(|state| {
        let names = state.registry.iter().map(|image| repository(&image.reference));
        let mut names: Vec<&str> = names.filter(|name| name.contains(&term)).collect();
        names.sort_unstable();
        names.dedup();
        let result = |name| json!({ "name": name, "description": "", "star_count": 0, "is_official": true, "is_automated": false });
        names.into_iter().map(result).collect()
    });
    Ok(context.json(200, found.into()))
}

pub(super) async fn distribution(context: Context) -> Result<Response> {
    let name = context.call.name();
    let document = context.server.state.read(|state| {
        state.check_repository(name, 400)?;
        let full_reference = reference::full(name);
        let found = state.registry.iter().find(|image| image.reference == full_reference);
        found.ok_or_else(|| ApiError::not_found("manifest unknown: manifest unknown"))?;
        Ok::<_, ApiError>(json!({
            "Descriptor": {
                "mediaType": "application/vnd.docker.distribution.manifest.v2+json",
                "digest": format!("sha256:{}", ids::of(full_reference.as_bytes())), "size": 527,
            },
            "Platforms": [{ "architecture": "amd64", "os": "linux" }],
        }))
    })?;
    Ok(context.json(200, document))
}

pub(super) async fn tag(context: Context) -> Result<Response> {
    let (server, call) = (&context.server, &context.call);
    let repository = call.request.query("repo").unwrap_or_default();
    let tag = call.request.query("tag").unwrap_or_default();
    server.state.update(|state| {
        state.check_repository(&repository, 500)?;
        let id = state.image(call.name())?.id.clone();
        let reference = reference::joined(&repository, &tag);
        let other = state.images.iter().any(|image| image.tags.contains(&reference));
        if other && state.release == Release::V1_6 && !call.flag("force") {
            let message =
                format!("Conflict: Tag {tag} is already set to image, if you want to replace it, please use -f option");
            return Err(ApiError::conflict(message));
        }
        state.tag_image(&id, &reference, &reference);
        Ok(())
    })?;
    Ok(server.release.empty(201))
}

pub(super) async fn delete(context: Context) -> Result<Response> {
    let (name, force) = (context.call.name(), context.call.flag("force"));
    let parents = !context.call.flag("noprune");
    let done = context.server.state.update(|state| state.delete_image(name, force, parents))?;
    Ok(context.json(200, done.into()))
}

impl State {
    /// Removes a tag of an image, and with its last tag the image; if `parents` is set, also its untagged parents.
    pub(super) fn delete_image(&mut self, name: &str, force: bool, parents: bool) -> Result<Vec<Value>> {
        let index = self.image_index(name)?;
        let (id, tags) = (self.images[index].id.clone(), self.images[index].tags.clone());
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
            return Err(ApiError::conflict(message));
        }
        if !by_tag && self.images.iter().any(|image| image.parent == id) {
            let short = ids::short(&id);
            return Err(ApiError::conflict(format!(
                "conflict: unable to delete {short} (cannot be forced) - image has dependent child images"
            )));
        }
        self.check_unused(name, &id, by_tag, force)?;
        let mut done: Vec<Value> = tags.iter().map(|tag| json!({ "Untagged": tag })).collect();
        tags.iter().for_each(|_| self.image_event("untag", &id, &id));
        self.images[index].tags.clear();
        let mut next = Some(id);
        while let Some(id) = next.take() {
            let Some(removed) = self.remove_untagged(&id, &mut done) else { break };
            next = Some(removed.parent.clone()).filter(|_| parents);
        }
        Ok(done)
    }

    /// Removes an untagged image without children and containers, and adds that to `done`.
    fn remove_untagged(&mut self, id: &str, done: &mut Vec<Value>) -> Option<StoredImage> {
        let index = self.images.iter().position(|image| image.id == id && image.tags.is_empty())?;
        let used = self.containers.iter().any(|container| container.image == id);
        if used || self.images.iter().any(|image| image.parent == id) {
            return None;
        }
        let removed = self.images.remove(index);
        self.image_event("delete", id, id);
        done.push(json!({ "Deleted": id }));
        // A layer is removed with the last image that has it. Its chain id is a hash of all layers up to it.
        let is_unused = |layer: &str| !self.images.iter().any(|image| image.layers.iter().any(|known| known == layer));
        let chains = (0..removed.layers.len()).rev().filter(|at| is_unused(&removed.layers[*at]));
        let chains = chains.map(|at| match at {
            0 => removed.layers[0].clone(),
            at => format!("sha256:{}", ids::of(removed.layers[..=at].concat().as_bytes())),
        });
        done.extend(chains.filter(|_| self.release == Release::V20_10).map(|layer| json!({ "Deleted": layer })));
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
        Err(ApiError::conflict(message))
    }
}
