//! Files of a container: into it, out of it, and looked at.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use super::Context;
use crate::{
    Reply,
    age::Age,
    refusal::{Refusal, Result},
    state::{
        World,
        files::{File, Files, Kind, clean},
    },
};

/// As Go marks them in a mode.
const DIRECTORY: u32 = 1 << 31;
const LINK: u32 = 1 << 27;

/// What a path means in a container.
struct Found {
    files: Files,
    path: String,
    /// What it is called in an archive.
    name: String,
    file: File,
}

/// Looks for the file that a request is about.
fn find(world: &World, container: &str, path: &str) -> Result<Found> {
    let files = world.files_in(container)?;
    // A path that ends so means what a link leads to.
    let follow = path.ends_with('/') || path.ends_with("/.");
    let resolved = files.resolved(path, follow);
    let missing = || Refusal::not_found(format!("Could not find the file {path} in container {container}"));
    let file = files.get(&resolved).ok_or_else(missing)?;
    if follow && !file.is_directory() {
        return Err(Refusal::new(500, format!("lstat {path}: not a directory")));
    }
    let name = match clean(path).rsplit_once('/') {
        _ if path.ends_with("/.") => ".".to_owned(),
        Some((_, name)) if !name.is_empty() => name.to_owned(),
        _ => "/".to_owned(),
    };
    Ok(Found { files, path: resolved, name, file })
}

impl Found {
    /// What is told of it in a header.
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
    let path = context.asked.request.query("path").unwrap_or_default();
    if path.is_empty() { Err(Refusal::new(400, "bad parameter: pathcannot be empty")) } else { Ok(path) }
}

pub(super) async fn stat(context: Context) -> Result<Reply> {
    let path = path(&context)?;
    let found = context.shared.state.change(|world| {
        let id = world.container(context.asked.name())?.id.clone();
        world.volumes_mounted(&id);
        world.volumes_unmounted(&id);
        find(world, context.asked.name(), &path)
    })?;
    Ok(Reply::empty(200).header("X-Docker-Container-Path-Stat", &found.stat()))
}

pub(super) async fn get(context: Context) -> Result<Reply> {
    let path = path(&context)?;
    let found = read(&context, "archive-path", |world| find(world, context.asked.name(), &path))?;
    let archive = found.files.pack(&found.path, &found.name);
    Ok(Reply::with_type(200, "application/x-tar", archive).header("X-Docker-Container-Path-Stat", &found.stat()))
}

pub(super) async fn copy(context: Context) -> Result<Reply> {
    let age = context.shared.age;
    let asked = context.body()?;
    let path = asked["Resource"].as_str().unwrap_or_default();
    if path.is_empty() {
        return Err(age.refusal(400, 500, "Path cannot be empty"));
    }
    let found = read(&context, "copy", |world| {
        world.container(context.asked.name())?;
        let found = find(world, context.asked.name(), path);
        found.map_err(|refusal| if refusal.status == 404 { age.refusal(404, 500, refusal.message) } else { refusal })
    })?;
    // Newer engines leave out the name of a directory.
    let name = if found.file.is_directory() && age == Age::Modern { "" } else { &found.name };
    Ok(Reply::with_type(200, "application/x-tar", found.files.pack(&found.path, name)))
}

/// Looks at the files of a container, and tells that it happened.
fn read<T>(context: &Context, action: &str, look: impl FnOnce(&World) -> Result<T>) -> Result<T> {
    context.shared.state.change(|world| {
        let id = world.container(context.asked.name())?.id.clone();
        world.volumes_mounted(&id);
        let found = look(world);
        if found.is_ok() {
            world.container_event(&id, action, Default::default());
        }
        world.volumes_unmounted(&id);
        found
    })
}

pub(super) async fn put(context: Context) -> Result<Reply> {
    let path = path(&context)?;
    let (name, archive) = (context.asked.name(), &context.asked.request.bytes);
    let directories_stay = context.asked.flag("noOverwriteDirNonDir");
    context.shared.state.change(|world| {
        let id = world.container(name)?.id.clone();
        world.volumes_mounted(&id);
        let done = extract(world, name, &path, archive, directories_stay);
        if done.is_ok() {
            world.container_event(&id, "extract-to-dir", Default::default());
        }
        world.volumes_unmounted(&id);
        done
    })?;
    Ok(Reply::empty(200))
}

fn extract(world: &mut World, container: &str, path: &str, archive: &[u8], directories_stay: bool) -> Result<()> {
    let files = world.files_in(container)?;
    let at = files.resolved(path, true);
    let missing = || Refusal::not_found(format!("Could not find the file {path} in container {container}"));
    if !files.get(&at).ok_or_else(missing)?.is_directory() {
        return Err(Refusal::new(500, "extraction point is not a directory"));
    }
    world.must_be_writable(container, &at)?;
    world.change_files(container, |files| {
        let broken = |error| Refusal::new(500, format!("Error processing tar file(exit status 1): {error}"));
        files.unpack(archive, &at, directories_stay).map_err(broken)
    })?
}

pub(super) async fn export(context: Context) -> Result<Reply> {
    let archive = context.shared.state.change(|world| {
        let container = world.container(context.asked.name())?;
        let (id, archive) = (container.id.clone(), container.files.pack("/", ""));
        world.container_event(&id, "export", Default::default());
        Ok::<_, Refusal>(archive)
    })?;
    Ok(Reply::with_type(200, "application/octet-stream", archive))
}

pub(super) async fn changes(context: Context) -> Result<Reply> {
    let changes: Vec<Value> = context.shared.state.look(|world| {
        let container = world.container(context.asked.name())?;
        let mut all = container.files.changes_since(&container.base);
        all.extend(container.said_changes.clone());
        let told = all.iter().map(|(path, kind)| json!({ "Path": path, "Kind": kind }));
        Ok::<_, Refusal>(told.collect())
    })?;
    let none = changes.is_empty() && context.shared.age == Age::Modern;
    Ok(context.document(200, if none { Value::Null } else { changes.into() }))
}
