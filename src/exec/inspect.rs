//! Inspecting a command.

use super::Exec;
use crate::{
    Optional, Result,
    models::ExecInspect,
    request::{Settings, request},
};

impl Exec {
    /// Returns whether the command is running, its exit code, and its configuration.
    ///
    /// Calls `GET /exec/{id}/json`, since API 1.16.
    ///
    /// # Errors
    ///
    /// Fails if there is no such command (404); see [`try_inspect`](Self::try_inspect).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let exec = docker.container("web").command("sync").detach().await?;
    /// println!("running: {}", exec.inspect().await?.running);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ExecInspect")]
    pub fn inspect(&self) -> InspectExec {
        InspectExec { exec: self.clone(), settings: Settings::default() }
    }

    /// Returns the state of the command, as [`inspect`](Self::inspect) does, or `None` if there is no such command.
    ///
    /// Calls `GET /exec/{id}/json`, since API 1.16.
    ///
    /// # Errors
    ///
    /// Fails as [`inspect`](Self::inspect) does, except if the command does not exist.
    pub fn try_inspect(&self) -> Optional<ExecInspect> {
        self.inspect().optional()
    }
}

/// A request to inspect a command. Returned by [`Exec::inspect`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct InspectExec {
    exec: Exec,
    settings: Settings,
}

request!(InspectExec => ExecInspect, "exec_inspect", exec.id);

impl InspectExec {
    /// Resolves to `None` if there is no such command, instead of failing.
    pub fn optional(self) -> Optional<ExecInspect> {
        Optional::new(self.settings.clone(), |settings| Self { settings, ..self })
    }

    async fn call(self) -> Result<ExecInspect> {
        self.exec.seen(&self.settings).await
    }
}

impl Exec {
    pub(super) async fn seen(&self, settings: &Settings) -> Result<ExecInspect> {
        let (api, id) = self.api("exec_inspect", settings).await?;
        api.document(api.exec_inspect(id).await)
    }
}
