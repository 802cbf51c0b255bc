//! The stop timeout of a container.

use std::time::Duration;

use serde::{Serialize, Serializer};

/// The time after which a container that is being stopped is killed.
///
/// ```
/// use std::time::Duration;
/// use dockerclient::models::{ContainerConfig, StopTimeout};
///
/// let slow = ContainerConfig { stop_timeout: Some(Duration::from_secs(60).into()), ..Default::default() };
/// let endless = ContainerConfig { stop_timeout: Some(StopTimeout::Never), ..Default::default() };
/// assert_eq!(serde_json::to_string(&endless)?, r#"{"StopTimeout":-1}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StopTimeout {
    /// Kills the container after this time. It is sent in seconds, rounded up.
    After(Duration),
    /// Never kills the container.
    Never,
}

impl StopTimeout {
    /// Converts a number of seconds; a negative one means never.
    #[must_use]
    pub fn from_seconds(seconds: i64) -> Self {
        u64::try_from(seconds).map_or(Self::Never, |seconds| Self::After(Duration::from_secs(seconds)))
    }

    /// Returns the number of seconds that is sent, rounded up; -1 for never.
    #[must_use]
    pub fn seconds(self) -> i64 {
        let Self::After(timeout) = self else { return -1 };
        let seconds = timeout.as_secs().saturating_add(u64::from(timeout.subsec_nanos() > 0));
        // Engines convert to nanoseconds, which must not overflow.
        i64::try_from(seconds).unwrap_or(i64::MAX).min(i64::MAX / 1_000_000_000)
    }
}

impl From<Duration> for StopTimeout {
    fn from(timeout: Duration) -> Self {
        Self::After(timeout)
    }
}

impl Serialize for StopTimeout {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.seconds())
    }
}

impl<'de> serde::Deserialize<'de> for StopTimeout {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        i64::deserialize(deserializer).map(Self::from_seconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stop_timeouts_are_whole_seconds_rounded_up() {
        let seconds = |timeout| StopTimeout::After(timeout).seconds();
        assert_eq!(seconds(Duration::ZERO), 0);
        assert_eq!(seconds(Duration::from_millis(1)), 1);
        assert_eq!(seconds(Duration::from_secs(5)), 5);
        assert_eq!(seconds(Duration::MAX), i64::MAX / 1_000_000_000);
        assert_eq!((StopTimeout::Never.seconds(), StopTimeout::from_seconds(-7)), (-1, StopTimeout::Never));
    }
}
