//! Serialization with all fields, as engines do. Requests leave out empty fields.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};
use serde_json::Value;

use super::decode::lenient::{duration, time, write_set};
use crate::{ApiVersion, Timestamp, models::StopTimeout};

/// The string with which Go encodes a timestamp that is not set.
const GO_ZERO: &str = "0001-01-01T00:00:00Z";

/// A value that can be serialized with all of its fields.
pub trait Complete {
    /// Serializes the value as engines of API `version` do.
    #[doc(hidden)]
    fn complete<S: Serializer>(&self, serializer: S, version: ApiVersion) -> Result<S::Ok, S::Error>;
}

/// A type that is a JSON object. `build.rs` implements it for each generated type.
pub(crate) trait Object: Complete {
    /// Serializes its fields into `map`: those of `version`, and others that are not empty.
    fn entries<M: SerializeMap>(&self, map: &mut M, version: ApiVersion) -> Result<(), M::Error>;
}

/// For [`Complete::complete`]: serializes an object.
pub(super) fn object<S: Serializer, T: Object>(
    value: &T,
    serializer: S,
    version: ApiVersion,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    value.entries(&mut map, version)?;
    map.end()
}

/// For [`Object::entries`]: serializes a field.
pub(super) fn entry<M: SerializeMap, T: Complete>(
    map: &mut M,
    name: &'static str,
    value: &T,
    version: ApiVersion,
) -> Result<(), M::Error> {
    map.serialize_entry(name, &Versioned { value, version })
}

/// A value that is serialized as engines of API `version` do.
pub(crate) struct Versioned<'a, T: ?Sized> {
    pub(crate) value: &'a T,
    pub(crate) version: ApiVersion,
}

impl<T: Complete + ?Sized> Serialize for Versioned<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.complete(serializer, self.version)
    }
}

/// A timestamp; Go's zero time if absent.
pub(super) fn timestamp(time: &Option<Timestamp>, unit: time::Unit) -> impl Serialize {
    struct Optional(Option<Timestamp>, time::Unit);

    impl Serialize for Optional {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match (self.1, &self.0) {
                (time::Unit::Rfc3339, Some(time)) => serializer.collect_str(time),
                (time::Unit::Rfc3339, None) => serializer.serialize_str(GO_ZERO),
                (time::Unit::Seconds, time) => time::write_seconds(time, serializer),
                (time::Unit::Nanoseconds, time) => time::write_nanoseconds(time, serializer),
            }
        }
    }

    Optional(*time, unit)
}

/// A duration; zero if absent.
pub(super) fn duration_count(duration: &Option<std::time::Duration>, unit: duration::Unit) -> impl Serialize {
    duration.map_or(0, |duration| unit.count(duration))
}

/// A value of a string enum; the empty string if absent.
pub(super) fn text<T: AsRef<str>>(value: &Option<T>) -> impl Serialize {
    value.as_ref().map_or("", T::as_ref)
}

/// `null`, or the value.
pub(super) fn nullable<T: Serialize>(is_null: bool, value: T) -> impl Serialize {
    (!is_null).then_some(value)
}

macro_rules! complete_as_sent {
    ($($type:ty)*) => { $(
        impl Complete for $type {
            fn complete<S: Serializer>(&self, serializer: S, _: ApiVersion) -> Result<S::Ok, S::Error> {
                self.serialize(serializer)
            }
        }
    )* };
}

complete_as_sent! { String bool i64 u64 u32 u16 Value StopTimeout }

/// A number without a fraction is written as an integer, as Go does.
impl Complete for f64 {
    #[allow(clippy::cast_possible_truncation)]
    fn complete<S: Serializer>(&self, serializer: S, _: ApiVersion) -> Result<S::Ok, S::Error> {
        let whole = *self as i64;
        #[allow(clippy::cast_precision_loss, clippy::float_cmp)]
        if whole as f64 == *self { serializer.serialize_i64(whole) } else { serializer.serialize_f64(*self) }
    }
}

impl<T: Complete> Complete for Option<T> {
    fn complete<S: Serializer>(&self, serializer: S, version: ApiVersion) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => value.complete(serializer, version),
            None => serializer.serialize_none(),
        }
    }
}

impl<T: Complete> Complete for Box<T> {
    fn complete<S: Serializer>(&self, serializer: S, version: ApiVersion) -> Result<S::Ok, S::Error> {
        T::complete(self, serializer, version)
    }
}

impl<T: Complete> Complete for [T] {
    fn complete<S: Serializer>(&self, serializer: S, version: ApiVersion) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(self.len()))?;
        self.iter().try_for_each(|value| list.serialize_element(&Versioned { value, version }))?;
        list.end()
    }
}

impl<T: Complete> Complete for Vec<T> {
    fn complete<S: Serializer>(&self, serializer: S, version: ApiVersion) -> Result<S::Ok, S::Error> {
        self.as_slice().complete(serializer, version)
    }
}

/// Sorts the keys, as Go does.
impl<K: Serialize + Ord, T: Complete> Complete for HashMap<K, T> {
    fn complete<S: Serializer>(&self, serializer: S, version: ApiVersion) -> Result<S::Ok, S::Error> {
        let sorted = self.iter().collect::<BTreeMap<_, _>>();
        let mut map = serializer.serialize_map(Some(sorted.len()))?;
        sorted.into_iter().try_for_each(|(key, value)| map.serialize_entry(key, &Versioned { value, version }))?;
        map.end()
    }
}

impl Complete for BTreeSet<String> {
    fn complete<S: Serializer>(&self, serializer: S, _: ApiVersion) -> Result<S::Ok, S::Error> {
        write_set(self, serializer)
    }
}
