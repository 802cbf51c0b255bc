//! Attaching to a container over a WebSocket.

use super::{Container, attach::Streams};
use crate::{
    Result,
    generated::Client,
    request::{Settings, request},
    session::WebSocketSession,
};

impl Container {
    /// Attaches to the container as [`attach`](Self::attach) does, over a WebSocket, which mixes stdout and
    /// stderr. Requires the feature `websocket`.
    ///
    /// Resolves once the engine has responded. Calls `GET /containers/{id}/attach/ws` on a dedicated connection. Unless
    /// [`stream`](AttachContainerWebSocket::stream) is set, first calls `GET /containers/{id}/json` to determine
    /// whether the container has exited. Engines 1.7 to 20.10 attach all streams, including those that are not
    /// selected.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let mut session = docker.container("cat").attach_websocket().stdin(true).await?;
    /// session.input.send("hello").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerAttachWebsocket")]
    pub fn attach_websocket(&self) -> AttachContainerWebSocket {
        AttachContainerWebSocket { container: self.clone(), streams: Streams::default(), settings: Settings::default() }
    }
}

/// A request to attach to a container over a WebSocket. Returned by [`Container::attach_websocket`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct AttachContainerWebSocket {
    container: Container,
    streams: Streams,
    settings: Settings,
}

request!(AttachContainerWebSocket => WebSocketSession, "container_attach_websocket", container.id);

impl AttachContainerWebSocket {
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

    async fn call(self) -> Result<WebSocketSession> {
        let Streams { logs, stream, stdin, ref detach_keys, .. } = self.streams;
        let stream = match stream {
            Some(stream) => stream,
            None => {
                let seen = self.container.inspect_for("container_attach_websocket", &self.settings).await?;
                self.streams.follows(&seen.state)
            }
        };
        let (api, id) = self.container.api("container_attach_websocket", &self.settings).await?;
        let (stdout, stderr) = self.streams.sources();
        let keys = detach_keys.as_deref();
        let call = async |client: &Client| {
            client.container_attach_websocket(id, keys, logs, stderr, stdin, stdout, Some(stream)).await
        };
        WebSocketSession::open(&api, call).await
    }
}
