//! Running a command in one call.

use std::{pin::pin, time::Duration};

use bytes::Bytes;
use futures_util::future::{self, Either};
use tokio::io::AsyncWriteExt as _;

use super::Exec;
use crate::{
    Result,
    containers::Container,
    models::ExecConfig,
    session::{Input, Session},
    stream::Captured,
};

/// Options of [`Container::exec`](crate::containers::Container::exec): a command, and what it reads.
///
/// ```
/// use dockerclient::exec::ExecOptions;
///
/// let options = ExecOptions::new(["sh", "-c", "wc -c"]).stdin("hello");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct ExecOptions {
    config: ExecConfig,
    stdin: Option<Bytes>,
}

impl ExecOptions {
    /// The program and its arguments.
    pub fn new<S: Into<String>>(command: impl IntoIterator<Item = S>) -> Self {
        let cmd = command.into_iter().map(Into::into).collect();
        Self { config: ExecConfig { cmd, ..Default::default() }, stdin: None }
    }

    /// What the command reads. It meets the end of its input at once without.
    pub fn stdin(mut self, bytes: impl Into<Bytes>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// Give it a terminal: its output is one stream then, with the line ends of a terminal.
    pub fn terminal(mut self) -> Self {
        self.config.tty = true;
        self
    }

    /// Who it runs as, as `user`, `user:group`, or by numbers. Defaults to the container's user. Needs API 1.19.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.config.user = user.into();
        self
    }

    /// Give it all the rights of the host's root. Needs API 1.21.
    pub fn privileged(mut self) -> Self {
        self.config.privileged = true;
        self
    }

    /// The keys that end the session when they are typed, as `ctrl-p,ctrl-q`; for commands with a terminal. Needs API
    /// 1.22.
    pub fn detach_keys(mut self, keys: impl Into<String>) -> Self {
        self.config.detach_keys = keys.into();
        self
    }

    /// A variable of its environment, besides those of the container; several calls add variables. Needs API 1.25.
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.config.env.push(format!("{name}={value}"));
        self
    }

    /// The directory it starts in. Defaults to the container's. Needs API 1.35.
    pub fn working_dir(mut self, path: impl Into<String>) -> Self {
        self.config.working_dir = path.into();
        self
    }
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExecOutcome {
    /// What it wrote.
    pub output: Captured,
    /// Its exit code; 126 or 127 if it could not be run. None if the engine does not tell, as none does at API 1.15.
    pub code: Option<i64>,
}

/// The first wait between two looks whether a command has ended; each is twice as long as the one before.
const FIRST_LOOK: Duration = Duration::from_millis(5);

/// How long a command whose output has ended may still be said to run.
const PATIENCE: Duration = Duration::from_secs(10);

/// Prepares and starts a command, feeds it, and waits for its end.
pub(crate) async fn run(container: &Container, options: &ExecOptions) -> Result<ExecOutcome> {
    let mut config = options.config.clone();
    (config.attach_stdin, config.attach_stdout, config.attach_stderr) = (options.stdin.is_some(), true, true);
    let exec = container.create_exec(&config).await?;
    let Session { input, output, .. } = exec.start().await?;
    let (output, feed) = (pin!(output.capture()), pin!(feed(input, options.stdin.as_ref())));
    let output = match future::select(output, feed).await {
        // A command that ends need not have read all.
        Either::Left((output, _feed)) => output,
        Either::Right(((), output)) => output.await,
    };
    Ok(ExecOutcome { output: output?, code: exit_code(&exec).await? })
}

/// Writes while the output is read, so that neither waits for the other.
///
/// A connection that breaks ends the output, too, which tells so. Engine 1.6 takes a command to run until its input
/// is closed, which happens here, at the latest when `input` is dropped.
async fn feed(mut input: Input, bytes: Option<&Bytes>) {
    if let Some(bytes) = bytes {
        let _ = input.write_all(bytes).await;
        let _ = input.shutdown().await;
    }
}

/// The exit code, which engines know a moment after the output has ended.
async fn exit_code(exec: &Exec) -> Result<Option<i64>> {
    let mut wait = FIRST_LOOK;
    loop {
        match exec.inspect().await {
            Ok(state) if !state.running || wait > PATIENCE => return Ok(state.exit_code),
            Ok(_) => tokio::time::sleep(wait).await,
            Err(error) if error.is_unsupported() => return Ok(None),
            Err(error) => return Err(error),
        }
        wait *= 2;
    }
}
