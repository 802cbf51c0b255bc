//! Running a container in the background.

use super::RunContainer;
use crate::{
    Result,
    containers::CreatedContainer,
    request::{Settings, request},
};

impl RunContainer {
    /// Runs the container in the background, and returns once it has started, as `docker run --detach` does.
    ///
    /// It is not removed once it has exited, unless [`auto_remove(true)`](Self::auto_remove) is set, which requires API 1.25. Calls
    /// `POST /containers/create`, `POST /containers/{id}/start` and, for a missing image, `POST /images/create`.
    ///
    /// # Errors
    ///
    /// Fails if the image cannot be pulled, if the container cannot be created, or if its command cannot be run (400; 404 or
    /// 500 from old engines). Fails if [`input`](Self::input) is set.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let web = docker.run("nginx:1.27").name("web").publish(8080, 80).detach().await?;
    /// println!("{} is running", web.id());
    /// # Ok(())
    /// # }
    /// ```
    pub fn detach(self) -> DetachContainer {
        let settings = self.settings.clone();
        DetachContainer { run: self, settings }
    }
}

/// A request to run a container in the background. Returned by [`RunContainer::detach`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct DetachContainer {
    run: RunContainer,
    settings: Settings,
}

request!(DetachContainer => CreatedContainer, "container_run");

impl DetachContainer {
    async fn call(self) -> Result<CreatedContainer> {
        let Self { mut run, settings } = self;
        run.no_input("detach()")?;
        run.settings = settings;
        run.launch_detached().await
    }
}
