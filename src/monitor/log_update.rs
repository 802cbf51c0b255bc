//! The items of a log monitor.

use std::time::Duration;

use super::Gap;
use crate::{Error, Line};

/// An item of a [`LogMonitor`](super::LogMonitor).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LogUpdate {
    /// The log was opened, after the monitor began, a lost connection or [`Stopped`](Self::Stopped); lines follow.
    Connected,
    /// A line that the container wrote.
    Line(Line),
    /// Lines may have been missed: the engine no longer has the last line that was returned.
    Gap(Gap),
    /// The container does not run, and all lines that it wrote were returned. It may be started again.
    Stopped,
    /// The connection was lost, or could not be made.
    Disconnected {
        /// The cause.
        error: Error,
        /// Time until the next attempt. `None` if the monitor gives up: it ends.
        retry_in: Option<Duration>,
    },
}
