//! Running a command in the background.

use super::{Command, Exec};
use crate::{
    Result,
    request::{Settings, request},
};

impl Command {
    /// Runs the command in the background, and returns once it has started, as `docker exec --detach` does.
    ///
    /// Its output is lost. [`Exec::inspect`] returns whether it is still running. Calls `POST /containers/{id}/exec` and
    /// `POST /exec/{id}/start`.
    ///
    /// # Errors
    ///
    /// Fails if the container is not running (409; 500 from engines before 1.12), or if [`input`](Self::input) is set.
    /// Newer engines fail if the program cannot be run (400).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let exec = docker.container("web").command("logrotate").arg("/etc/logrotate.conf").detach().await?;
    /// println!("running as {}", exec.id());
    /// # Ok(())
    /// # }
    /// ```
    pub fn detach(self) -> DetachCommand {
        let settings = self.settings.clone();
        DetachCommand { command: self, settings }
    }
}

/// A request to run a command in the background. Returned by [`Command::detach`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct DetachCommand {
    command: Command,
    settings: Settings,
}

request!(DetachCommand => Exec, "exec_start", command.container);

impl DetachCommand {
    async fn call(self) -> Result<Exec> {
        let Self { mut command, settings } = self;
        command.no_input("detach()")?;
        let config = &mut command.config;
        (config.attach_stdin, config.attach_stdout, config.attach_stderr) = (false, false, false);
        let exec = command.created(&settings).await?;
        exec.started_detached(&settings).await?;
        Ok(exec)
    }
}
