//! How containers start, stop, end and go.

use std::time::Duration;

use super::{Container, Signal};
use crate::{Result, models::HostConfig};

impl Container {
    /// Starts the container.
    ///
    /// Calls `POST /containers/{id}/start`.
    ///
    /// # Errors
    ///
    /// Fails if the container is paused (409), or if its command cannot be run (400; 404 or 500 from old engines).
    #[doc(alias = "StartContainer")]
    pub async fn start(&self) -> Result<Start> {
        self.start_with(&HostConfig::default()).await
    }

    /// Starts the container with `host_config` in place of the one it was created with.
    ///
    /// An empty one replaces nothing. Give it to [`create`](super::Containers::create) if
    /// you can: API 1.24 does away with this.
    ///
    /// Calls `POST /containers/{id}/start`, with a body until API 1.23.
    ///
    /// # Errors
    ///
    /// Fails as [`start`](Self::start) does, and if the API that is spoken does not know an option, or from 1.24 on
    /// any.
    pub async fn start_with(&self, host_config: &HostConfig) -> Result<Start> {
        let (wire, id) = self.wire("container_start").await?;
        match wire.done(wire.container_start(id, None, host_config).await) {
            Ok(()) => Ok(Start::Started),
            Err(error) if error.is_not_modified() => Ok(Start::AlreadyRunning),
            Err(error) => Err(error),
        }
    }

    /// Stops the container: asks it to end and, if it does not in time, kills it.
    ///
    /// Calls `POST /containers/{id}/stop`, and waits as long as that takes.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404), or if there is no such signal (400).
    #[doc(alias = "StopContainer")]
    pub async fn stop(&self, options: &StopOptions) -> Result<Stop> {
        let (wire, id) = self.wire("container_stop").await?;
        let signal = options.signal.as_ref().map(Signal::as_str);
        match wire.done(wire.container_stop(id, signal, Some(options.seconds())).await) {
            Ok(()) => Ok(Stop::Stopped),
            Err(error) if error.is_not_modified() => Ok(Stop::AlreadyStopped),
            Err(error) => Err(error),
        }
    }

    /// Stops the container as [`stop`](Self::stop) does, and starts it again.
    ///
    /// Calls `POST /containers/{id}/restart`, and waits as long as that takes.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404), or as [`start`](Self::start) does.
    #[doc(alias = "RestartContainer")]
    pub async fn restart(&self, options: &StopOptions) -> Result<()> {
        let (wire, id) = self.wire("container_restart").await?;
        let signal = options.signal.as_ref().map(Signal::as_str);
        wire.done(wire.container_restart(id, signal, Some(options.seconds())).await)
    }

    /// Sends `signal` to the container's first process; with `KILL`, waits until it ended.
    ///
    /// Calls `POST /containers/{id}/kill`. Below API 1.20, one that does not run is left alone, which is no error.
    ///
    /// # Errors
    ///
    /// Fails if there is no such signal (400; 500 from engines before 1.12), or from API 1.20 on if the container does
    /// not run (409; 500 from engines before 1.12).
    #[doc(alias = "KillContainer")]
    pub async fn kill(&self, signal: impl Into<Signal>) -> Result<()> {
        let (wire, id) = self.wire("container_kill").await?;
        wire.done(wire.container_kill(id, Some(signal.into().as_str())).await)
    }

    /// Gives the container another name. This handle keeps the old one.
    ///
    /// Calls `POST /containers/{id}/rename`, since API 1.17.
    ///
    /// # Errors
    ///
    /// Fails if the name is taken (409) or cannot be one (400; 500 from engines before 1.12).
    #[doc(alias = "RenameContainer")]
    pub async fn rename(&self, name: &str) -> Result<()> {
        let (wire, id) = self.wire("container_rename").await?;
        wire.done(wire.container_rename(id, name).await)
    }

    /// Freezes all processes of the container.
    ///
    /// Calls `POST /containers/{id}/pause`.
    ///
    /// # Errors
    ///
    /// Fails if the container does not run or is paused (409; 500 from engines before 1.12).
    #[doc(alias = "PauseContainer")]
    pub async fn pause(&self) -> Result<()> {
        let (wire, id) = self.wire("container_pause").await?;
        wire.done(wire.container_pause(id).await)
    }

    /// Lets the paused container go on.
    ///
    /// Calls `POST /containers/{id}/unpause`.
    ///
    /// # Errors
    ///
    /// Fails if the container is not paused (500).
    #[doc(alias = "UnpauseContainer")]
    pub async fn unpause(&self) -> Result<()> {
        let (wire, id) = self.wire("container_unpause").await?;
        wire.done(wire.container_unpause(id).await)
    }

    /// Removes the container.
    ///
    /// Calls `DELETE /containers/{id}`.
    ///
    /// # Errors
    ///
    /// Fails if the container runs (409; 500 from engines before 1.5), unless it is forced.
    #[doc(alias = "RemoveContainer")]
    pub async fn remove(&self, options: &RemoveOptions) -> Result<()> {
        let (wire, id) = self.wire("container_delete").await?;
        wire.done(wire.container_delete(id, options.force, options.link, options.volumes).await)
    }
}

/// What [`Container::start`](super::Container::start) did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// It started the container.
    Started,
    /// Nothing: the container was running.
    AlreadyRunning,
}

/// What [`Container::stop`](super::Container::stop) did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It stopped the container.
    Stopped,
    /// Nothing: the container was not running.
    AlreadyStopped,
}

/// Options of [`Container::stop`](super::Container::stop) and [`Container::restart`](super::Container::restart).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct StopOptions {
    timeout: Duration,
    signal: Option<Signal>,
}

impl Default for StopOptions {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(10), signal: None }
    }
}

impl StopOptions {
    /// How long the container has to end before it is killed, in whole seconds (a part of one counts as one).
    ///
    /// Defaults to 10 seconds.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// The signal that asks it to end. Defaults to the container's own, which is TERM unless it says otherwise. Needs
    /// API 1.42.
    pub fn signal(mut self, signal: impl Into<Signal>) -> Self {
        self.signal = Some(signal.into());
        self
    }

    /// Always told to the engine: the oldest ones take silence for 0.
    fn seconds(&self) -> i64 {
        let seconds = self.timeout.as_secs().saturating_add(u64::from(self.timeout.subsec_nanos() > 0));
        // What engines can turn into a Go duration without running over.
        i64::try_from(seconds).unwrap_or(i64::MAX).min(i64::MAX / 1_000_000_000)
    }
}

/// Options of [`Container::remove`](super::Container::remove).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct RemoveOptions {
    pub(super) force: Option<bool>,
    pub(super) link: Option<bool>,
    pub(super) volumes: Option<bool>,
}

impl RemoveOptions {
    /// Even if it runs: kill it first.
    pub fn force(mut self) -> Self {
        self.force = Some(true);
        self
    }

    /// Its anonymous volumes too.
    pub fn volumes(mut self) -> Self {
        self.volumes = Some(true);
        self
    }

    /// Only the link whose name the handle has, `container/alias`, and no container.
    pub fn link(mut self) -> Self {
        self.link = Some(true);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_limit_is_rounded_up_to_seconds_and_never_runs_over() {
        let seconds = |timeout| StopOptions::default().timeout(timeout).seconds();
        assert_eq!(seconds(Duration::ZERO), 0);
        assert_eq!(seconds(Duration::from_millis(500)), 1);
        assert_eq!(seconds(Duration::from_secs(3)), 3);
        assert_eq!(seconds(Duration::MAX), 9_223_372_036);
        assert_eq!(StopOptions::default().seconds(), 10);
    }
}
