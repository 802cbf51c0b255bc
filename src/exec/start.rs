//! Starting a command, attached to it.

use super::Exec;
use crate::{
    Error, Result,
    models::ExecStartConfig,
    request::{Settings, request},
    session::Session,
    terminal::TerminalSize,
};

impl Exec {
    /// Starts the command, and attaches to the streams that it was created with.
    ///
    /// Resolves once the engine has responded. Calls `POST /exec/{id}/start` on a dedicated connection. Unless this
    /// handle created the command or [`tty`](StartExec::tty) is set, first calls `GET /exec/{id}/json` (since API 1.16)
    /// to determine whether the command has a TTY.
    ///
    /// # Errors
    ///
    /// Fails if the container is not running, or if the command was started before (409; 500 from engines before 1.12). Old
    /// engines report that in the output.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let exec = docker.container("web").create_exec(["ls", "-l"]).await?;
    /// let listing = exec.start().await?.output.capture().await?;
    /// print!("{}", listing.stdout_text());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ExecStart")]
    #[doc(alias = "hijack")]
    pub fn start(&self) -> StartExec {
        StartExec { exec: self.clone(), console_size: None, settings: Settings::default() }
    }
}

/// A request to start a command, and attach to it. Returned by [`Exec::start`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct StartExec {
    exec: Exec,
    console_size: Option<TerminalSize>,
    settings: Settings,
}

request!(StartExec => Session, "exec_start", exec.id);

impl StartExec {
    /// Sets whether the command has a TTY, which must match its creation. Saves a request if this handle did not create
    /// it.
    pub fn tty(mut self, tty: bool) -> Self {
        self.exec.tty = Some(tty);
        self
    }

    /// Sets the initial size of the TTY. The call fails if the command has no TTY. Requires API 1.42.
    pub fn console_size(mut self, size: impl Into<TerminalSize>) -> Self {
        self.console_size = Some(size.into());
        self
    }

    pub(super) async fn call(self) -> Result<Session> {
        let Self { exec, console_size, settings } = self;
        let tty = match exec.tty {
            Some(tty) => tty,
            None => {
                let seen = exec.seen(&settings).await.map_err(|error| error.on_behalf_of("exec_start"))?;
                seen.process_config.tty
            }
        };
        if console_size.is_some() && !tty {
            return Err(Error::invalid_input("the command has no TTY to resize").during("exec_start"));
        }
        let (api, id) = exec.api("exec_start", &settings).await?;
        let console_size = console_size.map_or_else(Vec::new, |size| vec![size.rows, size.columns]);
        let config = ExecStartConfig { tty, console_size, ..Default::default() };
        let connection = api.hijack(async |client| client.exec_start(id, &config).await).await?;
        Ok(Session::new(connection, tty, api.max_item_size(), "exec_start"))
    }
}

impl Exec {
    /// Starts the command, and attaches to it.
    pub(super) async fn started(&self, settings: &Settings) -> Result<Session> {
        StartExec { settings: settings.clone(), ..self.start() }.call().await
    }
}
