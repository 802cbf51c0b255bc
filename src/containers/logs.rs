//! Reading the logs of a container.

use super::{Container, Tail};
use crate::{
    LazyStream, OutputStream, Result, Timestamp,
    generated::Client,
    logs::{LogParameters, LogQuery, read_logs},
    request::{Settings, request},
    system::response_time,
};

impl Container {
    /// Reads the output that the container has written to its stdout and stderr, as `docker logs` does.
    ///
    /// Resolves once the engine has sent its response headers, which engines before 1.7 and Podman send with the first
    /// output. Calls `GET /containers/{id}/logs`. Unless [`tty`](ReadLogs::tty) is set, first calls `GET
    /// /containers/{id}/json` to determine whether the container has a TTY.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404), or if its log driver does not support reading (501; 500 from Docker
    /// before 17.09).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let mut lines = docker.container("web").logs().follow(true).tail(10).await?.lines();
    /// while let Some(line) = lines.try_next().await? {
    ///     println!("{}", line.text());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerLogs")]
    pub fn logs(&self) -> ReadLogs {
        ReadLogs { container: self.clone(), query: LogQuery::default(), tty: None, settings: Settings::default() }
    }

    /// Reads the logs of a container that has a TTY or not. Also returns when the engine responded, by its clock.
    pub(crate) async fn read_logs(
        &self,
        query: &LogQuery,
        tty: bool,
        settings: &Settings,
    ) -> Result<(Timestamp, OutputStream)> {
        let (api, id) = self.api("container_logs", settings).await?;
        let LogParameters { details, follow, since, stderr, stdout, tail, timestamps, until } =
            query.parameters(api.version());
        let call = async |client: &Client| {
            let (since, until, tail) = (since.as_deref(), until.as_deref(), Some(&*tail));
            client.container_logs(id, details, follow, since, stderr, stdout, tail, timestamps, until).await
        };
        let (head, output) = read_logs(&api, "container_logs", id, query, tty, call).await?;
        Ok((response_time(&head), output))
    }
}

/// A request to read the logs of a container. Returned by [`Container::logs`].
#[doc(alias = "LogOptions")]
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ReadLogs {
    container: Container,
    query: LogQuery,
    tty: Option<bool>,
    settings: Settings,
}

request!(ReadLogs => OutputStream, "container_logs", container.id);

impl ReadLogs {
    /// Sets whether to wait for more output, until the container exits. Defaults to `false`.
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

    /// Sets whether to read the attributes that the options of the container's log driver add to each line: labels and
    /// variables. Defaults to `false`. Requires API 1.24.
    ///
    /// Lines have them in [`details`](crate::Line::details). Chunks of output begin, after the time, with the encoded
    /// attributes and a space.
    pub fn details(mut self, details: bool) -> Self {
        self.query.details = Some(details);
        self
    }

    /// Reads only output that was written at this time or later; below API 1.22, in the second of this time or later.
    /// Requires API 1.19.
    pub fn since(mut self, since: Timestamp) -> Self {
        self.query.since = Some(since);
        self
    }

    /// Reads only output that was written until this time. Requires API 1.35.
    pub fn until(mut self, until: Timestamp) -> Self {
        self.query.until = Some(until);
        self
    }

    /// Sets the number of lines to read from the end of the logs. Defaults to [`Tail::All`].
    pub fn tail(mut self, tail: impl Into<Tail>) -> Self {
        self.query.tail = tail.into();
        self
    }

    /// Sets whether the container has a TTY, so that it need not be inspected. The output is not decoded correctly if this
    /// is not what the container was created with.
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
            None => self.container.inspect_for("container_logs", &self.settings).await?.config.tty,
        };
        Ok(self.container.read_logs(&self.query, tty, &self.settings).await?.1)
    }
}
