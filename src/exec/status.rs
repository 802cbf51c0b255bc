//! Running a command to its end.

use super::Command;
use crate::{
    Result,
    exit_status::ExitStatus,
    request::{Settings, request},
};

impl Command {
    /// Runs the command, writes its [input](Self::input), waits until it has exited, and returns its exit status. Its
    /// output is discarded.
    ///
    /// Calls `POST /containers/{id}/exec`, `POST /exec/{id}/start` and `GET /exec/{id}/json` (since API 1.16; below, the exit
    /// code is unknown).
    ///
    /// # Errors
    ///
    /// Fails as [`output`](Self::output) does. An exit code other than 0 is not an error.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let is_ready = docker.container("db").command("pg_isready").status().await?.success();
    /// # Ok(())
    /// # }
    /// ```
    pub fn status(self) -> CommandStatus {
        let settings = self.settings.clone();
        CommandStatus { command: self, settings }
    }
}

/// A request to run a command in a container, and return its exit status. Returned by [`Command::status`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct CommandStatus {
    command: Command,
    settings: Settings,
}

request!(CommandStatus => ExitStatus, "exec_start", command.container);

impl CommandStatus {
    async fn call(self) -> Result<ExitStatus> {
        let Self { mut command, settings } = self;
        let input = command.input.0.take();
        command.config.attach_stdin |= input.is_some();
        let mut running = command.spawned(settings).await?;
        match (running.stdin.take(), input) {
            (Some(stdin), Some(bytes)) => stdin.feed_while(&bytes, running.wait()).await,
            _ => running.wait().await,
        }
    }
}
