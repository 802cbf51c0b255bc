//! Resizing the TTY of a command.

use super::Exec;
use crate::{
    Result,
    request::{Settings, request},
    terminal::TerminalSize,
};

impl Exec {
    /// Resizes the TTY of the command, which must be running: before the start, engines block or fail.
    ///
    /// Calls `POST /exec/{id}/resize`.
    ///
    /// # Errors
    ///
    /// Fails if the command is not running (404 or 500).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(exec: dockerclient::exec::Exec) -> dockerclient::Result<()> {
    /// exec.resize((24, 80)).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ExecResize")]
    pub fn resize(&self, size: impl Into<TerminalSize>) -> ResizeExec {
        ResizeExec { exec: self.clone(), size: size.into(), settings: Settings::default() }
    }
}

/// A request to resize the TTY of a command. Returned by [`Exec::resize`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ResizeExec {
    exec: Exec,
    size: TerminalSize,
    settings: Settings,
}

request!(ResizeExec => (), "exec_resize", exec.id);

impl ResizeExec {
    async fn call(self) -> Result<()> {
        let (api, id) = self.exec.api("exec_resize", &self.settings).await?;
        api.done(api.exec_resize(id, self.size.rows, self.size.columns).await)
    }
}
