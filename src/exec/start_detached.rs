//! Starting a command, without attaching to it.

use super::Exec;
use crate::{
    Result,
    models::ExecStartConfig,
    request::{Settings, request},
};

impl Exec {
    /// Starts the command, and does not attach to it, as `docker exec --detach` does.
    ///
    /// Calls `POST /exec/{id}/start`.
    ///
    /// # Errors
    ///
    /// Fails if the container is not running, or if the command was started before (409; 500 from engines before 1.12).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let exec = docker.container("web").create_exec(["nginx", "-s", "reload"]).await?;
    /// exec.start_detached().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn start_detached(&self) -> StartDetachedExec {
        StartDetachedExec { exec: self.clone(), settings: Settings::default() }
    }
}

/// A request to start a command without attaching to it. Returned by [`Exec::start_detached`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct StartDetachedExec {
    exec: Exec,
    settings: Settings,
}

request!(StartDetachedExec => (), "exec_start", exec.id);

impl StartDetachedExec {
    async fn call(self) -> Result<()> {
        self.exec.started_detached(&self.settings).await
    }
}

impl Exec {
    pub(super) async fn started_detached(&self, settings: &Settings) -> Result<()> {
        let (api, id) = self.api("exec_start", settings).await?;
        let config = ExecStartConfig { detach: true, ..Default::default() };
        api.done(api.exec_start(id, &config).await)
    }
}
