//! Running a command, with access to its input and output while it runs.

use std::{fmt, time::Duration};

use super::{Command, Exec};
use crate::{
    Output, OutputStream, Result,
    exit_status::ExitStatus,
    request::{Settings, request},
    session::{Input, Session},
    stream::Captured,
};

/// First interval between two inspections of a command that has not exited. Each further interval is twice as long.
const FIRST_INTERVAL: Duration = Duration::from_millis(5);

/// Maximum interval between two inspections of a command that runs for a long time.
const MAX_INTERVAL: Duration = Duration::from_millis(500);

/// Once the interval is longer than this, the client stops waiting for the exit status of a command whose output has ended.
const LAST_INTERVAL: Duration = Duration::from_secs(10);

impl Command {
    /// Runs the command, and returns once it runs, with its output and, if [`stdin(true)`](Self::stdin) is set, its input.
    ///
    /// Calls `POST /containers/{id}/exec` and `POST /exec/{id}/start`.
    ///
    /// # Errors
    ///
    /// Fails if the container is not running (409; 500 from engines before 1.12), or if [`input`](Self::input) is set: write
    /// to [`stdin`](RunningCommand::stdin) instead.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let mut tail = docker.container("web").command("tail").args(["-f", "/var/log/web.log"]).spawn().await?;
    /// if let Some(output) = tail.output.take() {
    ///     let mut lines = output.lines();
    ///     while let Some(line) = lines.try_next().await? {
    ///         println!("{}", line.text());
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn spawn(self) -> SpawnCommand {
        let settings = self.settings.clone();
        SpawnCommand { command: self, settings }
    }

    pub(super) async fn spawned(&self, settings: Settings) -> Result<RunningCommand> {
        let exec = self.created(&settings).await?;
        let Session { input, output, .. } = exec.started(&settings).await?;
        // Engine 1.6 reports a command as running until its input is closed.
        let stdin = Some(input).filter(|_| self.config.attach_stdin);
        Ok(RunningCommand { stdin, output: Some(output), exec, settings, status: None })
    }
}

/// A request to run a command, with access to its input and output while it runs. Returned by [`Command::spawn`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct SpawnCommand {
    command: Command,
    settings: Settings,
}

request!(SpawnCommand => RunningCommand, "exec_start", command.container);

impl SpawnCommand {
    async fn call(self) -> Result<RunningCommand> {
        self.command.no_input("spawn()")?;
        self.command.spawned(self.settings).await
    }
}

/// A command that was run in a container. Returned by [`Command::spawn`].
///
/// Its input and output can be moved out, for example into other tasks. Either move the output out and read it, or call one
/// of the methods, which read it: unread output blocks the command once the buffers are full.
///
/// # Cancellation
///
/// Dropping this closes its connection. The command keeps running: engines can stop it only by stopping its container.
#[non_exhaustive]
pub struct RunningCommand {
    /// The input of the command, if [`stdin(true)`](Command::stdin) was set. Dropping it ends the input.
    pub stdin: Option<Input>,
    /// The output of the command. [`split`](OutputStream::split) separates stdout and stderr.
    #[doc(alias = "stdout")]
    #[doc(alias = "stderr")]
    pub output: Option<OutputStream>,
    exec: Exec,
    settings: Settings,
    status: Option<ExitStatus>,
}

impl RunningCommand {
    /// Returns the handle of the command.
    #[must_use]
    pub fn exec(&self) -> &Exec {
        &self.exec
    }

    /// Closes the input and discards the output, unless they were taken, and waits until the command has exited. Later calls
    /// return the same status.
    ///
    /// Calls `GET /exec/{id}/json` until the command has exited; below API 1.16 the exit code is unknown, and this returns
    /// when the output ends.
    ///
    /// # Errors
    ///
    /// Fails if the connection is lost.
    ///
    /// # Cancellation
    ///
    /// Cancel safe: dropping the future does not affect the command.
    pub async fn wait(&mut self) -> Result<ExitStatus> {
        self.stdin = None;
        if let Some(status) = &self.status {
            return Ok(status.clone());
        }
        if let Some(output) = &mut self.output {
            while output.try_next().await?.is_some() {}
        }
        let has_ended = self.output.is_some();
        let status = exit_status(&self.exec, &self.settings, has_ended).await?;
        self.status = Some(status.clone());
        Ok(status)
    }

    /// Closes the input, unless it was taken, reads the output to its end, and waits as [`wait`](Self::wait) does. All output
    /// is kept in memory.
    ///
    /// # Errors
    ///
    /// Fails as [`wait`](Self::wait) does, and if the output cannot be read.
    pub async fn wait_with_output(mut self) -> Result<Output> {
        self.stdin = None;
        let (captured, has_ended) = match self.output.take() {
            Some(output) => (output.capture().await?, true),
            None => (Captured::default(), false),
        };
        let status = match self.status.take() {
            Some(status) => status,
            None => exit_status(&self.exec, &self.settings, has_ended).await?,
        };
        Ok(Output::new(status, captured))
    }
}

/// The exit status, which engines report a moment after the output has ended.
async fn exit_status(exec: &Exec, settings: &Settings, has_ended: bool) -> Result<ExitStatus> {
    let mut interval = FIRST_INTERVAL;
    loop {
        match exec.seen(settings).await {
            Ok(seen) if !seen.running || (has_ended && interval > LAST_INTERVAL) => {
                return Ok(ExitStatus::new(seen.exit_code, None));
            }
            Ok(_) => tokio::time::sleep(interval).await,
            Err(error) if error.is_unsupported() => return Ok(ExitStatus::new(None, None)),
            Err(error) => return Err(error),
        }
        interval *= 2;
        if !has_ended {
            interval = interval.min(MAX_INTERVAL);
        }
    }
}

impl fmt::Debug for RunningCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningCommand").field("exec", &self.exec).field("status", &self.status).finish_non_exhaustive()
    }
}
