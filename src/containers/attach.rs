//! How to connect to a container.

use super::Container;
#[cfg(feature = "websocket")]
use crate::session::WebSocketSession;
use crate::{Result, session::Session, terminal::TerminalSize, wire::Client};

impl Container {
    /// Connects to the container's output and, if asked to, its input.
    ///
    /// Resolves once the engine has answered. Calls `POST /containers/{id}/attach` on a
    /// connection of its own, and `GET /containers/{id}/json` before, to learn whether
    /// the container has a terminal. Of a container that does not run, nothing comes.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404), or if it is paused (409).
    #[doc(alias = "AttachContainer")]
    pub async fn attach(&self, options: &AttachOptions) -> Result<Session> {
        let terminal = self.has_terminal("container_attach").await?;
        let (wire, id) = self.wire("container_attach").await?;
        let (stdout, stderr) = options.sources();
        let keys = options.detach_keys.as_deref();
        let call = async |client: &Client| {
            client.container_attach(id, keys, options.logs, stderr, options.stdin, stdout, Some(true)).await
        };
        let connection = wire.hijack(call).await?;
        Ok(Session::new(connection, terminal, wire.longest_item(), "container_attach"))
    }

    /// Connects to the container as [`attach`](Self::attach) does, over a websocket, which does not tell streams apart.
    ///
    /// Resolves once the engine has answered. Calls `GET /containers/{id}/attach/ws` on a
    /// connection of its own. Engines 1.7 to 20.10 attach all streams, whatever is asked.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404).
    #[cfg(feature = "websocket")]
    pub async fn attach_websocket(&self, options: &AttachOptions) -> Result<WebSocketSession> {
        let (wire, id) = self.wire("container_attach_ws").await?;
        let (stdout, stderr) = options.sources();
        let keys = options.detach_keys.as_deref();
        let call = async |client: &Client| {
            client.container_attach_ws(id, keys, options.logs, stderr, options.stdin, stdout, Some(true)).await
        };
        WebSocketSession::open(&wire, call).await
    }

    /// Resizes the container's terminal.
    ///
    /// Calls `POST /containers/{id}/resize`.
    ///
    /// # Errors
    ///
    /// Fails if the container does not run (409; 500 from engines before 1.12).
    pub async fn resize(&self, size: TerminalSize) -> Result<()> {
        let (wire, id) = self.wire("container_resize").await?;
        wire.done(wire.container_resize(id, size.rows, size.columns).await)
    }
}

/// Options of [`Container::attach`](super::Container::attach). By default, all output from now on, and no input.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct AttachOptions {
    logs: Option<bool>,
    stdin: Option<bool>,
    detach_keys: Option<String>,
    only: Option<Only>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Only {
    Stdout,
    Stderr,
}

impl AttachOptions {
    /// Pass on what is written to the session's input; the container must have its stdin open.
    pub fn stdin(mut self) -> Self {
        self.stdin = Some(true);
        self
    }

    /// Begin with the output so far.
    pub fn logs(mut self) -> Self {
        self.logs = Some(true);
        self
    }

    /// Only what is written to the standard output.
    pub fn only_stdout(mut self) -> Self {
        self.only = Some(Only::Stdout);
        self
    }

    /// Only what is written to the standard error.
    pub fn only_stderr(mut self) -> Self {
        self.only = Some(Only::Stderr);
        self
    }

    /// The keys that end the session when they are typed, as `ctrl-p,ctrl-q`, which is what engines take without; for
    /// containers with a terminal. Needs API 1.22.
    pub fn detach_keys(mut self, keys: impl Into<String>) -> Self {
        self.detach_keys = Some(keys.into());
        self
    }

    /// Whether stdout, and whether stderr.
    fn sources(&self) -> (Option<bool>, Option<bool>) {
        (Some(self.only != Some(Only::Stderr)), Some(self.only != Some(Only::Stdout)))
    }
}
