//! Running a container, with access to its input and output while it runs.

use std::{fmt, pin::pin};

use futures_util::future::{self, Either};

use super::{
    RunContainer,
    guard::{self, Cleanup, Guard},
    launch::{Exit, Launched},
};
use crate::{
    DockerClient, Output, OutputStream, Result,
    containers::{Container, ExitStatus},
    request::{Settings, request},
    session::{Input, Session},
    stream::Captured,
};

impl RunContainer {
    /// Runs the container, and returns once it runs, with its output and, if [`stdin(true)`](Self::stdin) is set, its input.
    ///
    /// Read the output, or call [`wait`](RunningContainer::wait), which discards it: unread output blocks the container once the
    /// buffers are full. To run a container without its output, call [`detach`](Self::detach).
    ///
    /// Attaches before the start, so that no output is lost. Calls `POST /containers/create`,
    /// `POST /containers/{id}/attach`, `POST /containers/{id}/wait`, `POST /containers/{id}/start` and, for a missing image,
    /// `POST /images/create`.
    ///
    /// # Errors
    ///
    /// Fails if the image cannot be pulled, if the container cannot be created, or if its command cannot be run (400; 404 or
    /// 500 from old engines). Fails if [`input`](Self::input) is set: write to [`stdin`](RunningContainer::stdin) instead.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
    /// use tokio::io::AsyncWriteExt as _;
    ///
    /// let mut cat = docker.run("busybox").arg("cat").stdin(true).kill_on_drop(true).spawn().await?;
    /// if let Some(mut stdin) = cat.stdin.take() {
    ///     stdin.write_all(b"hello\n").await?;
    /// } // dropped: the end of the input
    /// if let Some(output) = cat.output.take() {
    ///     let mut lines = output.lines();
    ///     while let Some(line) = lines.try_next().await? {
    ///         println!("{}", line.text());
    ///     }
    /// }
    /// println!("{}", cat.wait().await?); // exit code 0
    /// # Ok(())
    /// # }
    /// ```
    pub fn spawn(self) -> SpawnContainer {
        let settings = self.settings.clone();
        SpawnContainer { run: self, settings }
    }
}

/// A request to run a container, with access to its input and output while it runs. Returned by
/// [`RunContainer::spawn`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct SpawnContainer {
    run: RunContainer,
    settings: Settings,
}

request!(SpawnContainer => RunningContainer, "container_run");

impl SpawnContainer {
    async fn call(self) -> Result<RunningContainer> {
        let Self { mut run, settings } = self;
        run.no_input("spawn()")?;
        run.settings = settings;
        run.spawned(true).await
    }
}

impl RunContainer {
    pub(super) async fn spawned(self, attach: bool) -> Result<RunningContainer> {
        let (docker, settings, has_input) = (self.docker.clone(), self.settings.clone(), self.body.config.open_stdin);
        let Launched { created, session, exit, guard } = self.launch(attach).await?;
        let (input, output) = session.map(|Session { input, output, .. }| (input, output)).unzip();
        let (stdin, unused_input) = if has_input { (input, None) } else { (None, input) };
        let running = Running { docker, settings, exit, guard, status: None, unused_input };
        Ok(RunningContainer { stdin, output, warnings: created.warnings, container: created.container, running })
    }
}

/// A container that was run. Returned by [`RunContainer::spawn`].
///
/// Its input and output can be moved out, for example into other tasks. Either move the output out and read it, or call one
/// of the methods, which read it: unread output blocks the container once the buffers are full.
///
/// # Cancellation
///
/// Dropping this closes its connections. The container keeps running, unless [`kill_on_drop`](RunContainer::kill_on_drop) is
/// set.
#[non_exhaustive]
pub struct RunningContainer {
    /// The input of the container, if [`stdin(true)`](RunContainer::stdin) was set. Dropping it ends the input.
    pub stdin: Option<Input>,
    /// The output of the container, from its beginning. [`split`](OutputStream::split) separates stdout and stderr.
    #[doc(alias = "stdout")]
    #[doc(alias = "stderr")]
    pub output: Option<OutputStream>,
    /// Warnings of the engine, for example about settings that it ignored.
    pub warnings: Vec<String>,
    container: Container,
    running: Running,
}

/// The state of waiting for a container.
struct Running {
    docker: DockerClient,
    settings: Settings,
    exit: Exit,
    guard: Guard,
    status: Option<ExitStatus>,
    /// The input of a container without stdin. Closing it may close the output.
    unused_input: Option<Input>,
}

impl RunningContainer {
    /// Returns the handle of the container.
    #[must_use]
    pub fn container(&self) -> &Container {
        &self.container
    }

    /// Id of the container.
    #[must_use]
    pub fn id(&self) -> &str {
        self.container.id()
    }

    /// Closes the input and discards the output, unless they were taken, and waits until the container has exited and, unless
    /// [`auto_remove(false)`](RunContainer::auto_remove) is set, is removed. Later calls return the same status.
    ///
    /// # Errors
    ///
    /// Fails if the connection is lost, or if the container cannot be removed.
    ///
    /// # Cancellation
    ///
    /// Cancel safe: dropping the future does not affect the container.
    pub async fn wait(&mut self) -> Result<ExitStatus> {
        self.stdin = None;
        let (exit, discarded) = (pin!(self.running.wait()), pin!(discard(&mut self.output)));
        match future::select(exit, discarded).await {
            Either::Left((status, _)) => status,
            Either::Right(((), exit)) => exit.await,
        }
    }

    /// Closes the input, unless it was taken, reads the output to its end, and waits as [`wait`](Self::wait) does. All output
    /// is kept in memory.
    ///
    /// # Errors
    ///
    /// Fails as [`wait`](Self::wait) does, and if the output cannot be read.
    pub async fn wait_with_output(mut self) -> Result<Output> {
        self.stdin = None;
        let captured = match self.output.take() {
            Some(output) => output.capture().await?,
            None => Captured::default(),
        };
        Ok(Output::new(self.running.wait().await?, captured))
    }

    /// Kills the container, unless it has exited, and waits as [`wait`](Self::wait) does.
    ///
    /// Calls `POST /containers/{id}/kill`. To give the container time to exit, call
    /// [`container().stop()`](Container::stop).
    ///
    /// # Errors
    ///
    /// Fails as [`wait`](Self::wait) does.
    pub async fn kill(&mut self) -> Result<ExitStatus> {
        let Running { docker, settings, status, .. } = &self.running;
        if status.is_none() {
            guard::kill(docker, settings, self.container.id()).await?;
        }
        self.wait().await
    }
}

impl Running {
    async fn wait(&mut self) -> Result<ExitStatus> {
        if let Some(status) = &self.status {
            return Ok(status.clone());
        }
        let status = self.exit.wait().await?;
        self.guard.cleanup = Cleanup::Leave;
        self.unused_input = None;
        self.status = Some(status.clone());
        Ok(status)
    }
}

/// Reads and discards the output of a container, so that it is not blocked.
async fn discard(output: &mut Option<OutputStream>) {
    if let Some(output) = output {
        while let Ok(Some(_)) = output.try_next().await {}
    }
}

impl fmt::Debug for RunningContainer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningContainer")
            .field("container", &self.container)
            .field("status", &self.running.status)
            .finish_non_exhaustive()
    }
}
