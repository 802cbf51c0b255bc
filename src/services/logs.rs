//! Reading the logs of a service.

use super::Service;
use crate::{
    LazyStream, OutputStream, Result, Timestamp,
    containers::Tail,
    generated::Client,
    logs::{LogQuery, read_logs},
    request::{Settings, request},
};

impl Service {
    /// Reads the output of all tasks of the service, as `docker service logs` does.
    ///
    /// With [`details`](ReadServiceLogs::details), each line has the id of its task. Without them, parts of long lines of
    /// different tasks may be mixed, and with them if the tasks have a TTY. The logs of one
    /// [`task`](crate::DockerClient::task) can also be read.
    ///
    /// Resolves once the engine has sent its response headers. Calls `GET /services/{id}/logs`, since API 1.29; from API
    /// 1.25, experimental engines have it. Unless [`tty`](ReadServiceLogs::tty) is set, first calls `GET /services/{id}`
    /// to determine whether the containers have a TTY.
    ///
    /// # Errors
    ///
    /// Fails if there is no such service (404), if its tasks are not containers (500), or if the engine is not a swarm
    /// manager (503).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let mut lines = docker.service("web").logs().details(true).follow(true).tail(10).await?.lines();
    /// while let Some(line) = lines.try_next().await? {
    ///     println!("{} | {}", line.task_id().unwrap_or_default(), line.text());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ServiceLogs")]
    pub fn logs(&self) -> ReadServiceLogs {
        ReadServiceLogs { service: self.clone(), query: LogQuery::default(), tty: None, settings: Settings::default() }
    }
}

/// A request to read the logs of a service. Returned by [`Service::logs`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ReadServiceLogs {
    service: Service,
    query: LogQuery,
    tty: Option<bool>,
    settings: Settings,
}

request!(ReadServiceLogs => OutputStream, "service_logs", service.id);

impl ReadServiceLogs {
    /// Sets whether to wait for more output. Defaults to `false`.
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

    /// Sets whether each line begins with the time at which it was written, in RFC 3339, and a space. Defaults to `false`.
    pub fn timestamps(mut self, timestamps: bool) -> Self {
        self.query.timestamps = Some(timestamps);
        self
    }

    /// Sets whether to read the attributes of each line: the ids of the node, service and task
    /// (`com.docker.swarm.node.id`, `com.docker.swarm.service.id`, `com.docker.swarm.task.id`), and those that the options
    /// of the log driver add. Defaults to `false`.
    ///
    /// Lines have them in [`details`](crate::Line::details), and [`Line::task_id`](crate::Line::task_id) is the id of the
    /// task. Chunks of output begin, after the time, with the encoded attributes and a space.
    pub fn details(mut self, details: bool) -> Self {
        self.query.details = Some(details);
        self
    }

    /// Reads only output that was written at this time or later.
    pub fn since(mut self, since: Timestamp) -> Self {
        self.query.since = Some(since);
        self
    }

    /// Sets the number of lines to read from the end of the logs of each task. Defaults to [`Tail::All`].
    pub fn tail(mut self, tail: impl Into<Tail>) -> Self {
        self.query.tail = tail.into();
        self
    }

    /// Sets whether the containers have a TTY, so that the service need not be inspected. The output is not decoded
    /// correctly if this is not what the service was created with.
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
                let service = self.service.inspect_for("service_logs", &self.settings).await?;
                service.spec.task_template.container_spec.is_some_and(|container| container.tty)
            }
        };
        let (api, id) = self.service.api("service_logs", &self.settings).await?;
        let p = self.query.parameters(api.version());
        let call = async |client: &Client| {
            let (since, tail) = (p.since.as_deref(), Some(&*p.tail));
            client.service_logs(id, p.details, p.follow, since, p.stderr, p.stdout, tail, p.timestamps).await
        };
        Ok(read_logs(&api, "service_logs", id, &self.query, tty, call).await?.1)
    }
}
