//! Commands run inside a running container.

use crate::{
    DockerClient, Result,
    models::{ExecInspect, ExecStartConfig},
    names,
    session::Session,
    terminal::TerminalSize,
    wire::Wire,
};

mod inspect;
mod run;

pub(crate) use run::run;
pub use run::{ExecOptions, ExecOutcome};

/// One command, prepared by [`Container::create_exec`](crate::containers::Container::create_exec).
///
/// Whatever is asked of it fails if the engine does not know it (404): on engines
/// before 1.4 that is so once it has ended.
#[derive(Clone, Debug)]
pub struct Exec {
    docker: DockerClient,
    id: String,
    /// Whether it has a terminal, as far as this handle knows.
    terminal: Option<bool>,
}

impl Exec {
    pub(crate) fn new(docker: DockerClient, id: String) -> Self {
        Self { docker, id, terminal: None }
    }

    pub(crate) fn with_terminal(self, terminal: bool) -> Self {
        Self { terminal: Some(terminal), ..self }
    }

    /// The id of the command, 64 hexadecimal digits.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Starts the command, and attaches to its input and output as it was prepared for that.
    ///
    /// Resolves once the engine has answered. Calls `POST /exec/{id}/start` on a
    /// connection of its own. A handle that did not prepare the command calls
    /// `GET /exec/{id}/json` before (since API 1.16), to learn whether it has a terminal.
    ///
    /// # Errors
    ///
    /// Fails if the container has stopped, or if the command was started before (409; 500
    /// from engines before 1.12). Old engines tell that as output.
    #[doc(alias = "ExecStart")]
    pub async fn start(&self) -> Result<Session> {
        let terminal = match self.terminal {
            Some(terminal) => terminal,
            None => self.inspect().await.map_err(|error| error.on_behalf_of("exec_start"))?.process_config.tty,
        };
        let (wire, id) = self.wire("exec_start").await?;
        let config = ExecStartConfig { tty: terminal, ..Default::default() };
        let connection = wire.hijack(async |client| client.exec_start(id, &config).await).await?;
        Ok(Session::new(connection, terminal, wire.longest_item(), "exec_start"))
    }

    /// Starts the command, and does not attach to it.
    ///
    /// Calls `POST /exec/{id}/start`.
    ///
    /// # Errors
    ///
    /// Fails if the container has stopped, or if the command was started before (409; 500 from engines before 1.12).
    #[doc(alias = "ExecStart")]
    pub async fn start_detached(&self) -> Result<()> {
        let (wire, id) = self.wire("exec_start").await?;
        let config = ExecStartConfig { detach: true, ..Default::default() };
        wire.done(wire.exec_start(id, &config).await)
    }

    /// Tells whether the command runs, and how it ended.
    ///
    /// Calls `GET /exec/{id}/json`, since API 1.16.
    ///
    /// # Errors
    ///
    /// Fails if the engine does not know the command (404).
    pub async fn inspect(&self) -> Result<ExecInspect> {
        let (wire, id) = self.wire("exec_inspect").await?;
        wire.document(wire.exec_inspect(id).await)
    }

    /// Resizes the terminal of the running command.
    ///
    /// Calls `POST /exec/{id}/resize`. Before the start, engines block or fail.
    ///
    /// # Errors
    ///
    /// Fails if the command does not run (404 or 500).
    #[doc(alias = "ExecResize")]
    pub async fn resize(&self, size: TerminalSize) -> Result<()> {
        let (wire, id) = self.wire("exec_resize").await?;
        wire.done(wire.exec_resize(id, size.rows, size.columns).await)
    }

    async fn wire(&self, operation: &'static str) -> Result<(Wire<'_>, &str)> {
        let id = names::exec(&self.id).map_err(|error| error.during(operation))?;
        Ok((self.docker.wire(operation).await?, id))
    }
}
