//! Creating a command.

use super::{Command, Exec};
use crate::{
    Result,
    request::{Settings, request},
    validate,
};

impl Command {
    /// Creates the command, and does not start it. [`Exec::start`] starts it.
    ///
    /// Its output is attached, and its input if [`stdin(true)`](Self::stdin) is set. Calls `POST /containers/{id}/exec`.
    ///
    /// # Errors
    ///
    /// Fails if the container is not running (409; 500 from engines before 1.12), or if [`input`](Self::input) is set.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let exec = docker.container("web").command("sh").tty(true).stdin(true).create().await?;
    /// let session = exec.start().console_size((24, 80)).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerExec")]
    pub fn create(self) -> CreateExec {
        let settings = self.settings.clone();
        CreateExec { command: self, settings }
    }

    /// Creates the command.
    pub(super) async fn created(&self, settings: &Settings) -> Result<Exec> {
        self.check()?;
        let id = validate::container(&self.container).map_err(|error| error.during("container_exec"))?;
        let api = self.docker.api("container_exec", settings).await?.of(id);
        let created = api.document(api.container_exec(id, &self.config).await)?;
        Ok(Exec { tty: Some(self.config.tty), ..self.docker.exec(created.id) })
    }
}

/// A request to create a command in a container. Returned by [`Command::create`] and
/// [`Container::create_exec`](crate::containers::Container::create_exec).
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct CreateExec {
    command: Command,
    settings: Settings,
}

request!(CreateExec => Exec, "container_exec", command.container);

impl CreateExec {
    async fn call(self) -> Result<Exec> {
        self.command.no_input("create()")?;
        self.command.created(&self.settings).await
    }
}
