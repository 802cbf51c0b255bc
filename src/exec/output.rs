//! Running a command to its end, and collecting its output.

use super::Command;
use crate::{
    Output, Result,
    request::{Settings, request},
};

impl Command {
    /// Runs the command, writes its [input](Self::input), waits until it has exited, and returns all of its output.
    ///
    /// The output is kept in memory; [`spawn`](Self::spawn) returns it as a stream. Calls `POST /containers/{id}/exec`,
    /// `POST /exec/{id}/start` and, for the exit code, `GET /exec/{id}/json` (since API 1.16; unknown below).
    ///
    /// # Errors
    ///
    /// Fails if the container is not running (409; 500 from engines before 1.12). An exit code other than 0 is not an error.
    ///
    /// Engine 1.3 closes the connection as soon as the input ends, and drops the output of a command that has input.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let listing = docker.container("web").command("ls").arg("-l").current_dir("/srv").output().await?;
    /// if listing.success() {
    ///     print!("{}", listing.stdout_text());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn output(self) -> CommandOutput {
        let settings = self.settings.clone();
        CommandOutput { command: self, settings }
    }
}

/// A request to run a command in a container, and return its output. Returned by [`Command::output`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct CommandOutput {
    command: Command,
    settings: Settings,
}

request!(CommandOutput => Output, "exec_start", command.container);

impl CommandOutput {
    async fn call(self) -> Result<Output> {
        let Self { mut command, settings } = self;
        let input = command.input.0.take();
        command.config.attach_stdin |= input.is_some();
        let mut running = command.spawned(settings).await?;
        match (running.stdin.take(), input) {
            (Some(stdin), Some(bytes)) => stdin.feed_while(&bytes, running.wait_with_output()).await,
            _ => running.wait_with_output().await,
        }
    }
}
