//! Listing tasks.

use super::Tasks;
use crate::{
    Filters, Result,
    models::{self, TaskRuntime, TaskState},
    request::{Settings, request},
};

impl Tasks {
    /// Lists the tasks of all services, including those that have ended, as `docker service ps` does for one service.
    ///
    /// Calls `GET /tasks`, since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails if the engine rejects a filter (400 or 500), if a filter names a service or node that does not exist
    /// (404), or if the engine is not a swarm manager (503; 406 from Docker 1.12).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::models::TaskState;
    ///
    /// for task in docker.tasks().list().service("web").desired_state(TaskState::Running).await? {
    ///     println!("{} on node {}: {}", task.id, task.node_id, task.status.message);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "TaskList")]
    #[doc(alias = "ls")]
    #[doc(alias = "ps")]
    pub fn list(&self) -> ListTasks {
        ListTasks { tasks: self.clone(), filters: Filters::default(), settings: Settings::default() }
    }
}

/// A request to list tasks. Returned by [`Tasks::list`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ListTasks {
    tasks: Tasks,
    filters: Filters,
    settings: Settings,
}

request!(ListTasks => Vec<models::Task>, "task_list");

impl ListTasks {
    /// Includes only tasks whose id begins with `prefix` (repeat to match any of several).
    pub fn id(self, prefix: impl Into<String>) -> Self {
        self.filter("id", prefix)
    }

    /// Includes only tasks whose name begins with `prefix` (repeat to match any of several). The name of a task consists of
    /// that of its service, its slot or node, and its id: `web.1.` matches the tasks in slot 1 of the service `web`.
    pub fn name(self, prefix: impl Into<String>) -> Self {
        self.filter("name", prefix)
    }

    /// Includes only tasks of this service, by name or id (repeat to match any of several).
    pub fn service(self, service: impl Into<String>) -> Self {
        self.filter("service", service)
    }

    /// Includes only tasks on this node, by name or id (repeat to match any of several).
    pub fn node(self, node: impl Into<String>) -> Self {
        self.filter("node", node)
    }

    /// Includes only tasks of services with this label, `key` or `key=value` (repeat to require several labels).
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
    }

    /// Includes only tasks that should have this state: [`Running`](TaskState::Running),
    /// [`Shutdown`](TaskState::Shutdown) or [`Accepted`](TaskState::Accepted) (repeat to match any of several).
    pub fn desired_state(self, state: impl Into<TaskState>) -> Self {
        let state = state.into();
        self.filter("desired-state", state.as_str())
    }

    /// Includes only tasks of this kind (repeat to match any of several). Defaults to containers. Requires API 1.31.
    pub fn runtime(self, runtime: impl Into<TaskRuntime>) -> Self {
        let runtime = runtime.into();
        self.filter("runtime", runtime.as_str())
    }

    /// Adds a filter that has no dedicated method.
    pub fn filter(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.filters.add(key, value);
        self
    }

    /// Adds filters.
    pub fn filters(mut self, filters: impl Into<Filters>) -> Self {
        self.filters.extend(filters);
        self
    }

    async fn call(self) -> Result<Vec<models::Task>> {
        let api = self.tasks.docker.api("task_list", &self.settings).await?;
        api.document(api.task_list(self.filters.to_query().as_deref()).await)
    }
}
