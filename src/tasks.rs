//! Tasks of a swarm: the handles [`Tasks`] and [`Task`], and the requests that their methods return.
//!
//! A task is one container of a service, on one node. The swarm creates tasks, and replaces those that have ended.

use std::fmt;

use crate::{DockerClient, Result, generated::Api, models, request::Settings, validate};

mod inspect;
mod list;
mod logs;

pub use self::{inspect::InspectTask, list::ListTasks, logs::ReadTaskLogs};

/// A handle for the tasks of a swarm. Returned by [`DockerClient::tasks`]. Requires API 1.24.
#[derive(Clone, Debug)]
pub struct Tasks {
    docker: DockerClient,
}

impl Tasks {
    pub(crate) fn new(docker: DockerClient) -> Self {
        Self { docker }
    }
}

/// A handle for one task. Returned by [`DockerClient::task`], which sends nothing. Requires API 1.24.
///
/// All requests fail if there is no such task (404), unless documented otherwise, or if the engine is not a swarm
/// manager (503; 406 from Docker 1.12).
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// for task in docker.tasks().list().service("web").await? {
///     let output = task.handle(&docker).logs().tail(10).await?.capture().await?;
///     println!("{}: {}", task.id, output.stdout_text());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Task {
    docker: DockerClient,
    id: String,
}

impl Task {
    pub(crate) fn new(docker: DockerClient, id: String) -> Self {
        Self { docker, id }
    }

    /// Returns the id that the handle was created with.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the generated client, and the id validated for use in a path.
    async fn api(&self, operation: &'static str, settings: &Settings) -> Result<(Api<'_>, &str)> {
        let id = validate::task(&self.id).map_err(|error| error.during(operation))?;
        let api = self.docker.api(operation, settings).await.map_err(|error| error.about(Some(id)))?;
        Ok((api.of(id), id))
    }
}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Task").field(&self.id).finish()
    }
}

impl From<Task> for String {
    fn from(task: Task) -> Self {
        task.id
    }
}

impl From<&Task> for String {
    fn from(task: &Task) -> Self {
        task.id.clone()
    }
}

impl models::Task {
    /// Returns the handle of this task.
    #[must_use]
    pub fn handle(&self, docker: &DockerClient) -> Task {
        docker.task(&self.id)
    }
}
