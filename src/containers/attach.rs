//! Attaching to a container.

use super::Container;
use crate::{
    Result,
    generated::Client,
    models::ContainerState,
    request::{Settings, request},
    session::Session,
};

impl Container {
    /// Attaches to the output of the container and, with [`stdin`](AttachContainer::stdin), to its input, as `docker attach`
    /// does.
    ///
    /// The container need not be started yet; its output then arrives once it is started. The session with an exited
    /// container ends immediately, after its output so far if [`logs`](AttachContainer::logs) is set; set
    /// [`stream`](AttachContainer::stream) to attach before it is started again.
    ///
    /// Resolves once the engine has responded. Calls `POST /containers/{id}/attach` on a dedicated connection. Unless
    /// [`tty`](AttachContainer::tty) is set, first calls `GET /containers/{id}/json` to determine whether the container
    /// has a TTY and whether it has exited.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404), or if it is paused (409). Podman also rejects an exited container (400),
    /// unless logs or a stream are requested.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
    /// use tokio::io::AsyncWriteExt as _;
    ///
    /// let mut session = docker.container("cat").attach().stdin(true).await?;
    /// session.input.write_all(b"hello").await?;
    /// session.input.shutdown().await?;
    /// println!("{}", session.output.capture().await?.stdout_text());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerAttach")]
    #[doc(alias = "AttachContainer")]
    pub fn attach(&self) -> AttachContainer {
        AttachContainer {
            container: self.clone(),
            streams: Streams::default(),
            tty: None,
            settings: Settings::default(),
        }
    }
}

/// A request to attach to a container. Returned by [`Container::attach`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct AttachContainer {
    container: Container,
    streams: Streams,
    tty: Option<bool>,
    settings: Settings,
}

request!(AttachContainer => Session, "container_attach", container.id);

impl AttachContainer {
    /// Sets whether to forward the input of the session to the container, which must have its stdin open. Defaults to
    /// `false`.
    pub fn stdin(mut self, stdin: bool) -> Self {
        self.streams.stdin = Some(stdin);
        self
    }

    /// Sets whether to receive stdout. Defaults to `true`.
    pub fn stdout(mut self, stdout: bool) -> Self {
        self.streams.stdout = Some(stdout);
        self
    }

    /// Sets whether to receive stderr. Defaults to `true`.
    pub fn stderr(mut self, stderr: bool) -> Self {
        self.streams.stderr = Some(stderr);
        self
    }

    /// Sets whether to begin with the output that the container has written so far. Defaults to `false`.
    pub fn logs(mut self, logs: bool) -> Self {
        self.streams.logs = Some(logs);
        self
    }

    /// Sets whether to receive the output that the container writes from now on, until it exits.
    ///
    /// Defaults to `true`, and to `false` for a container that has exited, for which engines would wait until it is started
    /// again.
    pub fn stream(mut self, stream: bool) -> Self {
        self.streams.stream = Some(stream);
        self
    }

    /// Sets the keys that end the session when they are typed, for containers with a TTY. Defaults to `ctrl-p,ctrl-q`.
    /// Requires API 1.22.
    pub fn detach_keys(mut self, keys: impl Into<String>) -> Self {
        self.streams.detach_keys = Some(keys.into());
        self
    }

    /// Sets whether the container has a TTY, so that it need not be inspected. [`stream`](Self::stream) then defaults to
    /// `true`. The output is not decoded correctly if this is not what the container was created with.
    pub fn tty(mut self, tty: bool) -> Self {
        self.tty = Some(tty);
        self
    }

    async fn call(self) -> Result<Session> {
        let Streams { logs, stream, stdin, ref detach_keys, .. } = self.streams;
        let (tty, stream) = match self.tty {
            Some(tty) => (tty, stream.unwrap_or(true)),
            None => {
                let seen = self.container.inspect_for("container_attach", &self.settings).await?;
                (seen.config.tty, self.streams.follows(&seen.state))
            }
        };
        let (api, id) = self.container.api("container_attach", &self.settings).await?;
        let (stdout, stderr) = self.streams.sources();
        let keys = detach_keys.as_deref();
        let call =
            async |client: &Client| client.container_attach(id, keys, logs, stderr, stdin, stdout, Some(stream)).await;
        let connection = api.hijack(call).await?;
        Ok(Session::new(connection, tty, api.max_item_size(), "container_attach"))
    }
}

/// The streams to attach.
#[derive(Clone, Debug, Default)]
pub(super) struct Streams {
    pub(super) stdin: Option<bool>,
    pub(super) stdout: Option<bool>,
    pub(super) stderr: Option<bool>,
    pub(super) logs: Option<bool>,
    pub(super) stream: Option<bool>,
    pub(super) detach_keys: Option<String>,
}

impl Streams {
    /// Whether to wait for new output of a container in this state.
    pub(super) fn follows(&self, state: &ContainerState) -> bool {
        self.stream.unwrap_or(state.running || state.finished_at.is_none())
    }

    /// The parameters `stdout` and `stderr`. Engines attach neither if they are not sent.
    pub(super) fn sources(&self) -> (Option<bool>, Option<bool>) {
        (Some(self.stdout.unwrap_or(true)), Some(self.stderr.unwrap_or(true)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attach_follows_containers_that_have_not_exited() {
        let state = |json: &str| serde_json::from_str::<ContainerState>(json).unwrap();
        let (unset, set) = (Streams::default(), Streams { stream: Some(true), ..Streams::default() });
        let exited = state(r#"{"Running":false,"FinishedAt":"2026-11-23T21:00:00Z"}"#);
        assert!(!unset.follows(&exited) && set.follows(&exited));
        assert!(unset.follows(&state(r#"{"Running":true,"FinishedAt":"2026-11-23T21:00:00Z"}"#)));
        assert!(unset.follows(&state(r#"{"Running":false,"FinishedAt":"0001-01-01T00:00:00Z"}"#)));
    }

    #[test]
    fn attach_selects_both_outputs_unless_set() {
        assert_eq!(Streams::default().sources(), (Some(true), Some(true)));
        assert_eq!(Streams { stderr: Some(false), ..Streams::default() }.sources(), (Some(true), Some(false)));
    }
}
