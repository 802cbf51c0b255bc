//! Timestamps: engines send RFC 3339 strings or Unix time, and some send another form than the documented one.

use std::fmt;

use serde::{
    Deserializer, Serializer,
    de::{DeserializeSeed, Error, MapAccess, Visitor},
};

use super::number;
use crate::Timestamp;

/// The form in which engines send a timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::generated) enum Unit {
    /// An RFC 3339 string; a number is seconds since 1970.
    Rfc3339,
    /// Seconds since 1970.
    Seconds,
    /// Nanoseconds since 1970.
    Nanoseconds,
}

/// Decodes the next value as a timestamp.
///
/// `null`, an empty string, zero, and the year 1 (Go's zero time) are decoded as `None`. So is an invalid string: it
/// must not make the whole response unreadable.
pub(in crate::generated) struct TimestampPlace<'a> {
    pub(in crate::generated) place: &'a mut Option<Timestamp>,
    pub(in crate::generated) unit: Unit,
}

impl<'de> DeserializeSeed<'de> for TimestampPlace<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for TimestampPlace<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an RFC 3339 string or a number")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        *self.place = text.parse().ok().filter(|time: &Timestamp| !time.is_go_zero());
        Ok(())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<(), E> {
        let time = match self.unit {
            Unit::Nanoseconds => Some(Timestamp::from_unix_nanoseconds(number)),
            Unit::Rfc3339 | Unit::Seconds => Timestamp::from_unix_seconds(number).ok(),
        };
        *self.place = time.filter(|time| number != 0 && !time.is_go_zero());
        Ok(())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<(), E> {
        // A number out of range is decoded as `None`.
        self.visit_i64(number.try_into().unwrap_or(0))
    }

    #[allow(clippy::cast_possible_truncation)] // saturates to the largest integer, which is not a timestamp
    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        match self.unit {
            Unit::Nanoseconds => self.visit_i64(number as i64),
            Unit::Rfc3339 | Unit::Seconds => {
                let nanoseconds = ((number - number.floor()) * 1e9) as i64;
                let time = Timestamp::from_unix_seconds(number.floor() as i64).ok();
                let time =
                    time.and_then(|time| time.checked_add(std::time::Duration::from_nanos(nanoseconds.unsigned_abs())));
                *self.place = time.filter(|time| number != 0.0 && !time.is_go_zero());
                Ok(())
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        number::visit_arbitrary(self, map)
    }
}

/// For `#[serde(serialize_with)]`: seconds since 1970, rounded down; 0 for none.
pub(crate) fn write_seconds<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(time.map_or(0, Timestamp::unix_seconds))
}

/// For `#[serde(serialize_with)]`: nanoseconds since 1970; 0 for none.
pub(crate) fn write_nanoseconds<S: Serializer>(time: &Option<Timestamp>, serializer: S) -> Result<S::Ok, S::Error> {
    let nanoseconds = time.map_or(0, Timestamp::unix_nanoseconds);
    serializer.serialize_i64(nanoseconds.try_into().unwrap_or(if nanoseconds < 0 { i64::MIN } else { i64::MAX }))
}

#[cfg(test)]
mod tests {
    use crate::models::{BuildCache, ContainerInspect, Event, ImageSummary, ProgressDetail};

    #[track_caller]
    fn decoded<T: serde::de::DeserializeOwned>(document: &str) -> T {
        serde_json::from_str(document).unwrap()
    }

    #[track_caller]
    fn created(created: &str) -> [Option<String>; 2] {
        let document = format!(r#"{{"Id":"a","Created":{created}}}"#);
        let (text, count) = (decoded::<ContainerInspect>(&document), decoded::<ImageSummary>(&document));
        [text.created, count.created].map(|time| time.map(|time| time.to_string()))
    }

    #[test]
    fn decode_timestamps_from_text_and_seconds() {
        for (time, want) in [
            ("1595384129", "2020-07-22T02:15:29Z"),
            ("1595384129.0", "2020-07-22T02:15:29Z"),
            ("1595384129.5", "2020-07-22T02:15:29.5Z"),
            (r#""2020-07-22T02:15:29.603Z""#, "2020-07-22T02:15:29.603Z"),
            (r#""2020-07-22T04:15:29.6+02:00""#, "2020-07-22T02:15:29.6Z"),
            (r#""1970-01-01T00:00:00Z""#, "1970-01-01T00:00:00Z"),
        ] {
            assert_eq!(created(time), [Some(want.to_owned()), Some(want.to_owned())], "{time}");
        }
    }

    #[test]
    fn decode_zero_timestamps_as_none() {
        for time in ["null", "0", "0.0", r#""""#, r#""0001-01-01T00:00:00Z""#, "-62135596800"] {
            assert_eq!(created(time), [None, None], "{time}");
        }
        let used = r#"{"ID":"a","LastUsedAt":null,"CreatedAt":"0001-01-01T00:00:00Z"}"#;
        let used: BuildCache = decoded(used);
        assert_eq!((used.last_used_at, used.created_at), (None, None));
    }

    /// An invalid timestamp does not make the response unreadable.
    #[test]
    fn decode_invalid_timestamps_as_none() {
        for time in [r#""yesterday""#, r#""1595384129""#, "18446744073709551615", "1e300", "9223372036854775807"] {
            assert_eq!(created(time), [None, None], "{time}");
        }
        assert!(serde_json::from_str::<ContainerInspect>(r#"{"Id":"a","Created":true}"#).is_err());
    }

    #[test]
    fn encode_timestamps_in_the_form_of_the_engine() {
        for document in [r#"{"time":1795470173,"timeNano":1795470173613420420}"#, r#"{"time":1795470173}"#] {
            assert_eq!(serde_json::to_string(&decoded::<Event>(document)).unwrap(), document);
        }
        let detail: ProgressDetail = decoded(r#"{"start":1795470173}"#);
        assert_eq!(detail.start.unwrap().unix_seconds(), 1_795_470_173);
        let created = r#"{"ID":"a","CreatedAt":"2026-11-23T21:42:53.301322886Z"}"#;
        let again = serde_json::to_string(&decoded::<BuildCache>(created)).unwrap();
        assert!(again.contains(r#""CreatedAt":"2026-11-23T21:42:53.301322886Z""#), "{again}");
    }
}
