//! Inspecting a task.

use super::Task;
use crate::{
    Exists, Optional, Result, models,
    request::{Settings, request},
};

impl Task {
    /// Returns the configuration and state of the task, as `docker inspect` does.
    ///
    /// Calls `GET /tasks/{id}`, since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails if there is no such task (404), see [`try_inspect`](Self::try_inspect), or if the engine is not a swarm
    /// manager (503; 406 from Docker 1.12).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let task = docker.task("0kzzo1i0y4jz6027t0k7aezc7").inspect().await?;
    /// if let Some(state) = task.status.state {
    ///     println!("{state}: {}", task.status.message);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "TaskInspect")]
    pub fn inspect(&self) -> InspectTask {
        InspectTask { task: self.clone(), settings: Settings::default() }
    }

    /// Returns the configuration and state of the task, or `None` if there is no such task.
    ///
    /// Calls `GET /tasks/{id}`, since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails as [`inspect`](Self::inspect) does, except if the task does not exist.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if let Some(found) = docker.task("0kzzo1i0y4jz6027t0k7aezc7").try_inspect().await? {
    ///     println!("on node {}", found.node_id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_inspect(&self) -> Optional<models::Task> {
        self.inspect().optional()
    }

    /// Returns whether there is such a task. The swarm keeps only the last few tasks that have ended.
    ///
    /// Calls `GET /tasks/{id}`, since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails as [`try_inspect`](Self::try_inspect) does.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if !docker.task("0kzzo1i0y4jz6027t0k7aezc7").exists().await? {
    ///     println!("the task was removed");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn exists(&self) -> Exists {
        Exists::new(self.try_inspect())
    }

    /// Inspects the task as a part of another operation, with its settings.
    pub(super) async fn inspect_for(&self, operation: &'static str, settings: &Settings) -> Result<models::Task> {
        let inspect = InspectTask { task: self.clone(), settings: settings.clone() };
        inspect.call().await.map_err(|error| error.on_behalf_of(operation))
    }
}

/// A request to inspect a task. Returned by [`Task::inspect`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct InspectTask {
    task: Task,
    settings: Settings,
}

request!(InspectTask => models::Task, "task_inspect", task.id);

impl InspectTask {
    /// Resolves to `None` if there is no such task, instead of failing.
    pub fn optional(self) -> Optional<models::Task> {
        Optional::new(self.settings.clone(), move |settings| Self { settings, ..self })
    }

    async fn call(self) -> Result<models::Task> {
        let (api, id) = self.task.api("task_inspect", &self.settings).await?;
        api.document(api.task_inspect(id).await)
    }
}
