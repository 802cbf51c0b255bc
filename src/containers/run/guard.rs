//! Cleanup of containers whose future is dropped.

use futures_core::future::BoxFuture;
use tokio::runtime::Handle;

use crate::{DockerClient, Error, Result, containers::CreatedContainer, request::Settings, validate};

/// The cleanup of a container when its guard is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cleanup {
    /// Leaves the container unchanged.
    Leave,
    /// Removes the container, unless it runs.
    RemoveUnlessRunning,
    /// Kills the container.
    Kill,
    /// Kills and removes the container.
    Remove,
}

/// Cleans up after a container when it is dropped.
#[derive(Debug)]
pub(super) struct Guard {
    docker: DockerClient,
    settings: Settings,
    id: String,
    pub(super) cleanup: Cleanup,
}

impl Guard {
    pub(super) fn new(docker: DockerClient, settings: &Settings, id: &str, cleanup: Cleanup) -> Self {
        Self { docker, settings: settings.clone(), id: id.to_owned(), cleanup }
    }

    /// Cleans up immediately, after a failure. Errors of the cleanup are ignored, so that they do not hide the failure.
    pub(super) async fn clean_up(mut self) {
        _ = clean_up(&self.docker, &self.settings, &self.id, self.cleanup).await;
        self.cleanup = Cleanup::Leave;
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if self.cleanup == Cleanup::Leave {
            return;
        }
        let (docker, settings, id) = (self.docker.clone(), self.settings.clone(), std::mem::take(&mut self.id));
        let cleanup = self.cleanup;
        spawn(async move { _ = clean_up(&docker, &settings, &id, cleanup).await });
    }
}

async fn clean_up(docker: &DockerClient, settings: &Settings, id: &str, cleanup: Cleanup) -> Result<()> {
    match cleanup {
        Cleanup::Leave => Ok(()),
        Cleanup::RemoveUnlessRunning => remove(docker, settings, id, false).await,
        Cleanup::Remove => remove(docker, settings, id, true).await,
        Cleanup::Kill => kill(docker, settings, id).await,
    }
}

/// Removes a container and its anonymous volumes. A container that no longer exists is not an error.
pub(super) async fn remove(docker: &DockerClient, settings: &Settings, id: &str, force: bool) -> Result<()> {
    let api = docker.api("container_delete", settings).await?.of(id);
    let id = api.during(validate::container(id))?;
    match api.done(api.container_delete(id, force.then_some(true), None, Some(true)).await) {
        Err(error) if error.is_not_found() => Ok(()),
        other => other,
    }
}

/// Kills a container. A container that no longer runs or exists is not an error.
pub(super) async fn kill(docker: &DockerClient, settings: &Settings, id: &str) -> Result<()> {
    let api = docker.api("container_kill", settings).await?.of(id);
    let id = api.during(validate::container(id))?;
    match api.done(api.container_kill(id, Some("KILL")).await) {
        Err(error) if error.is_not_found() || error.is_conflict() || is_not_running(&error) => Ok(()),
        other => other,
    }
}

/// Whether the error of an engine before 1.12, which has no distinct status for it, means that the container is not running.
fn is_not_running(error: &Error) -> bool {
    error.status() == Some(500) && error.message().is_some_and(|message| message.contains("not running"))
}

/// The creation of a container. If it is dropped, it is finished and undone in the background.
pub(super) struct Creation {
    call: Option<BoxFuture<'static, Result<CreatedContainer>>>,
    docker: DockerClient,
    settings: Settings,
    undo: bool,
}

impl Creation {
    pub(super) fn new(
        docker: DockerClient,
        settings: &Settings,
        call: BoxFuture<'static, Result<CreatedContainer>>,
        undo: bool,
    ) -> Self {
        Self { call: Some(call), docker, settings: settings.clone(), undo }
    }

    pub(super) async fn finish(mut self) -> Result<CreatedContainer> {
        let created = match &mut self.call {
            Some(call) => call.await,
            None => Err(Error::invalid_input("the container was already created")),
        };
        self.call = None;
        created
    }
}

impl Drop for Creation {
    fn drop(&mut self) {
        let Some(call) = self.call.take().filter(|_| self.undo) else { return };
        let (docker, settings) = (self.docker.clone(), self.settings.clone());
        spawn(async move {
            if let Ok(created) = call.await {
                _ = remove(&docker, &settings, created.id(), true).await;
            }
        });
    }
}

/// Runs `task` in the runtime that this is called in, if there is one.
fn spawn(task: impl Future<Output = ()> + Send + 'static) {
    if let Ok(runtime) = Handle::try_current() {
        drop(runtime.spawn(task));
    }
}
