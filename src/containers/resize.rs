//! Resizing the TTY of a container.

use super::Container;
use crate::{
    Result, TerminalSize,
    request::{Settings, request},
};

impl Container {
    /// Resizes the TTY of the container.
    ///
    /// Calls `POST /containers/{id}/resize`.
    ///
    /// # Errors
    ///
    /// Fails if the container is not running (409; 500 from engines before 1.12).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::TerminalSize;
    ///
    /// docker.container("shell").resize(TerminalSize { rows: 24, columns: 80 }).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerResize")]
    pub fn resize(&self, size: impl Into<TerminalSize>) -> ResizeContainer {
        ResizeContainer { container: self.clone(), size: size.into(), settings: Settings::default() }
    }
}

/// A request to resize the TTY of a container. Returned by [`Container::resize`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ResizeContainer {
    container: Container,
    size: TerminalSize,
    settings: Settings,
}

request!(ResizeContainer => (), "container_resize", container.id);

impl ResizeContainer {
    async fn call(self) -> Result<()> {
        let (api, id) = self.container.api("container_resize", &self.settings).await?;
        api.done(api.container_resize(id, self.size.rows, self.size.columns).await)
    }
}
