//! Copying files into and out of containers, and listing changes.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::Context;
use crate::{
    Response,
    api_error::{ApiError, Result},
    release::Release,
    state::{
        State,
        files::{File, Files, Kind, clean},
    },
};

/// The bits of a directory and a symbolic link in Go's file modes.
const DIRECTORY: u32 = 1 << 31;
const LINK: u32 = 1 << 27;

/// A file in a container.
struct Found {
    files: Files,
    path: String,
    /// The name in an archive.
    name: String,
    file: File,
}

/// Finds the file at `path`.
fn find(state: &State, container: &str, path: &str) -> Result<Found> {
    let files = state.files_in(container)?;
    // With such an ending, a symbolic link is followed.
    let follow = path.ends_with('/') || path.ends_with("/.");
    let resolved = files.resolved(path, follow);
    let missing = || ApiError::not_found(format!("Could not find the file {path} in container {container}"));
    let file = files.get(&resolved).ok_or_else(missing)?;
    if follow && !file.is_directory() {
        return Err(ApiError::new(500, format!("lstat {path}: not a directory")));
    }
    let name = match clean(path).rsplit_once('/') {
        _ if path.ends_with("/.") => ".".to_owned(),
        Some((_, name)) if !name.is_empty() => name.to_owned(),
        _ => "/".to_owned(),
    };
    Ok(Found { files, path: resolved, name, file })
}

impl Found {
    /// The value of the header `X-Docker-Container-Path-Stat`.
    fn stat(&self) -> String {
        let (kind, target) = match &self.file.kind {
            Kind::Directory => (DIRECTORY, String::new()),
            Kind::Regular(_) => (0, String::new()),
            Kind::Link(target) => {
                let folder = self.path.rsplit_once('/').map_or("", |(folder, _)| folder);
                let absolute = if target.starts_with('/') { target.clone() } else { format!("{folder}/{target}") };
                (LINK, clean(&absolute))
            }
        };
        let size = match &self.file.kind {
            Kind::Directory => 4096,
            Kind::Regular(content) => content.len(),
            Kind::Link(target) => target.len(),
        };
        let modified = jiff::Timestamp::from_second(i64::try_from(self.file.modified).unwrap_or(0)).unwrap_or_default();
        let stat = json!({
            "name": self.name, "size": size, "mode": self.file.mode | kind, "mtime": modified.to_string(),
            "linkTarget": target,
        });
        BASE64_STANDARD.encode(stat.to_string())
    }
}

fn path(context: &Context) -> Result<String> {
    let path = context.call.request.query("path").unwrap_or_default();
    if path.is_empty() { Err(ApiError::new(400, "bad parameter: pathcannot be empty")) } else { Ok(path) }
}

pub(super) async fn stat(context: Context) -> Result<Response> {
    let path = path(&context)?;
    let found = context.server.state.update(|state| {
        let id = state.container(context.call.name())?.id.clone();
        state.volumes_mounted(&id);
        state.volumes_unmounted(&id);
        find(state, context.call.name(), &path)
    })?;
    Ok(Response::empty(200).header("X-Docker-Container-Path-Stat", &found.stat()))
}

pub(super) async fn get(context: Context) -> Result<Response> {
    let path = path(&context)?;
    let found = read(&context, "archive-path", |state| find(state, context.call.name(), &path))?;
    let archive = found.files.pack(&found.path, &found.name);
    Ok(Response::with_type(200, "application/x-tar", archive).header("X-Docker-Container-Path-Stat", &found.stat()))
}

pub(super) async fn copy(context: Context) -> Result<Response> {
    let release = context.server.release;
    let body = context.body()?;
    let path = body["Resource"].as_str().unwrap_or_default();
    if path.is_empty() {
        return Err(release.error(400, 500, "Path cannot be empty"));
    }
    let found = read(&context, "copy", |state| {
        state.container(context.call.name())?;
        let found = find(state, context.call.name(), path);
        found.map_err(|error| if error.status == 404 { release.error(404, 500, error.message) } else { error })
    })?;
    // Docker 20.10 omits the name of a directory.
    let name = if found.file.is_directory() && release == Release::V20_10 { "" } else { &found.name };
    Ok(Response::with_type(200, "application/x-tar", found.files.pack(&found.path, name)))
}

/// Reads files of a container, and adds an event for it.
fn read<T>(context: &Context, action: &str, read: impl FnOnce(&State) -> Result<T>) -> Result<T> {
    context.server.state.update(|state| {
        let id = state.container(context.call.name())?.id.clone();
        state.volumes_mounted(&id);
        let found = read(state);
        if found.is_ok() {
            state.container_event(&id, action, Default::default());
        }
        state.volumes_unmounted(&id);
        found
    })
}

pub(super) async fn put(context: Context) -> Result<Response> {
    let path = path(&context)?;
    let (name, archive) = (context.call.name(), &context.call.request.bytes);
    let keep_types = context.call.flag("noOverwriteDirNonDir");
    context.server.state.update(|state| {
        let id = state.container(name)?.id.clone();
        state.volumes_mounted(&id);
        let done = extract(state, name, &path, archive, keep_types);
        if done.is_ok() {
            state.container_event(&id, "extract-to-dir", Default::default());
        }
        state.volumes_unmounted(&id);
        done
    })?;
    Ok(Response::empty(200))
}

fn extract(state: &mut State, container: &str, path: &str, archive: &[u8], keep_types: bool) -> Result<()> {
    let files = state.files_in(container)?;
    let at = files.resolved(path, true);
    let missing = || ApiError::not_found(format!("Could not find the file {path} in container {container}"));
    if !files.get(&at).ok_or_else(missing)?.is_directory() {
        return Err(ApiError::new(500, "extraction point is not a directory"));
    }
    state.require_writable(container, &at)?;
    state.change_files(container, |files| {
        let invalid = |error| ApiError::new(500, format!("Error processing tar file(exit status 1): {error}"));
        files.unpack(archive, &at, keep_types).map_err(invalid)
    })?
}

pub(super) async fn export(context: Context) -> Result<Response> {
    let archive = context.server.state.update(|state| {
        let container = state.container(context.call.name())?;
        let (id, archive) = (container.id.clone(), container.files.pack("/", ""));
        state.container_event(&id, "export", Default::default());
        Ok::<_, ApiError>(archive)
    })?;
    Ok(Response::with_type(200, "application/octet-stream", archive))
}

pub(super) async fn changes(context: Context) -> Result<Response> {
    let changes: Vec<Value> = context.server.state.read(|state| {
        let container = state.container(context.call.name())?;
        let mut all = container.files.changes_since(&container.base);
        all.extend(container.reported_changes.clone());
        let changes = all.iter().map(|(path, kind)| json!({ "Path": path, "Kind": kind }));
        Ok::<_, ApiError>(changes.collect())
    })?;
    let is_null = changes.is_empty() && context.server.release == Release::V20_10;
    Ok(context.json(200, if is_null { Value::Null } else { changes.into() }))
}
