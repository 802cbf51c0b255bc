//! Builds with BuildKit. The proxy does not support sessions, so these tests connect to the engine directly.

use std::{fs, ops::Deref, path::Path};

use dockerclient::{
    ApiVersion, DockerClient, Result,
    images::{BuildImage, BuildTrace, Context, Image, PlainTrace, ProgressItem},
};
use tempfile::TempDir;
use tokio::sync::{RwLockReadGuard, RwLockWriteGuard};

use crate::{
    builds::BUILDS,
    engine::{Engine, version},
    transfers::archive,
};

mod cache;
mod containerd_store;
mod contexts;
mod control;
mod docker_cli;
mod failures;
mod images;
mod outputs;
mod progress;
mod secrets;
mod ssh;

/// The first API version with BuildKit.
const BUILDKIT: ApiVersion = ApiVersion::new(1, 38);

/// The first API version with BuildKit's control API, over which a build has all features.
const CONTROL_API: ApiVersion = ApiVersion::new(1, 40);

/// The engine, and the lock of [`BUILDS`].
struct Locked<T> {
    engine: Engine,
    _lock: T,
}

impl<T> Deref for Locked<T> {
    type Target = Engine;

    fn deref(&self) -> &Engine {
        &self.engine
    }
}

/// Builds an archive of these files.
fn build(docker: &DockerClient, files: &[(&str, &str)]) -> BuildImage {
    docker.images().build(archive(files)).build_kit(true)
}

/// Builds a directory.
fn build_directory(docker: &DockerClient, directory: &Path) -> BuildImage {
    docker.images().build(Context::directory(directory)).build_kit(true)
}

/// Creates a directory with these files.
fn directory(files: &[(&str, &str)]) -> TempDir {
    let directory = TempDir::new().unwrap();
    for (name, content) in files {
        let path = directory.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    directory
}

/// Returns the engine, or `None` if the API version under test has no BuildKit.
async fn engine_with_buildkit() -> Option<Locked<RwLockReadGuard<'static, ()>>> {
    let engine = Engine::under_test().await;
    if version() >= BUILDKIT {
        return Some(Locked { engine, _lock: BUILDS.read().await });
    }
    let error = build(&engine.direct(), &[("Dockerfile", "FROM busybox\n")]).await.unwrap_err();
    assert!(error.is_unsupported(), "{error}");
    None
}

/// Returns the engine, or `None` if the API version under test does not have BuildKit's control API.
async fn engine_with_control_api() -> Option<Locked<RwLockReadGuard<'static, ()>>> {
    engine_with_buildkit().await.filter(|_| version() >= CONTROL_API)
}

/// Returns the engine without other builds, or `None` if the API version under test is older than `since`.
async fn engine_without_other_builds(since: ApiVersion) -> Option<Locked<RwLockWriteGuard<'static, ()>>> {
    if version() < since {
        return None;
    }
    Some(Locked { engine: Engine::under_test().await, _lock: BUILDS.write().await })
}

/// Whether the engine is at least the release whose newest API version is 1.`minor`.
async fn is_since(engine: &Engine, minor: u16) -> bool {
    let newest: ApiVersion = engine.version().await.unwrap().api_version.parse().unwrap();
    newest >= ApiVersion::new(1, minor)
}

/// Returns the image, which is removed when the test ends, and the progress.
async fn built(engine: &Engine, build: BuildImage) -> Result<(Image, Vec<BuildTrace>)> {
    let mut progress = build.progress().await?;
    let mut traces = Vec::new();
    while let Some(item) = progress.try_next().await? {
        if let ProgressItem::Trace(trace) = item {
            traces.push(trace);
        }
    }
    let image = progress.finish().await?;
    engine.remove_later(format!("/images/{}?force=1", image.name()));
    Ok((image, traces))
}

/// Returns the progress as lines.
fn lines(traces: &[BuildTrace]) -> String {
    let mut plain = PlainTrace::new();
    traces.iter().map(|trace| plain.format(trace)).collect::<String>() + &plain.finish()
}

/// Returns the output of all steps.
fn output(traces: &[BuildTrace]) -> String {
    traces.iter().flat_map(|trace| &trace.logs).map(|log| &*log.text).collect()
}

/// Whether the step with `word` in its name was not run, because its result was in the cache. Fails if there is no such step.
fn is_cached(traces: &[BuildTrace], word: &str) -> bool {
    let steps = traces.iter().flat_map(|trace| &trace.vertices).filter(|step| step.name.contains(word));
    let completed: Vec<bool> = steps.filter(|step| step.completed.is_some()).map(|step| step.cached).collect();
    assert!(!completed.is_empty(), "{word}: {}", lines(traces));
    completed.contains(&true)
}

/// Returns the number of bytes that the client has sent of its context, including the names of files.
fn transferred(traces: &[BuildTrace]) -> i64 {
    let statuses = traces.iter().flat_map(|trace| &trace.statuses);
    statuses
        .filter(|status| status.id == "transferring context:")
        .map(|status| status.current)
        .max()
        .unwrap_or_default()
}
