//! Waiting until a container has written a text.

use super::{Container, wait_until_healthy::wait_failed};
use crate::{
    Line, Result,
    logs::LogQuery,
    request::{Settings, request},
};

impl Container {
    /// Waits until the container writes a line that contains `text`, and returns the line. Lines that it has written before
    /// count too.
    ///
    /// Calls `GET /containers/{id}/logs`. Waits without a time limit, unless one is [set](WaitUntilLogged::time_limit).
    ///
    /// # Errors
    ///
    /// Fails if the container exits first ([`is_wait_failed`](crate::Error::is_wait_failed)), and as
    /// [`logs`](Self::logs) does.
    ///
    /// # Cancellation
    ///
    /// Dropping the request closes its connection.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use std::time::Duration;
    ///
    /// let ready = docker.container("db").wait_until_logged("Server started");
    /// println!("{}", ready.time_limit(Duration::from_secs(30)).await?.text());
    /// # Ok(())
    /// # }
    /// ```
    pub fn wait_until_logged(&self, text: impl Into<String>) -> WaitUntilLogged {
        WaitUntilLogged { container: self.clone(), text: text.into(), settings: Settings::default() }
    }
}

/// A request that resolves once a container has written a text. Returned by [`Container::wait_until_logged`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct WaitUntilLogged {
    container: Container,
    text: String,
    settings: Settings,
}

request!(WaitUntilLogged => Line, "container_wait_until_logged", container.id);

impl WaitUntilLogged {
    async fn call(self) -> Result<Line> {
        let Self { container, text, settings } = self;
        let tty = container.inspect_for("container_wait_until_logged", &settings).await?.config.tty;
        let query = LogQuery { follow: Some(true), ..LogQuery::default() };
        let mut lines = container.read_logs(&query, tty, &settings).await?.1.lines();
        while let Some(line) = lines.try_next().await? {
            if line.text().contains(&text) {
                return Ok(line);
            }
        }
        let seen = container.inspect_for("container_wait_until_logged", &settings).await?;
        let message = format!("the container is not running, and its logs do not contain {text:?}");
        Err(wait_failed(&seen, message).during("container_wait_until_logged").about(Some(&container.id)))
    }
}
