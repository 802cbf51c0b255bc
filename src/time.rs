//! [`Timestamp`], a point in time with nanosecond precision.

use std::{
    fmt,
    ops::{Add, AddAssign, Sub, SubAssign},
    str::FromStr,
    time::{Duration, SystemTime},
};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Unexpected},
};

use crate::{Error, Result};

mod convert;

/// A point in time with nanosecond precision, for example `2026-11-23T21:42:53.612088304Z`.
///
/// Converts from and to [`SystemTime`] and, with the features `chrono`, `jiff` and `time`, the types of these crates. Its text
/// form, also with serde, is RFC 3339.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use dockerclient::Timestamp;
///
/// let at: Timestamp = "2026-11-23T22:42:53.612088304+01:00".parse()?;
/// assert_eq!(at.unix_seconds(), 1795470173);
/// assert_eq!(at.to_string(), "2026-11-23T21:42:53.612088304Z");
/// assert_eq!((at - Duration::from_secs(600)).to_string(), "2026-11-23T21:32:53.612088304Z");
/// # Ok::<(), dockerclient::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

/// The first second of the year 1, the zero value of Go's `time.Time`, in seconds since the Unix epoch.
const GO_ZERO: i64 = -62_135_596_800;

impl Timestamp {
    /// The Unix epoch, `1970-01-01T00:00:00Z`.
    pub const UNIX_EPOCH: Self = Self(jiff::Timestamp::UNIX_EPOCH);

    /// Returns the current time of this machine's clock.
    #[must_use]
    pub fn now() -> Self {
        SystemTime::now().into()
    }

    /// Creates a timestamp from seconds since the Unix epoch.
    ///
    /// # Errors
    ///
    /// Fails if the year is not between -9999 and 9999.
    pub fn from_unix_seconds(seconds: i64) -> Result<Self> {
        jiff::Timestamp::from_second(seconds).map(Self).map_err(|_| invalid_time(&seconds))
    }

    /// Creates a timestamp from nanoseconds since the Unix epoch.
    ///
    /// Never fails: every `i64` number of nanoseconds is between the years 1677 and 2262.
    #[must_use]
    pub fn from_unix_nanoseconds(nanoseconds: i64) -> Self {
        Self(jiff::Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or_default())
    }

    /// Parses the `Date` header.
    pub(crate) fn from_http_date(text: &str) -> Option<Self> {
        jiff::fmt::rfc2822::parse(text).ok().map(|zoned| Self(zoned.timestamp()))
    }

    /// Whether this is the zero value of Go's `time.Time`, which engines send for a time that is not set.
    pub(crate) fn is_go_zero(self) -> bool {
        self.0.as_second() == GO_ZERO
    }

    /// Returns the seconds since the Unix epoch, rounded down.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        i64::try_from(self.unix_nanoseconds().div_euclid(1_000_000_000)).unwrap_or(i64::MAX)
    }

    /// Returns the nanoseconds since the Unix epoch.
    #[must_use]
    pub fn unix_nanoseconds(self) -> i128 {
        self.0.as_nanosecond()
    }

    /// Returns the duration from `earlier` to this timestamp; zero if `earlier` is later.
    ///
    /// See also [`checked_duration_since`](Self::checked_duration_since), which returns `None` in that case.
    #[must_use]
    pub fn duration_since(self, earlier: Self) -> Duration {
        self.checked_duration_since(earlier).unwrap_or_default()
    }

    /// Returns the duration from `earlier` to this timestamp; `None` if `earlier` is later.
    #[must_use]
    pub fn checked_duration_since(self, earlier: Self) -> Option<Duration> {
        self.0.duration_since(earlier.0).try_into().ok()
    }

    /// Returns the duration from this timestamp to the current time of this machine's clock; zero if it is in the future.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        Self::now().duration_since(self)
    }

    /// Returns the timestamp `duration` later; `None` if that is after the year 9999.
    #[must_use]
    pub fn checked_add(self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration).ok().map(Self)
    }

    /// Returns the timestamp `duration` earlier; `None` if that is before the year -9999.
    #[must_use]
    pub fn checked_sub(self, duration: Duration) -> Option<Self> {
        self.0.checked_sub(duration).ok().map(Self)
    }
}

/// # Panics
///
/// Panics if the result is after the year 9999. [`checked_add`](Timestamp::checked_add) does not.
impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        self.checked_add(duration).expect("the sum is after the year 9999")
    }
}

/// # Panics
///
/// Panics if the result is before the year -9999. [`checked_sub`](Timestamp::checked_sub) does not.
impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, duration: Duration) -> Self {
        self.checked_sub(duration).expect("the difference is before the year -9999")
    }
}

/// # Panics
///
/// Panics if the result is after the year 9999.
impl AddAssign<Duration> for Timestamp {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

/// # Panics
///
/// Panics if the result is before the year -9999.
impl SubAssign<Duration> for Timestamp {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl FromStr for Timestamp {
    type Err = Error;

    /// Parses RFC 3339, with any offset and up to nine fractional digits.
    fn from_str(text: &str) -> Result<Self> {
        text.parse().map(Self).map_err(|_| invalid_time(&text))
    }
}

/// Returns the error for an invalid time. Omits the error of jiff, which would repeat the text.
fn invalid_time(value: &dyn fmt::Debug) -> Error {
    Error::invalid_input(format!("invalid timestamp {value:?}: expected RFC 3339, for example 2026-01-31T12:00:00Z"))
}

/// Formats as RFC 3339, in UTC.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Serializes as an RFC 3339 string, in UTC.
impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Deserializes from an RFC 3339 string.
impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        struct Text;

        impl de::Visitor<'_> for Text {
            type Value = Timestamp;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an RFC 3339 string")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> std::result::Result<Timestamp, E> {
                text.parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timestamp_parsing_keeps_nanoseconds() {
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
    fn timestamp_duration_since_does_not_overflow() {
        let (zero, now) = ("0001-01-01T00:00:00Z".parse::<Timestamp>().unwrap(), Timestamp::now());
        assert_eq!(zero.duration_since(now), Duration::ZERO);
        assert!(now.duration_since(zero) > Duration::from_secs(60 * 60 * 24 * 365 * 2000));
    }

    #[test]
    fn timestamp_arithmetic() {
        let at: Timestamp = "2026-11-23T21:42:53.5Z".parse().unwrap();
        let mut later = at + Duration::from_millis(600);
        assert_eq!(later.to_string(), "2026-11-23T21:42:54.1Z");
        assert_eq!(later.duration_since(at), Duration::from_millis(600));
        assert_eq!((at.duration_since(later), at.checked_duration_since(later)), (Duration::ZERO, None));
        assert_eq!(later.checked_duration_since(at), Some(Duration::from_millis(600)));
        later -= Duration::from_millis(600);
        assert_eq!((later, at - Duration::ZERO), (at, at));
        later += Duration::from_secs(1);
        assert_eq!(later.unix_seconds() - at.unix_seconds(), 1);
        assert_eq!((at.checked_add(Duration::MAX), at.checked_sub(Duration::MAX)), (None, None));
        assert_eq!(Timestamp::UNIX_EPOCH.unix_nanoseconds(), 0);
        assert!((Timestamp::now() - Duration::from_secs(60)).elapsed() >= Duration::from_secs(59));
    }

    #[test]
    #[should_panic(expected = "after the year 9999")]
    fn timestamp_addition_panics_on_overflow() {
        let _ = Timestamp::now() + Duration::MAX;
    }

    #[test]
    fn timestamp_serde() {
        let text = r#""2026-11-23T21:42:53.612088304Z""#;
        let at: Timestamp = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&at).unwrap(), text);
        for other in ["1795470173", r#""yesterday""#, r#""""#, "null"] {
            assert!(serde_json::from_str::<Timestamp>(other).is_err(), "{other}");
        }
    }
}
