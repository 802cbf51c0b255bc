//! Lists, maps and sets.

use std::{
    collections::{BTreeSet, HashMap},
    fmt,
};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{Budget, Lenient, Place};
use crate::generated::decode::budget::ALLOCATION;

impl<T: Lenient> Lenient for Vec<T> {
    fn fill<'de, D: Deserializer<'de>>(&mut self, deserializer: D, budget: &mut Budget) -> Result<(), D::Error> {
        deserializer.deserialize_any(List(self, budget))
    }
}

/// Decodes a list.
struct List<'a, T>(&'a mut Vec<T>, &'a mut Budget);

impl<'de, T: Lenient> Visitor<'de> for List<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or null")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let Self(items, budget) = self;
        items.clear();
        while list.next_element_seed(Item(items, budget))?.is_some() {}
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Err(super::not_a_string(&self))
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

/// Appends the next item to a list.
struct Item<'a, T>(&'a mut Vec<T>, &'a mut Budget);

impl<'de, T: Lenient> DeserializeSeed<'de> for Item<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Self(items, budget) = self;
        reserve(items, budget)?;
        items.push(T::default());
        items.last_mut().map_or(Ok(()), |item| item.fill(deserializer, budget))
    }
}

/// Reserves room for one more item.
pub(in crate::generated) fn reserve<T, E: Error>(items: &mut Vec<T>, budget: &mut Budget) -> Result<(), E> {
    if items.len() == items.capacity() {
        // Most lists have one or two large items, so `Vec` would reserve too many.
        let additional = items.len().max(1);
        budget.take((additional * size_of::<T>()).saturating_add(ALLOCATION))?;
        items.reserve_exact(additional);
    }
    Ok(())
}

impl<T: Lenient> Lenient for HashMap<String, T> {
    fn fill<'de, D: Deserializer<'de>>(&mut self, deserializer: D, budget: &mut Budget) -> Result<(), D::Error> {
        deserializer.deserialize_any(Entries(self, budget))
    }
}

/// Decodes a map.
struct Entries<'a, T>(&'a mut HashMap<String, T>, &'a mut Budget);

impl<'de, T: Lenient> Visitor<'de> for Entries<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or null")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(entries, budget) = self;
        while let Some(key) = map.next_key::<String>()? {
            budget.take(key.len() + ALLOCATION)?;
            if entries.len() == entries.capacity() {
                // A full table is doubled.
                budget.take(table::<(String, T)>(entries.len().max(3)))?;
            }
            map.next_value_seed(Place(entries.entry(key).or_default(), budget))?;
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

/// Bytes that a hash table of `entries` takes: an eighth of its slots is empty, and each has a control byte.
pub(super) fn table<Entry>(entries: usize) -> usize {
    entries * (size_of::<Entry>() + 1) * 8 / 7 + ALLOCATION
}

/// A set, which Go encodes as an object whose values are `{}`.
impl Lenient for BTreeSet<String> {
    fn fill<'de, D: Deserializer<'de>>(&mut self, deserializer: D, budget: &mut Budget) -> Result<(), D::Error> {
        *self = deserializer.deserialize_any(Keys(budget))?;
        Ok(())
    }
}

/// Bytes that the first key of a set takes, without its text: a B-tree node has room for 11 keys.
const NODE: usize = 11 * size_of::<String>() + ALLOCATION;

/// Decodes a set.
struct Keys<'a>(&'a mut Budget);

impl<'de> Visitor<'de> for Keys<'_> {
    type Value = BTreeSet<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or null")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut keys = BTreeSet::new();
        while let Some((key, IgnoredAny)) = map.next_entry::<String, _>()? {
            // Nodes are at least half full, except for the first.
            let place = if keys.is_empty() { NODE } else { 2 * size_of::<String>() };
            self.0.take(key.len() + ALLOCATION + place)?;
            keys.insert(key);
        }
        Ok(keys)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Err(super::not_a_string(&self))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(BTreeSet::new())
    }
}
