//! Running a container to its end.

use super::RunContainer;
use crate::{
    Result,
    containers::ExitStatus,
    request::{Settings, request},
};

impl RunContainer {
    /// Runs the container, writes its [input](Self::input), waits until it has exited, and returns its exit status. Its
    /// output is not read; with [`auto_remove(false)`](Self::auto_remove), its [logs](crate::containers::Container::logs) can be
    /// read afterwards.
    ///
    /// Waits without a time limit. Calls `POST /containers/create`, `POST /containers/{id}/wait`, `POST
    /// /containers/{id}/start` and, for a missing image, `POST /images/create`; with input also `POST
    /// /containers/{id}/attach`, and below API 1.30 `DELETE /containers/{id}`.
    ///
    /// # Errors
    ///
    /// Fails as [`output`](Self::output) does. An exit code other than 0 is not an error.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let status = docker.run("acme/migrate:3").network("back").status().await?;
    /// assert!(status.success(), "the migration failed: {status}");
    /// # Ok(())
    /// # }
    /// ```
    pub fn status(self) -> RunStatus {
        let settings = self.settings.clone();
        RunStatus { run: self, settings }
    }
}

/// A request to run a container, and return its exit status. Returned by [`RunContainer::status`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct RunStatus {
    run: RunContainer,
    settings: Settings,
}

request!(RunStatus => ExitStatus, "container_run");

impl RunStatus {
    async fn call(self) -> Result<ExitStatus> {
        let Self { mut run, settings } = self;
        run.settings = settings;
        let Some(bytes) = run.verb.input.0.take() else { return run.spawned(false).await?.wait().await };
        let mut running = run.stdin(true).spawned(true).await?;
        match running.stdin.take() {
            Some(stdin) => stdin.feed_while(&bytes, running.wait()).await,
            None => running.wait().await,
        }
    }
}
