//! Reading the logs of a task.

use super::Task;
use crate::{
    LazyStream, OutputStream, Result, Timestamp,
    containers::Tail,
    generated::Client,
    logs::{LogParameters, LogQuery, read_logs},
    request::{Settings, request},
};

impl Task {
    /// Reads the output that the container of the task has written to its stdout and stderr, as `docker service logs` does
    /// for the tasks of a service. The container may be on any node.
    ///
    /// Resolves once the engine has sent its response headers. Calls `GET /tasks/{id}/logs`, since API 1.29. Unless
    /// [`tty`](ReadTaskLogs::tty) is set, first calls `GET /tasks/{id}` to determine whether the task has a TTY.
    ///
    /// # Errors
    ///
    /// Fails if there is no such task (404), if its service does not run containers (500), or if the engine is not a
    /// swarm manager (503). The stream fails if the log cannot be read from the node, for example because the task is
    /// not assigned to a node; with a TTY, the error message is a part of the output.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let mut lines = docker.task("0kzzo1i0y4jz6027t0k7aezc7").logs().timestamps(true).tail(10).await?.lines();
    /// while let Some(line) = lines.try_next().await? {
    ///     println!("{:?} {}", line.time, line.text());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "TaskLogs")]
    pub fn logs(&self) -> ReadTaskLogs {
        ReadTaskLogs { task: self.clone(), query: LogQuery::default(), tty: None, settings: Settings::default() }
    }
}

/// A request to read the logs of a task. Returned by [`Task::logs`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ReadTaskLogs {
    task: Task,
    query: LogQuery,
    tty: Option<bool>,
    settings: Settings,
}

request!(ReadTaskLogs => OutputStream, "task_logs", task.id);

impl ReadTaskLogs {
    /// Sets whether to wait for more output; the stream then stays open even after the task has ended. Defaults to `false`.
    pub fn follow(mut self, follow: bool) -> Self {
        self.query.follow = Some(follow);
        self
    }

    /// Sets whether to read stdout. Defaults to `true`.
    pub fn stdout(mut self, stdout: bool) -> Self {
        self.query.stdout = Some(stdout);
        self
    }

    /// Sets whether to read stderr. Defaults to `true`.
    pub fn stderr(mut self, stderr: bool) -> Self {
        self.query.stderr = Some(stderr);
        self
    }

    /// Sets whether each line begins with the time at which it was written, in RFC 3339, and a space. Defaults to
    /// `false`.
    pub fn timestamps(mut self, timestamps: bool) -> Self {
        self.query.timestamps = Some(timestamps);
        self
    }

    /// Sets whether to read the attributes of each line: the ids of the node, service and task
    /// (`com.docker.swarm.node.id`, `com.docker.swarm.service.id`, `com.docker.swarm.task.id`), and those that the options
    /// of the log driver add. Defaults to `false`.
    ///
    /// Lines have them in [`details`](crate::Line::details). Chunks of output begin, after the time, with the encoded
    /// attributes and a space.
    pub fn details(mut self, details: bool) -> Self {
        self.query.details = Some(details);
        self
    }

    /// Reads only output that was written at this time or later.
    pub fn since(mut self, since: Timestamp) -> Self {
        self.query.since = Some(since);
        self
    }

    /// Sets the number of lines to read from the end of the logs. Defaults to [`Tail::All`].
    pub fn tail(mut self, tail: impl Into<Tail>) -> Self {
        self.query.tail = tail.into();
        self
    }

    /// Sets whether the task has a TTY, so that it need not be inspected. The output is not decoded correctly if this
    /// is not what its service was created with.
    pub fn tty(mut self, tty: bool) -> Self {
        self.tty = Some(tty);
        self
    }

    /// Returns the output as a stream that sends the request when it is first polled.
    pub fn stream(self) -> LazyStream<OutputStream> {
        LazyStream::new(self.into_future())
    }

    async fn call(self) -> Result<OutputStream> {
        let tty = match self.tty {
            Some(tty) => tty,
            None => {
                let task = self.task.inspect_for("task_logs", &self.settings).await?;
                task.spec.container_spec.is_some_and(|container| container.tty)
            }
        };
        let (api, id) = self.task.api("task_logs", &self.settings).await?;
        let LogParameters { details, follow, since, stderr, stdout, tail, timestamps, .. } =
            self.query.parameters(api.version());
        let call = async |client: &Client| {
            let (since, tail) = (since.as_deref(), Some(&*tail));
            client.task_logs(id, details, follow, since, stderr, stdout, tail, timestamps).await
        };
        Ok(read_logs(&api, "task_logs", id, &self.query, tty, call).await?.1)
    }
}
