//! Saving, loading and importing image archives.

use serde_json::{Value, json};

use super::{Context, dockerfile, json_stream::json_stream};
use crate::{
    Image, Response,
    api_error::{ApiError, Result},
    release::Release,
    state::{
        State, StoredImage,
        files::{File, Files, Kind, clean},
        ids, reference,
    },
};

pub(super) async fn save_one(context: Context) -> Result<Response> {
    save(&context, &[context.call.name().to_owned()])
}

pub(super) async fn save_all(context: Context) -> Result<Response> {
    save(&context, &context.call.request.all("names"))
}

fn save(context: &Context, names: &[String]) -> Result<Response> {
    let archive = context.server.state.update(|state| {
        let mut chosen: Vec<(StoredImage, Vec<String>)> = Vec::new();
        for name in names {
            if name.is_empty() {
                return Err(ApiError::new(500, "invalid reference format"));
            }
            let missing = |_| ApiError::not_found(format!("No such image: {name}"));
            let image = state.image(name).map_err(missing)?.clone();
            let tag = Some(reference::full(name)).filter(|tag| image.tags.contains(tag));
            match chosen.iter_mut().find(|(known, _)| known.id == image.id) {
                Some((_, tags)) => tags.extend(tag),
                None => chosen.push((image, tag.into_iter().collect())),
            }
        }
        chosen.iter().for_each(|(image, _)| state.image_event("save", &image.id, &image.id));
        Ok(archive_files(state.release, &chosen).pack("/", ""))
    })?;
    Ok(Response::with_type(200, "application/x-tar", archive))
}

/// The files of an image archive.
fn archive_files(release: Release, images: &[(StoredImage, Vec<String>)]) -> Files {
    let mut files = Files::default();
    let (mut manifest, mut repositories) = (Vec::new(), json!({}));
    let mut put = |path: &str, content: Value| files.put(path, File::regular(content.to_string()));
    let mut layers = Vec::new();
    for (image, tags) in images {
        let digits = image.id.trim_start_matches("sha256:");
        let layer = ids::of(format!("layer of {digits}").as_bytes());
        let (container, container_config) = image.container.clone().unwrap_or_default();
        let config = json!({
            "architecture": "amd64", "os": "linux", "docker_version": release.version(), "author": image.author,
            "comment": image.comment, "created": image.created.to_string(), "config": image.image.config,
            "container": container, "container_config": container_config,
            "history": [{ "created": image.created.to_string(), "created_by": image.created_by, "comment": image.comment }],
            "rootfs": { "type": "layers", "diff_ids": [image.layers.last()] },
        });
        put(&format!("/{digits}.json"), config.clone());
        put(
            &format!("/{layer}/json"),
            json!({ "id": layer, "created": image.created.to_string(), "config": config["config"] }),
        );
        manifest.push(json!({
            "Config": format!("{digits}.json"), "Layers": [format!("{layer}/layer.tar")],
            "RepoTags": if tags.is_empty() { Value::Null } else { json!(tags) },
        }));
        for (repository, tag) in tags.iter().filter_map(|tag| tag.rsplit_once(':')) {
            repositories[repository][tag] = json!(layer);
        }
        layers.push((layer, image.image.files.pack("/", "")));
    }
    put("/manifest.json", if manifest.is_empty() { Value::Null } else { manifest.into() });
    if repositories != json!({}) {
        put("/repositories", repositories);
    }
    for (layer, content) in layers {
        files.put(&format!("/{layer}/VERSION"), File::regular("1.0"));
        files.put(&format!("/{layer}/layer.tar"), File::regular(content));
    }
    files
}

pub(super) async fn load(context: Context) -> Result<Response> {
    let release = context.server.release;
    let loaded = context.server.state.update(|state| load_all(state, &context.call.request.bytes));
    let lines = match (loaded, release) {
        (Ok(_), Release::V1_6) => return Ok(Response::empty(200)),
        (Err(error), Release::V1_6) => return Err(ApiError::new(500, error)),
        (Ok(lines), _) => lines.into_iter().map(|line| json!({ "stream": line })).collect(),
        (Err(error), _) => vec![json!({ "errorDetail": { "message": error }, "error": error })],
    };
    Ok(json_stream(&lines))
}

fn load_all(state: &mut State, archive: &[u8]) -> std::result::Result<Vec<String>, String> {
    let mut files = Files::default();
    let invalid = |error| format!("Error processing tar file(exit status 1): {error}");
    files.unpack(archive, "/", false).map_err(invalid)?;
    let content = |path: &str| match files.get(&clean(&format!("/{path}"))).map(|file| file.kind) {
        Some(Kind::Regular(content)) => Ok(content),
        _ => Err(format!("open {path}: no such file or directory")),
    };
    let document = |path: &str| -> std::result::Result<Value, String> {
        serde_json::from_slice(&content(path)?).map_err(|error| error.to_string())
    };
    // Archives without a manifest, of older engines, are not simulated.
    let manifest = document("manifest.json").map_err(|_| "open repositories: no such file or directory".to_owned())?;
    let mut lines = Vec::new();
    for entry in manifest.as_array().into_iter().flatten() {
        let name = entry["Config"].as_str().unwrap_or_default();
        let config = document(name)?;
        let digits = name.trim_end_matches(".json");
        let is_id = digits.len() == 64 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let digits = if is_id { digits.to_owned() } else { ids::of(config.to_string().as_bytes()) };
        let id = if state.release == Release::V1_6 { digits } else { format!("sha256:{digits}") };
        if !state.images.iter().any(|image| image.id == id) {
            let mut tree = Files::default();
            for layer in crate::argv::words(&entry["Layers"]) {
                tree.unpack(&content(&layer)?, "/", false).map_err(invalid)?;
            }
            state.restore_image(&id, &config, tree);
        }
        let tags = crate::argv::words(&entry["RepoTags"]);
        for tag in &tags {
            state.untag(tag);
            state.images.iter_mut().filter(|image| image.id == id).for_each(|image| image.tags.push(tag.clone()));
            lines.push(format!("Loaded image: {tag}\n"));
        }
        if tags.is_empty() {
            lines.push(format!("Loaded image ID: {id}\n"));
        }
        state.image_event("load", &id, &id);
    }
    Ok(lines)
}

impl State {
    /// Adds an image from an archive. An image that was removed before gets its programs back.
    fn restore_image(&mut self, id: &str, config: &Value, files: Files) {
        let known = self.removed.iter().find(|image| image.id == id).cloned();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let stored = known.unwrap_or_else(|| {
            let mut image = Image::new("none").size(files.size());
            (image.config, image.files) = (config["config"].clone(), files);
            let last = config["history"].as_array().and_then(|history| history.last()).cloned().unwrap_or_default();
            StoredImage {
                id: id.to_owned(),
                parent: String::new(),
                tags: vec![],
                created: text(&config["created"]).parse().unwrap_or_default(),
                comment: text(&last["comment"]),
                author: text(&config["author"]),
                created_by: text(&last["created_by"]),
                container: Some((text(&config["container"]), config["container_config"].clone())),
                layers: crate::argv::words(&config["rootfs"]["diff_ids"]),
                size: (image.size, image.size),
                image,
            }
        });
        self.images.insert(0, StoredImage { tags: vec![], parent: String::new(), ..stored });
    }
}

pub(super) fn import(context: &Context) -> Result<Response> {
    let request = &context.call.request;
    let given = |name: &str| request.query(name).unwrap_or_default();
    let (repository, tag, message) = (given("repo"), given("tag"), given("message"));
    let mut files = Files::default();
    let invalid = |error| ApiError::new(500, format!("Error processing tar file(exit status 1): {error}"));
    files.unpack(&request.bytes, "/", false).map_err(invalid)?;
    let config = dockerfile::changed(json!({}), &request.all("changes").join("\n"))?;
    context.server.state.update(|state| {
        let mut image = Image::new("none").size(files.size());
        (image.config, image.files) = (config, files);
        if !repository.is_empty() {
            state.check_repository(&repository, 400)?;
            image.reference = reference::joined(&repository, &tag);
        }
        let id = state.add_image(&image);
        if repository.is_empty() {
            state.untag(&image.reference);
        } else {
            let name = if tag.is_empty() { repository.clone() } else { image.reference.clone() };
            state.image_event("tag", &id, &name);
        }
        if let Some(stored) = state.images.first_mut() {
            stored.comment = if message.is_empty() { "Imported from -".to_owned() } else { message };
        }
        state.image_event("import", &id, &id);
        Ok(json_stream(&[json!({ "status": id })]))
    })
}
