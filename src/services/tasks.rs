//! Listing the tasks of a service.

use super::Service;
use crate::tasks::ListTasks;

impl Service {
    /// Lists the tasks of the service, including those that have ended, as `docker service ps` does.
    ///
    /// The same as [`tasks().list()`](crate::tasks::Tasks::list) with the filter [`service`](ListTasks::service). Calls
    /// `GET /tasks`, since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails if there is no such service (404), or if the engine is not a swarm manager (503; 406 from Docker 1.12).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::models::TaskState;
    ///
    /// for task in docker.service("web").tasks().desired_state(TaskState::Running).await? {
    ///     println!("{} on node {}: {}", task.id, task.node_id, task.status.message);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ps")]
    pub fn tasks(&self) -> ListTasks {
        self.docker.tasks().list().service(&self.id)
    }
}
