//! Moments, to the nanosecond.

use std::{
    fmt,
    str::FromStr,
    time::{Duration, SystemTime},
};

use crate::{Error, Result, error::Kind};

/// A moment, to the nanosecond, as engines tell it: `2026-11-23T21:42:53.612088304Z`.
///
/// ```
/// use dockerclient::Timestamp;
///
/// let at: Timestamp = "2026-11-23T22:42:53.612088304+01:00".parse()?;
/// assert_eq!(at.unix_seconds(), 1795470173);
/// assert_eq!(at.to_string(), "2026-11-23T21:42:53.612088304Z");
/// # Ok::<(), dockerclient::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// This moment, by the clock of this machine.
    #[must_use]
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// The moment `seconds` after 1970 began.
    ///
    /// # Errors
    ///
    /// Fails if that is not between the years -9999 and 9999.
    pub fn from_unix_seconds(seconds: i64) -> Result<Self> {
        jiff::Timestamp::from_second(seconds).map(Self).map_err(|error| unreadable(&seconds, error))
    }

    /// The moment `nanoseconds` after 1970 began.
    #[must_use]
    pub fn from_unix_nanoseconds(nanoseconds: i64) -> Self {
        // Every i64 of nanoseconds lies between the years 1677 and 2262.
        Self(jiff::Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or_default())
    }

    /// Reads the header `Date`.
    pub(crate) fn from_http_date(text: &str) -> Option<Self> {
        jiff::fmt::rfc2822::parse(text).ok().map(|zoned| Self(zoned.timestamp()))
    }

    /// Whole seconds since 1970 began, rounded down.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        i64::try_from(self.unix_nanoseconds().div_euclid(1_000_000_000)).unwrap_or(i64::MAX)
    }

    /// Nanoseconds since 1970 began.
    #[must_use]
    pub fn unix_nanoseconds(self) -> i128 {
        self.0.as_nanosecond()
    }

    /// The time from `earlier` to this moment; nothing if `earlier` is later.
    #[must_use]
    pub fn duration_since(self, earlier: Self) -> Duration {
        let nanoseconds = self.unix_nanoseconds() - earlier.unix_nanoseconds();
        u64::try_from(nanoseconds.max(0)).map_or(Duration::MAX, Duration::from_nanos)
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    /// Reads RFC 3339, with any offset and up to nine digits behind the second.
    fn from_str(text: &str) -> Result<Self> {
        text.parse().map(Self).map_err(|error| unreadable(&text, error))
    }
}

fn unreadable(what: &dyn fmt::Debug, error: jiff::Error) -> Error {
    Error::with_source(Kind::Request(format!("{what:?} is not a time")), error)
}

/// Writes RFC 3339, in UTC.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<SystemTime> for Timestamp {
    /// A moment that lies beyond the year 9999 becomes the last one before.
    fn from(time: SystemTime) -> Self {
        Self(time.try_into().unwrap_or(jiff::Timestamp::MAX))
    }
}

impl From<Timestamp> for SystemTime {
    fn from(timestamp: Timestamp) -> Self {
        let nanoseconds = timestamp.unix_nanoseconds();
        let distance = u64::try_from(nanoseconds.unsigned_abs() / 1_000_000_000).unwrap_or(u64::MAX);
        let rest = u32::try_from(nanoseconds.unsigned_abs() % 1_000_000_000).unwrap_or_default();
        let distance = Duration::new(distance, rest);
        if nanoseconds < 0 { Self::UNIX_EPOCH - distance } else { Self::UNIX_EPOCH + distance }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_their_nanoseconds() {
        let at: Timestamp = "2014-12-12T10:11:12.000000001Z".parse().unwrap();
        assert_eq!(at.unix_nanoseconds() % 1_000_000_000, 1);
        assert_eq!(Timestamp::from_unix_nanoseconds(at.unix_nanoseconds().try_into().unwrap()), at);
        assert_eq!(at.to_string(), "2014-12-12T10:11:12.000000001Z");
        for text in ["0001-01-01T00:00:00Z", "2014-12-12T10:11:12.1+02:00", "2014-12-12T10:11:12Z"] {
            assert!(text.parse::<Timestamp>().is_ok(), "{text}");
        }
        let date = Timestamp::from_http_date("Mon, 23 Nov 2026 21:52:00 GMT").unwrap();
        assert_eq!(date.to_string(), "2026-11-23T21:52:00Z");
        for text in ["", "yesterday", "2014-12-12", "1418379072"] {
            assert!(text.parse::<Timestamp>().unwrap_err().is_bad_request(), "{text}");
        }
    }

    #[test]
    fn durations_do_not_run_backwards_or_over() {
        let (never, now) = ("0001-01-01T00:00:00Z".parse::<Timestamp>().unwrap(), Timestamp::now());
        assert_eq!(never.duration_since(now), Duration::ZERO);
        assert!(now.duration_since(never) > Duration::from_secs(60 * 60 * 24 * 365 * 2000));
    }
}
