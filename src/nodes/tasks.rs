//! Listing the tasks on a node.

use super::Node;
use crate::tasks::ListTasks;

impl Node {
    /// Lists the tasks on the node, including those that have ended, as `docker node ps` does.
    ///
    /// The same as [`tasks().list()`](crate::tasks::Tasks::list) with the filter [`node`](ListTasks::node). Calls
    /// `GET /tasks`, since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails if there is no such node (404), or if the engine is not a swarm manager (503; 406 from Docker 1.12).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let tasks = docker.node("worker-1").tasks().desired_state("running").await?;
    /// println!("{} tasks", tasks.len());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ps")]
    pub fn tasks(&self) -> ListTasks {
        self.docker.tasks().list().node(&self.id)
    }
}
