//! Decoding what engines really send.
//!
//! Engines are written in Go, whose decoder takes `null` for any empty value, and
//! the oldest ones re-type what looks like something else: a flag comes as 0 or
//! 1, a command named `true` as a boolean, a numeric host name as a number. Each
//! field of a generated type decodes through [`Lenient`], which accepts that and
//! costs nothing on input that is clean.
//!
//! A value is decoded where it will lie, so that nothing large is held apart and moved.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
    marker::PhantomData,
};

use serde::{
    Deserialize, Deserializer, Serializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor},
    ser::SerializeMap,
};

/// A value that can be decoded from what engines send for it.
pub(crate) trait Lenient<'de>: Default {
    /// How many of them there usually are in a map, if many.
    const IN_A_MAP: usize = 0;

    /// Becomes what comes. It is a default value before, or what came earlier if a field comes twice; after an error, any.
    fn fill<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error>;
}

/// The place of a value that comes next.
pub(super) struct Place<'a, T>(pub(super) &'a mut T);

impl<'de, T: Lenient<'de>> DeserializeSeed<'de> for Place<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.0.fill(deserializer)
    }
}

/// For `#[serde(skip_serializing_if)]`: what Go calls a zero value is not sent.
pub(crate) fn is_zero<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// For `#[serde(deserialize_with)]`: `null` is an empty value.
pub(crate) fn null_or<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

impl<'de, T: Lenient<'de>> Lenient<'de> for Option<T> {
    fn fill<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        struct Optional<'a, T>(&'a mut Option<T>);

        impl<'de, T: Lenient<'de>> Visitor<'de> for Optional<'_, T> {
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
                self.0.get_or_insert_default().fill(deserializer)
            }
        }

        deserializer.deserialize_option(Optional(self))
    }
}

impl<'de, T: Lenient<'de>> Lenient<'de> for Box<T> {
    fn fill<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        T::fill(self, deserializer)
    }
}

impl<'de> Lenient<'de> for serde_json::Value {
    fn fill<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        *self = Self::deserialize(deserializer)?;
        Ok(())
    }
}

impl<'de> Lenient<'de> for String {
    fn fill<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = String;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E>(self, text: &str) -> Result<String, E> {
                Ok(text.to_owned())
            }

            fn visit_string<E>(self, text: String) -> Result<String, E> {
                Ok(text)
            }

            fn visit_unit<E>(self) -> Result<String, E> {
                Ok(String::new())
            }

            fn visit_bool<E>(self, value: bool) -> Result<String, E> {
                Ok(value.to_string())
            }

            fn visit_i64<E>(self, value: i64) -> Result<String, E> {
                Ok(value.to_string())
            }

            fn visit_u64<E>(self, value: u64) -> Result<String, E> {
                Ok(value.to_string())
            }

            fn visit_f64<E>(self, value: f64) -> Result<String, E> {
                Ok(value.to_string())
            }
        }

        *self = deserializer.deserialize_any(Text)?;
        Ok(())
    }
}

impl<'de> Lenient<'de> for bool {
    fn fill<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
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
        }

        *self = deserializer.deserialize_any(Flag)?;
        Ok(())
    }
}

/// Decodes an integer; the oldest engines pass theirs through a float.
struct Integer<T>(PhantomData<T>);

impl<T: TryFrom<i64> + TryFrom<u64> + Default> Visitor<'_> for Integer<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an integer ({})", std::any::type_name::<T>())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        T::try_from(value).map_err(|_| E::invalid_value(Unexpected::Signed(value), &self))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        T::try_from(value).map_err(|_| E::invalid_value(Unexpected::Unsigned(value), &self))
    }

    #[allow(clippy::cast_possible_truncation)] // checked: it is whole, and cut off at the ends of i64
    fn visit_f64<E: Error>(self, value: f64) -> Result<T, E> {
        let whole = value.trunc() == value && value.abs() < i64::MAX as f64;
        let converted = if whole { T::try_from(value as i64).ok() } else { None };
        converted.ok_or_else(|| E::invalid_value(Unexpected::Float(value), &self))
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }
}

impl<'de> Lenient<'de> for i64 {
    fn fill<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        *self = deserializer.deserialize_any(Integer(PhantomData))?;
        Ok(())
    }
}

impl<'de> Lenient<'de> for u64 {
    // What a control group tells of memory.
    const IN_A_MAP: usize = 40;

    fn fill<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        *self = deserializer.deserialize_any(Integer(PhantomData))?;
        Ok(())
    }
}

impl<'de> Lenient<'de> for u32 {
    fn fill<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        *self = deserializer.deserialize_any(Integer(PhantomData))?;
        Ok(())
    }
}

impl<'de> Lenient<'de> for u16 {
    fn fill<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        *self = deserializer.deserialize_any(Integer(PhantomData))?;
        Ok(())
    }
}

impl<'de, T: Lenient<'de>> Lenient<'de> for Vec<T> {
    fn fill<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        struct List<'a, T>(&'a mut Vec<T>);

        impl<'de, T: Lenient<'de>> Visitor<'de> for List<'_, T> {
            type Value = ();

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list or null")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
                self.0.clear();
                while list.next_element_seed(Item(self.0))?.is_some() {}
                Ok(())
            }

            fn visit_unit<E>(self) -> Result<(), E> {
                Ok(())
            }
        }

        deserializer.deserialize_any(List(self))
    }
}

/// The place behind the last item of a list.
struct Item<'a, T>(&'a mut Vec<T>);

impl<'de, T: Lenient<'de>> DeserializeSeed<'de> for Item<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let items = self.0;
        if items.len() == items.capacity() {
            // Most lists are of one or two items, and those are large.
            items.reserve_exact(items.len().max(1));
        }
        items.push(T::default());
        items.last_mut().map_or(Ok(()), |item| item.fill(deserializer))
    }
}

impl<'de, T: Lenient<'de>> Lenient<'de> for HashMap<String, T> {
    fn fill<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        struct Entries<'a, T>(&'a mut HashMap<String, T>);

        impl<'de, T: Lenient<'de>> Visitor<'de> for Entries<'_, T> {
            type Value = ();

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or null")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
                self.0.reserve(T::IN_A_MAP);
                while let Some(key) = map.next_key()? {
                    map.next_value_seed(Place(self.0.entry(key).or_default()))?;
                }
                Ok(())
            }

            fn visit_unit<E>(self) -> Result<(), E> {
                Ok(())
            }
        }

        deserializer.deserialize_any(Entries(self))
    }
}

/// A set, which Go writes as an object whose values are `{}`.
impl<'de> Lenient<'de> for BTreeSet<String> {
    fn fill<D: Deserializer<'de>>(&mut self, deserializer: D) -> Result<(), D::Error> {
        struct Keys;

        impl<'de> Visitor<'de> for Keys {
            type Value = BTreeSet<String>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or null")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut keys = BTreeSet::new();
                while let Some((key, IgnoredAny)) = map.next_entry()? {
                    keys.insert(key);
                }
                Ok(keys)
            }

            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(BTreeSet::new())
            }
        }

        *self = deserializer.deserialize_any(Keys)?;
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
