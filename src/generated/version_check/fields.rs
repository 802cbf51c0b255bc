//! Fields of request bodies: finds one that a version does not support, in a single pass without a tree of values.

use std::fmt;

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::{BODIES, Field, Span};
use crate::ApiVersion;

/// A field that a version does not support: its path, and the versions that have it.
pub(super) type Unknown = (String, Span);

/// Returns the path of the first field in `body` that `version` does not support. `index` is the index of the
/// body's fields in [`BODIES`].
pub(super) fn unknown(index: usize, body: &[u8], version: ApiVersion) -> Option<Unknown> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = Value { fields: BODIES.get(index)?, is_map: false, version };
    value.deserialize(&mut json).ok().filter(|_| json.end().is_ok()).flatten()
}

/// Searches a value: an object with `fields`, a list of such objects or, if `is_map`, a map of these. Others have no fields.
#[derive(Clone, Copy)]
struct Value {
    fields: &'static [Field],
    is_map: bool,
    version: ApiVersion,
}

impl Value {
    /// Searches the value of a field, which is next in `entries`.
    fn field<'de, A: MapAccess<'de>>(
        self,
        field: &'static Field,
        entries: &mut A,
    ) -> Result<Option<Unknown>, A::Error> {
        if !field.span.contains(self.version) {
            entries.next_value::<IgnoredAny>()?;
            return Ok(Some((field.name.to_owned(), field.span)));
        }
        let Some(inside) = field.inside.and_then(|index| BODIES.get(index)) else {
            return entries.next_value::<IgnoredAny>().map(|_| None);
        };
        let found = entries.next_value_seed(Self { fields: inside, is_map: field.is_map, ..self })?;
        Ok(found.map(|(path, span)| (format!("{}.{path}", field.name), span)))
    }

    /// Searches the values of a map. Of several unknown fields, the result does not depend on the order of the map.
    fn map<'de, A: MapAccess<'de>>(self, mut entries: A) -> Result<Option<Unknown>, A::Error> {
        let mut first: Option<Unknown> = None;
        while entries.next_key::<IgnoredAny>()?.is_some() {
            let found = entries.next_value_seed(Self { is_map: false, ..self })?;
            first = match (first, found) {
                (Some(first), Some(found)) => Some(if found.0 < first.0 { found } else { first }),
                (first, found) => first.or(found),
            };
        }
        Ok(first)
    }
}

impl<'de> DeserializeSeed<'de> for Value {
    type Value = Option<Unknown>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value {
    type Value = Option<Unknown>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        if self.is_map {
            return self.map(entries);
        }
        let mut first = None;
        while let Some(number) = entries.next_key_seed(Name(self.fields))? {
            // A field before the one that was found takes precedence.
            let end = first.as_ref().map_or(usize::MAX, |(number, _)| *number);
            match number.filter(|number| *number < end).and_then(|number| Some((number, self.fields.get(number)?))) {
                Some((number, field)) => {
                    if let Some(found) = self.field(field, &mut entries)? {
                        first = Some((number, found));
                    }
                }
                None => drop(entries.next_value::<IgnoredAny>()?),
            }
        }
        Ok(first.map(|(_, found)| found))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut first = None;
        while let Some(found) = items.next_element_seed(Self { is_map: false, ..self })? {
            first = first.or(found);
        }
        Ok(first)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<Self::Value, E> {
        Ok(None)
    }
}

/// Finds the number of a field by its name.
struct Name(&'static [Field]);

impl<'de> DeserializeSeed<'de> for Name {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Name {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().position(|field| field.name == name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generated::version_check::operation;

    fn path(minor: u16, body: &str) -> Option<String> {
        let index = operation("container_create").unwrap().body.unwrap();
        unknown(index, body.as_bytes(), ApiVersion::new(1, minor)).map(|(path, _)| path)
    }

    #[test]
    fn version_check_reports_the_first_field_of_the_document() {
        let index = operation("container_create").unwrap().body.unwrap();
        let gated = |field: &&Field| !field.span.contains(ApiVersion::new(1, 20));
        let [first, second, ..] = BODIES[index].iter().filter(gated).collect::<Vec<_>>()[..] else {
            panic!("no fields")
        };
        for names in [[first.name, second.name], [second.name, first.name]] {
            let body = format!(r#"{{"{}":1,"{}":null}}"#, names[0], names[1]);
            assert_eq!(path(20, &body).as_deref(), Some(first.name), "{body}");
        }
    }

    #[test]
    fn version_check_of_maps_does_not_depend_on_their_order() {
        let entry = |name: &str| format!(r#""{name}":{{"{name}":1}}"#);
        for names in [["GwPriority", "MacAddress"], ["MacAddress", "GwPriority"]] {
            let entries = names.map(entry).join(",");
            let body = format!(r#"{{"NetworkingConfig":{{"EndpointsConfig":{{{entries}}}}}}}"#);
            assert_eq!(path(47, &body).unwrap(), "NetworkingConfig.EndpointsConfig.GwPriority", "{body}");
        }
    }

    #[test]
    fn version_check_ignores_other_values_and_invalid_bodies() {
        for body in ["", "null", "7", "-7", "0.5", "true", "\"Mounts\"", "[]", r#"{"HostConfig":{"Mounts":[]}"#] {
            assert_eq!(path(20, body), None, "{body}");
        }
        for body in ["7", "\"a\"", "[1,{}]", "null", "false"].map(|host| format!(r#"{{"HostConfig":{host}}}"#)) {
            assert_eq!(path(20, &body), None, "{body}");
        }
        assert_eq!(path(20, r#"{"HostConfig":{"Mo\u0075nts":[]}}"#).unwrap(), "HostConfig.Mounts");
    }
}
