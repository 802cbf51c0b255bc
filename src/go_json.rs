//! JSON objects as Go's `encoding/json` reads them.
//!
//! The Docker CLI and credential helpers are written in Go. In files that they accept, names match in any case and may occur
//! more than once: the last value takes precedence, maps are merged, and `null` has no effect.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// The entries of a JSON object, in their order. A value is parsed only when it is used.
#[derive(Default)]
pub(crate) struct Object(Vec<(String, Box<RawValue>)>);

/// The name of a value that has the wrong type. Does not contain the value, which may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed(pub(crate) String);

impl Object {
    /// Returns the value called `name`, if there is one.
    pub(crate) fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Malformed> {
        self.values(name).last().map(|value| parse(name, value)).transpose()
    }

    /// Returns the entries of the map called `name`.
    pub(crate) fn entries(&self, name: &str) -> Result<Vec<(String, Box<RawValue>)>, Malformed> {
        let objects: Result<Vec<Self>, _> = self.values(name).map(|value| parse(name, value)).collect();
        Ok(objects?.into_iter().flat_map(|object| object.0).collect())
    }

    /// Returns the names of all values.
    pub(crate) fn into_names(self) -> impl Iterator<Item = String> {
        self.0.into_iter().map(|(name, _)| name)
    }

    fn values(&self, name: &str) -> impl Iterator<Item = &RawValue> {
        let called = move |entry: &&(String, Box<RawValue>)| entry.0.eq_ignore_ascii_case(name);
        self.0.iter().filter(called).map(|(_, value)| &**value).filter(|value| value.get() != "null")
    }
}

/// Parses the value called `name`.
pub(crate) fn parse<T: DeserializeOwned>(name: &str, value: &RawValue) -> Result<T, Malformed> {
    serde_json::from_str(value.get()).map_err(|_| Malformed(name.to_owned()))
}

/// Describes a syntax error. Omits the rest of the error, which quotes the text and may contain secrets.
pub(crate) fn describe(error: &serde_json::Error) -> String {
    if error.is_data() {
        return "not a JSON object".to_owned();
    }
    format!("invalid JSON at line {}, column {}", error.line(), error.column())
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "field {:?} has the wrong type", self.0)
    }
}

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Object(entries))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_json_names_match_in_any_case() {
        let object: Object = serde_json::from_str(r#"{"Name":"a","NAME":"b","name":null,"flag":true}"#).unwrap();
        assert_eq!(object.get::<String>("name"), Ok(Some("b".into())));
        assert_eq!(object.get::<bool>("Flag"), Ok(Some(true)));
        assert_eq!(object.get::<String>("none"), Ok(None));
        assert_eq!(object.get::<String>("flag"), Err(Malformed("flag".into())));
    }

    #[test]
    fn go_json_maps_are_merged() {
        let object: Object = serde_json::from_str(r#"{"map":{"A":1,"a":2},"Map":{"B":3},"other":[]}"#).unwrap();
        let names: Vec<String> = object.entries("map").unwrap().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["A", "a", "B"]);
        assert!(object.entries("none").unwrap().is_empty());
        assert_eq!(object.entries("other").unwrap_err(), Malformed("other".into()));
    }
}
