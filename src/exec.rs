//! Commands in running containers, as `docker exec` runs them.

use std::{
    fmt,
    hash::{Hash, Hasher},
};

use crate::{DockerClient, Result, generated::Api, request::Settings, validate};

mod command;
mod compat;
mod create;
mod detach;
mod inspect;
mod output;
mod resize;
mod spawn;
mod start;
mod start_detached;
mod status;

pub use self::{
    command::Command,
    create::CreateExec,
    detach::DetachCommand,
    inspect::InspectExec,
    output::CommandOutput,
    resize::ResizeExec,
    spawn::{RunningCommand, SpawnCommand},
    start::StartExec,
    start_detached::StartDetachedExec,
    status::CommandStatus,
};

/// A handle for a command in a container, which can be started once. Returned by [`DockerClient::exec`], which sends
/// nothing, and by [`Container::create_exec`](crate::containers::Container::create_exec).
///
/// All requests fail if the command does not exist (404). Engines before 1.4 remove it once it has exited.
#[derive(Clone)]
pub struct Exec {
    docker: DockerClient,
    id: String,
    /// Whether the command has a TTY; `None` if this handle did not create it.
    tty: Option<bool>,
}

/// Handles are equal if they are of the same client and have the same id.
impl PartialEq for Exec {
    fn eq(&self, other: &Self) -> bool {
        (&self.docker, &self.id) == (&other.docker, &other.id)
    }
}

impl Eq for Exec {}

impl Hash for Exec {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.docker, &self.id).hash(state);
    }
}

impl Exec {
    pub(crate) fn new(docker: DockerClient, id: String) -> Self {
        Self { docker, id, tty: None }
    }

    /// Returns the id of the command, 64 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the generated client, and the id validated for use in a path.
    async fn api(&self, operation: &'static str, settings: &Settings) -> Result<(Api<'_>, &str)> {
        let id = validate::exec(&self.id).map_err(|error| error.during(operation))?;
        let api = self.docker.api(operation, settings).await.map_err(|error| error.about(Some(id)))?;
        Ok((api.of(id), id))
    }
}

impl fmt::Debug for Exec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Exec").field(&self.id).finish()
    }
}

impl From<Exec> for String {
    fn from(exec: Exec) -> Self {
        exec.id
    }
}

impl From<&Exec> for String {
    fn from(exec: &Exec) -> Self {
        exec.id.clone()
    }
}
