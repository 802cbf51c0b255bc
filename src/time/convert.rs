//! Conversions of timestamps from and to types of other crates.

use std::time::{Duration, SystemTime};

use super::Timestamp;

/// The time from the beginning of the year 1601, before which Windows has no times, until 1970.
const SINCE_1601: Duration = Duration::from_secs(11_644_473_600);

impl From<SystemTime> for Timestamp {
    /// Converts a time after the year 9999 to the maximum timestamp.
    fn from(time: SystemTime) -> Self {
        Self(time.try_into().unwrap_or(jiff::Timestamp::MAX))
    }
}

impl From<Timestamp> for SystemTime {
    /// On Windows, rounds to 100 ns, and converts a time before the year 1601 to the beginning of that year.
    fn from(timestamp: Timestamp) -> Self {
        let nanoseconds = timestamp.unix_nanoseconds();
        let distance = u64::try_from(nanoseconds.unsigned_abs() / 1_000_000_000).unwrap_or(u64::MAX);
        let rest = u32::try_from(nanoseconds.unsigned_abs() % 1_000_000_000).unwrap_or_default();
        let distance = Duration::new(distance, rest);
        if nanoseconds >= 0 {
            return Self::UNIX_EPOCH + distance;
        }
        Self::UNIX_EPOCH.checked_sub(distance).unwrap_or_else(|| Self::UNIX_EPOCH - SINCE_1601)
    }
}

#[cfg(feature = "jiff")]
#[cfg_attr(docsrs, doc(cfg(feature = "jiff")))]
mod with_jiff {
    use super::Timestamp;

    impl From<jiff::Timestamp> for Timestamp {
        fn from(timestamp: jiff::Timestamp) -> Self {
            Self(timestamp)
        }
    }

    impl From<Timestamp> for jiff::Timestamp {
        fn from(timestamp: Timestamp) -> Self {
            timestamp.0
        }
    }
}

#[cfg(feature = "chrono")]
#[cfg_attr(docsrs, doc(cfg(feature = "chrono")))]
mod with_chrono {
    use chrono::{DateTime, TimeZone, Utc};

    use super::{Timestamp, from_parts, parts};
    use crate::Error;

    impl<Z: TimeZone> TryFrom<DateTime<Z>> for Timestamp {
        type Error = Error;

        /// Fails if the year is not between -9999 and 9999.
        fn try_from(time: DateTime<Z>) -> Result<Self, Error> {
            from_parts(time.timestamp(), time.timestamp_subsec_nanos())
        }
    }

    impl From<Timestamp> for DateTime<Utc> {
        fn from(timestamp: Timestamp) -> Self {
            let (seconds, nanoseconds) = parts(timestamp);
            // chrono supports more years than `Timestamp`.
            Self::from_timestamp(seconds, nanoseconds).unwrap_or_default()
        }
    }
}

#[cfg(feature = "time")]
#[cfg_attr(docsrs, doc(cfg(feature = "time")))]
mod with_time {
    use time::{OffsetDateTime, UtcDateTime};

    use super::{Timestamp, from_parts};
    use crate::Error;

    impl TryFrom<OffsetDateTime> for Timestamp {
        type Error = Error;

        /// Fails if the year is not between -9999 and 9999.
        fn try_from(time: OffsetDateTime) -> Result<Self, Error> {
            from_parts(time.unix_timestamp(), time.nanosecond())
        }
    }

    impl TryFrom<UtcDateTime> for Timestamp {
        type Error = Error;

        /// Fails if the year is not between -9999 and 9999.
        fn try_from(time: UtcDateTime) -> Result<Self, Error> {
            from_parts(time.unix_timestamp(), time.nanosecond())
        }
    }

    impl From<Timestamp> for OffsetDateTime {
        fn from(timestamp: Timestamp) -> Self {
            // `OffsetDateTime` supports the same years as `Timestamp`.
            Self::from_unix_timestamp_nanos(timestamp.unix_nanoseconds()).unwrap_or(Self::UNIX_EPOCH)
        }
    }

    impl From<Timestamp> for UtcDateTime {
        fn from(timestamp: Timestamp) -> Self {
            OffsetDateTime::from(timestamp).to_utc()
        }
    }
}

/// Returns the seconds since the Unix epoch, rounded down, and the remaining nanoseconds.
#[cfg(feature = "chrono")]
fn parts(timestamp: Timestamp) -> (i64, u32) {
    let nanoseconds = timestamp.unix_nanoseconds().rem_euclid(1_000_000_000);
    (timestamp.unix_seconds(), u32::try_from(nanoseconds).unwrap_or_default())
}

/// The inverse of `parts`.
#[cfg(any(feature = "chrono", feature = "time"))]
fn from_parts(seconds: i64, nanoseconds: u32) -> crate::Result<Timestamp> {
    let at = Timestamp::from_unix_seconds(seconds)?;
    // In chrono, a leap second has 10^9 or more nanoseconds; it is converted to the next second.
    at.checked_add(Duration::from_nanos(nanoseconds.into())).ok_or_else(|| super::invalid_time(&seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Timestamps before and after the epoch, with and without a fraction.
    fn samples() -> impl Iterator<Item = Timestamp> {
        let samples = [
            "2026-11-23T21:42:53.612088304Z",
            "1969-12-31T23:59:59.5Z",
            "1970-01-01T00:00:00Z",
            "0001-01-01T00:00:00Z",
        ];
        samples.into_iter().map(|text| text.parse().unwrap())
    }

    #[test]
    fn timestamp_to_system_time_and_back() {
        let has_nanoseconds = SystemTime::UNIX_EPOCH + Duration::from_nanos(1) != SystemTime::UNIX_EPOCH;
        let first = SystemTime::UNIX_EPOCH - SINCE_1601;
        for at in samples() {
            let converted = SystemTime::from(at);
            let difference = Timestamp::from(converted).unix_nanoseconds().abs_diff(at.unix_nanoseconds());
            // Only Windows has units of 100 ns, and no times before 1601.
            assert!(difference == 0 || !has_nanoseconds && (difference < 100 || converted == first), "{at}");
        }
    }

    #[cfg(feature = "jiff")]
    #[test]
    fn timestamp_to_jiff_and_back() {
        for at in samples() {
            assert_eq!(Timestamp::from(jiff::Timestamp::from(at)), at);
            assert_eq!(jiff::Timestamp::from(at).as_nanosecond(), at.unix_nanoseconds());
        }
    }

    #[cfg(feature = "chrono")]
    #[test]
    fn timestamp_to_chrono_and_back() {
        use chrono::{DateTime, FixedOffset, Utc};

        for at in samples() {
            let converted = DateTime::<Utc>::from(at);
            assert_eq!((converted.timestamp(), Timestamp::try_from(converted).unwrap()), (at.unix_seconds(), at));
            let elsewhere = converted.with_timezone(&FixedOffset::east_opt(3600).unwrap());
            assert_eq!(Timestamp::try_from(elsewhere).unwrap(), at);
        }
        assert!(Timestamp::try_from(DateTime::<Utc>::MAX_UTC).unwrap_err().is_bad_request());
    }

    #[cfg(feature = "time")]
    #[test]
    fn timestamp_to_time_and_back() {
        use time::{OffsetDateTime, UtcDateTime};

        for at in samples() {
            let converted = OffsetDateTime::from(at);
            assert_eq!((converted.unix_timestamp(), Timestamp::try_from(converted).unwrap()), (at.unix_seconds(), at));
            assert_eq!(Timestamp::try_from(UtcDateTime::from(at)).unwrap(), at);
        }
    }
}
