//! Running a container to its end, and collecting its output.

use super::RunContainer;
use crate::{
    Output, Result,
    request::{Settings, request},
};

impl RunContainer {
    /// Runs the container, writes its [input](Self::input), waits until it has exited, and returns all of its output.
    ///
    /// The output is kept in memory; [`spawn`](Self::spawn) returns it as a stream. Attaches before the start, so that
    /// no output is lost, and waits without a time limit. Calls `POST /containers/create`, `POST
    /// /containers/{id}/attach`, `POST /containers/{id}/wait`, `POST /containers/{id}/start` and, for a missing image,
    /// `POST /images/create`; below API 1.30 also `DELETE /containers/{id}`.
    ///
    /// # Errors
    ///
    /// Fails if the image cannot be pulled, if the container cannot be created, or if its command cannot be run (400; 404 or
    /// 500 from old engines). An exit code other than 0 is not an error.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let output = docker.run("busybox").args(["wc", "-c"]).input("hello").output().await?;
    /// assert_eq!(output.stdout_text().trim(), "5");
    /// # Ok(())
    /// # }
    /// ```
    pub fn output(self) -> RunOutput {
        let settings = self.settings.clone();
        RunOutput { run: self, settings }
    }
}

/// A request to run a container, and return its output. Returned by [`RunContainer::output`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct RunOutput {
    run: RunContainer,
    settings: Settings,
}

request!(RunOutput => Output, "container_run");

impl RunOutput {
    async fn call(self) -> Result<Output> {
        let Self { mut run, settings } = self;
        run.settings = settings;
        let input = run.verb.input.0.take();
        if input.is_some() {
            run = run.stdin(true);
        }
        let mut running = run.spawned(true).await?;
        match (running.stdin.take(), input) {
            (Some(stdin), Some(bytes)) => stdin.feed_while(&bytes, running.wait_with_output()).await,
            _ => running.wait_with_output().await,
        }
    }
}
