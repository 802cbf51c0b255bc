//! Maps of counters, whose names are the same in each response.

use std::{borrow::Cow, collections::HashMap, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, Visitor},
};

use super::{Budget, Place, collection::table};
use crate::generated::decode::budget::ALLOCATION;

/// The usual number of counters: the number of memory counters of a control group.
const USUAL: usize = 40;

/// Decodes the next value, an object or `null`. Allocates no string for the `names`, which are sorted.
pub(in crate::generated) struct CountersPlace<'a> {
    pub(in crate::generated) place: &'a mut HashMap<Cow<'static, str>, u64>,
    pub(in crate::generated) names: &'static [&'static str],
    pub(in crate::generated) budget: &'a mut Budget,
}

impl<'de> DeserializeSeed<'de> for CountersPlace<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for CountersPlace<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or null")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { place, names, budget } = self;
        if place.capacity() == 0 {
            budget.take(table::<(Cow<'static, str>, u64)>(USUAL))?;
            place.reserve(USUAL);
        }
        let mut next = 0;
        while let Some(name) = map.next_key_seed(Name { names, next: &mut next })? {
            if let Cow::Owned(name) = &name {
                budget.take(name.len() + ALLOCATION)?;
            }
            if place.len() == place.capacity() {
                // A full table is doubled.
                budget.take(table::<(Cow<'static, str>, u64)>(place.len()))?;
            }
            map.next_value_seed(Place(place.entry(name).or_default(), budget))?;
        }
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Err(super::not_a_string(&self))
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// The number of names that are compared before all are searched. Engines send counters in the order of their names, and
/// not all of them.
const AHEAD: usize = 16;

/// Decodes a name.
struct Name<'a> {
    names: &'static [&'static str],
    /// The number of the name after the last one.
    next: &'a mut usize,
}

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Cow<'static, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = Cow<'static, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a counter")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        let ahead = self.names.iter().enumerate().skip(*self.next).take(AHEAD).find(|(_, known)| **known == name);
        let found = ahead.map(|(number, _)| number).or_else(|| self.names.binary_search(&name).ok());
        Ok(match found {
            Some(number) => {
                *self.next = number + 1;
                Cow::Borrowed(self.names[number])
            }
            None => Cow::Owned(name.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use crate::models::MemoryStats;

    #[test]
    fn decode_counters_with_known_and_unknown_names() {
        let document = r#"{"stats":{"cache":1,"pgfault":null,"new_counter":3,"pg\u0066ault":4}}"#;
        let stats = serde_json::from_str::<MemoryStats>(document).unwrap().stats;
        assert_eq!((stats.len(), stats["cache"], stats["pgfault"], stats["new_counter"]), (3, 1, 4, 3));
        let is_borrowed = |name: &str| matches!(stats.get_key_value(name), Some((Cow::Borrowed(_), _)));
        assert_eq!(["cache", "pgfault", "new_counter"].map(is_borrowed), [true, true, false]);
    }

    #[test]
    fn decode_counters_from_other_values() {
        assert_eq!(serde_json::from_str::<MemoryStats>(r#"{"stats":null}"#).unwrap(), MemoryStats::default());
        for value in [r#""text""#, "[1]", r#"{"cache":"text"}"#] {
            assert!(serde_json::from_str::<MemoryStats>(&format!(r#"{{"stats":{value}}}"#)).is_err(), "{value}");
        }
    }

    #[test]
    fn encode_counters() {
        let stats = MemoryStats { stats: [("cache".into(), 1)].into(), ..MemoryStats::default() };
        assert_eq!(serde_json::to_string(&stats).unwrap(), r#"{"stats":{"cache":1}}"#);
    }
}
