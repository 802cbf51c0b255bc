//! Durations: engines send integers in a fixed unit, where 0 often means "the default" and -1 "never".

use std::{fmt, marker::PhantomData, time::Duration};

use serde::{
    Deserializer, Serializer,
    de::{DeserializeSeed, Error, MapAccess, Visitor},
};

use super::number::{self, Number};
use crate::models::StopTimeout;

/// The unit of a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::generated) enum Unit {
    Seconds,
    Milliseconds,
    Microseconds,
    Nanoseconds,
}

impl Unit {
    fn duration(self, count: u64) -> Duration {
        match self {
            Self::Seconds => Duration::from_secs(count),
            Self::Milliseconds => Duration::from_millis(count),
            Self::Microseconds => Duration::from_micros(count),
            Self::Nanoseconds => Duration::from_nanos(count),
        }
    }

    /// The number of units in `duration`, rounded up, so that a short duration does not become zero.
    pub(in crate::generated) fn count(self, duration: Duration) -> i64 {
        let unit = self.duration(1).as_nanos();
        duration.as_nanos().div_ceil(unit).try_into().unwrap_or(i64::MAX)
    }
}

/// Decodes the next value as a duration. A negative number is decoded as `None`.
pub(in crate::generated) struct DurationPlace<'a> {
    pub(in crate::generated) place: &'a mut Option<Duration>,
    pub(in crate::generated) unit: Unit,
    /// Whether zero is a duration, and not treated as absent.
    pub(in crate::generated) keeps_zero: bool,
}

impl<'de> DeserializeSeed<'de> for DurationPlace<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if let Some(count) = deserializer.deserialize_any(Count)? {
            let count = u64::try_from(count).ok().filter(|count| self.keeps_zero || *count > 0);
            *self.place = count.map(|count| self.unit.duration(count));
        }
        Ok(())
    }
}

/// Decodes the next value as the stop timeout of a container.
pub(in crate::generated) struct TimeoutPlace<'a>(pub(in crate::generated) &'a mut Option<StopTimeout>);

impl<'de> DeserializeSeed<'de> for TimeoutPlace<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        if let Some(count) = deserializer.deserialize_any(Count)? {
            *self.0 = Some(StopTimeout::from_seconds(count));
        }
        Ok(())
    }
}

/// Decodes an integer or `null`.
struct Count;

const NUMBER: Number<i64> = Number(PhantomData);

impl<'de> Visitor<'de> for Count {
    type Value = Option<i64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        NUMBER.expecting(f)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, count: i64) -> Result<Self::Value, E> {
        Ok(Some(count))
    }

    fn visit_u64<E: Error>(self, count: u64) -> Result<Self::Value, E> {
        NUMBER.visit_u64(count).map(Some)
    }

    fn visit_f64<E: Error>(self, count: f64) -> Result<Self::Value, E> {
        NUMBER.visit_f64(count).map(Some)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Err(super::not_a_string(&self))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        number::visit_arbitrary(self, map)
    }
}

/// For `#[serde(serialize_with)]`: nanoseconds; 0 for none.
pub(crate) fn write_nanoseconds<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    write(*duration, Unit::Nanoseconds, serializer)
}

/// For `#[serde(serialize_with)]`: microseconds, rounded up; 0 for none.
#[allow(dead_code)] // no field has this unit yet
pub(crate) fn write_microseconds<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    write(*duration, Unit::Microseconds, serializer)
}

/// For `#[serde(serialize_with)]`: milliseconds, rounded up; 0 for none.
#[allow(dead_code)]
pub(crate) fn write_milliseconds<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    write(*duration, Unit::Milliseconds, serializer)
}

/// For `#[serde(serialize_with)]`: seconds, rounded up; 0 for none.
#[allow(dead_code)]
pub(crate) fn write_seconds<S: Serializer>(duration: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
    write(*duration, Unit::Seconds, serializer)
}

fn write<S: Serializer>(duration: Option<Duration>, unit: Unit, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_i64(duration.map_or(0, |duration| unit.count(duration)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{ContainerConfig, Healthcheck};

    #[track_caller]
    fn decoded<T: serde::de::DeserializeOwned>(document: &str) -> T {
        serde_json::from_str(document).unwrap()
    }

    #[test]
    fn decode_durations_of_health_checks() {
        for (count, want) in [
            ("30000000000", Some(Duration::from_secs(30))),
            ("1500000.0", Some(Duration::from_micros(1500))),
            ("0", None),
            ("null", None),
            ("-1", None),
        ] {
            assert_eq!(decoded::<Healthcheck>(&format!(r#"{{"Interval":{count}}}"#)).interval, want, "{count}");
        }
        assert!(serde_json::from_str::<Healthcheck>(r#"{"Interval":"30s"}"#).is_err());
        let check = Healthcheck { interval: Some(Duration::from_millis(1500)), ..Default::default() };
        assert_eq!(serde_json::to_string(&check).unwrap(), r#"{"Interval":1500000000}"#);
        let check = Healthcheck { interval: Some(Duration::MAX), ..Default::default() };
        assert_eq!(serde_json::to_string(&check).unwrap(), r#"{"Interval":9223372036854775807}"#);
    }

    #[test]
    fn decode_stop_timeouts_absent_zero_and_never() {
        for (document, want) in [
            ("{}", None),
            (r#"{"StopTimeout":-1}"#, Some(StopTimeout::Never)),
            (r#"{"StopTimeout":0}"#, Some(StopTimeout::After(Duration::ZERO))),
            (r#"{"StopTimeout":90}"#, Some(StopTimeout::After(Duration::from_secs(90)))),
        ] {
            let config: ContainerConfig = decoded(document);
            assert_eq!(config.stop_timeout, want, "{document}");
            assert_eq!(serde_json::to_string(&config).unwrap(), document);
        }
        assert_eq!(decoded::<ContainerConfig>(r#"{"StopTimeout":null}"#).stop_timeout, None);
        let config = ContainerConfig { stop_timeout: Some(Duration::from_millis(1).into()), ..Default::default() };
        assert_eq!(serde_json::to_string(&config).unwrap(), r#"{"StopTimeout":1}"#);
    }

    #[test]
    fn encode_durations_rounded_up() {
        let duration = Duration::from_nanos(1_000_000_001);
        let units = [Unit::Seconds, Unit::Milliseconds, Unit::Microseconds, Unit::Nanoseconds];
        assert_eq!(units.map(|unit| unit.count(duration)), [2, 1001, 1_000_001, 1_000_000_001]);
    }
}
