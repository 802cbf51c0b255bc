//! How containers start, stop, end and go.

use std::time::Duration;

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
}

impl Default for StopOptions {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(10) }
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

    /// Always told to the engine: the oldest ones take silence for 0.
    pub(super) fn seconds(&self) -> i64 {
        let seconds = self.timeout.as_secs().saturating_add(u64::from(self.timeout.subsec_nanos() > 0));
        // What engines can turn into a Go duration without running over.
        i64::try_from(seconds).unwrap_or(i64::MAX).min(i64::MAX / 1_000_000_000)
    }
}

/// How a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exit {
    /// The exit code; -1 for one killed on engines before 1.5.
    pub code: i64,
    /// Why the engine could not wait to the end, if it could not.
    pub error: Option<String>,
}

impl Exit {
    /// Whether it ended well, with 0.
    #[must_use]
    pub fn success(&self) -> bool {
        self.code == 0 && self.error.is_none()
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
