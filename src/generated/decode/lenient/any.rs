//! JSON values of any type.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Value};

use super::{Budget, Lenient, collection, number::ARBITRARY};
use crate::generated::decode::budget::ALLOCATION;

impl Lenient for Value {
    fn fill<'de, D: Deserializer<'de>>(&mut self, deserializer: D, budget: &mut Budget) -> Result<(), D::Error> {
        *self = Any(budget).deserialize(deserializer)?;
        Ok(())
    }
}

/// Bytes that the first entry of an object takes, without its texts: a B-tree node has room for 11 entries.
const NODE: usize = 11 * ENTRY + ALLOCATION;
const ENTRY: usize = size_of::<(String, Value)>();

/// Decodes any value.
struct Any<'a>(&'a mut Budget);

impl<'de> DeserializeSeed<'de> for Any<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Any<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        self.0.take(text.len() + ALLOCATION)?;
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = list.next_element_seed(Any(self.0))? {
            collection::reserve(&mut items, self.0)?;
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = fields.next_key::<String>()? {
            if name == ARBITRARY && object.is_empty() {
                return fields.next_value::<String>()?.parse().map(Value::Number).map_err(A::Error::custom);
            }
            // Nodes are at least half full, except for the first.
            let place = if object.is_empty() { NODE } else { 2 * ENTRY };
            self.0.take(name.len() + ALLOCATION + place)?;
            object.insert(name, fields.next_value_seed(Any(self.0))?);
        }
        Ok(Value::Object(object))
    }
}
