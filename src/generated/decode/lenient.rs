//! Lenient decoding of the values that engines send.
//!
//! Engines are written in Go and send `null` for empty values. The oldest ones also change the types of values: booleans
//! are sent as 0 or 1, a command named `true` as a boolean, and a numeric hostname as a number. Each field of a generated
//! type is decoded with [`Lenient`], which accepts these forms at no cost for other input.
//!
//! Values are decoded in place, so that large ones are not moved.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

use serde::{
    Deserializer, Serializer,
    de::{DeserializeSeed, Error, Expected, MapAccess, Unexpected, Visitor},
    ser::SerializeMap,
};

use super::budget::{ALLOCATION, Budget};

mod any;
pub(in crate::generated) mod collection;
pub(in crate::generated) mod counters;
pub(in crate::generated) mod duration;
mod number;
pub(in crate::generated) mod time;
pub(in crate::generated) mod word;

/// A value that is decoded from all forms in which engines send it.
pub(crate) trait Lenient: Default {
    /// Replaces the value by the decoded one, and accounts for the memory that it allocates. The value before is the default
    /// or, if a field is repeated, the earlier one. After an error, the value is unspecified.
    fn fill<'de, D: Deserializer<'de>>(&mut self, deserializer: D, budget: &mut Budget) -> Result<(), D::Error>;
}

/// Decodes the next value in place.
pub(in crate::generated) struct Place<'a, T>(
    pub(in crate::generated) &'a mut T,
    pub(in crate::generated) &'a mut Budget,
);

impl<'de, T: Lenient> DeserializeSeed<'de> for Place<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.fill(deserializer, self.1)
    }
}

/// For `#[serde(skip_serializing_if)]`: zero values, in the sense of Go, are not sent.
pub(crate) fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// The error for a string where another type is expected. serde's own error would quote the whole string.
#[cold]
pub(in crate::generated) fn not_a_string<E: Error>(expected: &dyn Expected) -> E {
    E::invalid_type(Unexpected::Other("string"), expected)
}

impl<T: Lenient> Lenient for Option<T> {
    fn fill<'de, D: Deserializer<'de>>(&mut self, deserializer: D, budget: &mut Budget) -> Result<(), D::Error> {
        struct Optional<'a, T>(&'a mut Option<T>, &'a mut Budget);

        impl<'de, T: Lenient> Visitor<'de> for Optional<'_, T> {
            type Value = ();

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value or null")
            }

            fn visit_none<E>(self) -> Result<(), E> {
                Ok(())
            }

            fn visit_unit<E>(self) -> Result<(), E> {
                Ok(())
            }

            fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
                self.0.get_or_insert_default().fill(deserializer, self.1)
            }
        }

        deserializer.deserialize_option(Optional(self, budget))
    }
}

impl<T: Lenient> Lenient for Box<T> {
    fn fill<'de, D: Deserializer<'de>>(&mut self, deserializer: D, budget: &mut Budget) -> Result<(), D::Error> {
        budget.take(size_of::<T>() + ALLOCATION)?;
        T::fill(self, deserializer, budget)
    }
}

impl Lenient for String {
    fn fill<'de, D: Deserializer<'de>>(&mut self, deserializer: D, budget: &mut Budget) -> Result<(), D::Error> {
        *self = deserializer.deserialize_any(Text(budget))?;
        Ok(())
    }
}

/// Decodes a string.
struct Text<'a>(&'a mut Budget);

impl<'de> Visitor<'de> for Text<'_> {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        self.0.take(text.len() + ALLOCATION)?;
        Ok(text.to_owned())
    }

    fn visit_unit<E>(self) -> Result<String, E> {
        Ok(String::new())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<String, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<String, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<String, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<String, E> {
        self.visit_str(&value.to_string())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<String, A::Error> {
        number::visit_arbitrary(self, map)
    }
}

impl Lenient for bool {
    fn fill<'de, D: Deserializer<'de>>(&mut self, deserializer: D, _: &mut Budget) -> Result<(), D::Error> {
        struct Flag;

        impl Visitor<'_> for Flag {
            type Value = bool;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, 0 or 1")
            }

            fn visit_bool<E>(self, value: bool) -> Result<bool, E> {
                Ok(value)
            }

            fn visit_unit<E>(self) -> Result<bool, E> {
                Ok(false)
            }

            fn visit_u64<E: Error>(self, value: u64) -> Result<bool, E> {
                match value {
                    0 => Ok(false),
                    1 => Ok(true),
                    _ => Err(E::invalid_value(Unexpected::Unsigned(value), &self)),
                }
            }

            fn visit_str<E: Error>(self, _: &str) -> Result<bool, E> {
                Err(not_a_string(&self))
            }
        }

        *self = deserializer.deserialize_any(Flag)?;
        Ok(())
    }
}

/// For `#[serde(serialize_with)]`: a set as an object whose values are `{}`.
pub(crate) fn write_set<S: Serializer>(set: &BTreeSet<String>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(set.len()))?;
    for key in set {
        map.serialize_entry(key, &HashMap::<(), ()>::new())?;
    }
    map.end()
}

#[cfg(test)]
mod tests {
    use crate::models::{
        ContainerInspect, HostConfig, ImageSummary, JsonMessage, MemoryStats, Port, ServiceMode, UpdateConfig, complete,
    };

    #[track_caller]
    fn decoded<T: serde::de::DeserializeOwned>(document: &str) -> T {
        serde_json::from_str(document).unwrap()
    }

    #[test]
    fn decode_floats_out_of_range_as_the_largest_integer() {
        for limit in ["18446744073709551615", "18446744073709552000", "1.8446744073709552e19"] {
            let memory: MemoryStats = decoded(&format!(r#"{{"limit":{limit}}}"#));
            assert_eq!(memory.limit, u64::MAX, "{limit}");
        }
        assert_eq!(decoded::<MemoryStats>(r#"{"limit":9.223372036854775808e18}"#).limit, 1 << 63);
        for (limit, want) in [("9223372036854775807", i64::MAX), ("1e19", i64::MAX), ("-9.3e18", i64::MIN)] {
            assert_eq!(decoded::<HostConfig>(&format!(r#"{{"Memory":{limit}}}"#)).memory, want, "{limit}");
        }
        for document in [r#"{"PrivatePort":65536.0}"#, r#"{"PrivatePort":-1.0}"#, r#"{"PrivatePort":80.5}"#] {
            assert!(serde_json::from_str::<Port>(document).is_err(), "{document}");
        }
        assert!(serde_json::from_str::<MemoryStats>(r#"{"limit":-1.0}"#).is_err());
    }

    #[test]
    fn decode_numbers_with_a_fraction() {
        let ratio = |number| decoded::<UpdateConfig>(&format!(r#"{{"MaxFailureRatio":{number}}}"#)).max_failure_ratio;
        let found = ["0.25", "0", "1", "null", r#"{"$serde_json::private::Number":"0.25"}"#].map(ratio);
        assert_eq!(found, [0.25, 0.0, 1.0, 0.0, 0.25]);
        let written = |ratio| {
            let config = UpdateConfig { max_failure_ratio: ratio, ..Default::default() };
            serde_json::to_value(complete(&config)).unwrap()["MaxFailureRatio"].to_string()
        };
        assert_eq!([0.25, 0.0, 1.0].map(written), ["0.25", "0", "1"]);
        assert!(serde_json::from_str::<UpdateConfig>(r#"{"MaxFailureRatio":"0.25"}"#).is_err());
    }

    #[test]
    fn decode_objects_without_fields() {
        let mode: ServiceMode = decoded(r#"{"Global":{}}"#);
        assert!(mode.global.is_some() && mode.replicated.is_none());
        assert_eq!(serde_json::to_string(&mode).unwrap(), r#"{"Global":{}}"#);
        let newer: ServiceMode = decoded(r#"{"Global":{"New":[1]}}"#);
        assert!(newer.global.is_some());
    }

    /// The form of numbers if another crate enables the feature `arbitrary_precision` of serde_json.
    #[test]
    fn decode_numbers_of_arbitrary_precision() {
        let number = |text: &str| format!(r#"{{"$serde_json::private::Number":"{text}"}}"#);
        let limit = |text| decoded::<MemoryStats>(&format!(r#"{{"limit":{}}}"#, number(text))).limit;
        assert_eq!((limit("1.0"), limit("18446744073709552000"), limit("7")), (1, u64::MAX, 7));
        let created = |text| decoded::<ImageSummary>(&format!(r#"{{"Id":{},"Created":{0}}}"#, number(text)));
        let image = created("1.5e3");
        assert_eq!((image.created.unwrap().unix_seconds(), &*image.id), (1500, "1500"));
        let created = decoded::<ContainerInspect>(&format!(r#"{{"Id":"a","Created":{}}}"#, number("1.0"))).created;
        assert_eq!(created.unwrap().to_string(), "1970-01-01T00:00:01Z");
        let outcome = decoded::<JsonMessage>(&format!(r#"{{"aux":{{"a":[{}]}}}}"#, number("1.5")));
        assert_eq!(outcome.aux, Some(serde_json::json!({ "a": [1.5] })));
        for other in [r#"{}"#, r#"{"a":"1"}"#, &number("x"), &number("1.5"), r#"{"$serde_json::private::Number":1}"#] {
            assert!(serde_json::from_str::<Port>(&format!(r#"{{"PrivatePort":{other}}}"#)).is_err(), "{other}");
        }
    }
}
