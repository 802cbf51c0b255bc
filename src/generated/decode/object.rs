//! Decoding of objects: each begins as its default, and the fields that are read are filled in.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Unexpected, Visitor},
};

use super::{
    budget::{Budget, Failure},
    lenient::{Lenient, Place},
};

/// A type that is a JSON object. `build.rs` implements it for each generated type.
pub(crate) trait Object: Lenient {
    /// The number and the name of a field without which the object is invalid.
    const ESSENTIAL: Option<(usize, &'static str)>;

    /// The number of the field of this name.
    fn field(name: &str) -> Option<usize>;

    /// The number of the field whose name differs from this one only in case, which Go accepts.
    fn field_in_other_case(name: &str) -> Option<usize>;

    /// Fills the field of this number with the next value.
    fn read<'de, A: MapAccess<'de>>(
        &mut self,
        field: usize,
        fields: &mut A,
        budget: &mut Budget,
    ) -> Result<(), A::Error>;
}

/// For [`Object::read`]: fills `place` with the next value.
pub(in crate::generated) fn next<'de, T: Lenient, A: MapAccess<'de>>(
    place: &mut T,
    fields: &mut A,
    budget: &mut Budget,
) -> Result<(), A::Error> {
    fields.next_value_seed(Place(place, budget))
}

/// Like [`next`], for an essential field, where `null` is an error.
pub(in crate::generated) fn next_essential<'de, T: Lenient, A: MapAccess<'de>>(
    place: &mut T,
    name: &'static str,
    fields: &mut A,
    budget: &mut Budget,
) -> Result<(), A::Error> {
    fields.next_value_seed(Essential { place, name, budget })
}

/// For [`Object::field_in_other_case`]: the index of the name that differs from `name` only in case.
#[cold]
#[inline(never)]
pub(in crate::generated) fn position(names: &[&str], name: &str) -> Option<usize> {
    names.iter().position(|own| own.eq_ignore_ascii_case(name))
}

/// For `Deserialize`: decodes an object; `null` is an error.
pub(in crate::generated) fn object<'de, D: Deserializer<'de>, T: Object>(
    deserializer: D,
    budget: &mut Budget,
) -> Result<T, D::Error> {
    let mut object = T::default();
    deserializer.deserialize_map(Fields { object: &mut object, or_null: false, budget })?;
    Ok(object)
}

/// For [`Lenient::fill`]: decodes an object or `null`.
pub(in crate::generated) fn fill<'de, D: Deserializer<'de>, T: Object>(
    object: &mut T,
    deserializer: D,
    budget: &mut Budget,
) -> Result<(), D::Error> {
    deserializer.deserialize_any(Fields { object, or_null: true, budget })
}

/// Fills an object with the fields that are read.
struct Fields<'a, T> {
    object: &'a mut T,
    or_null: bool,
    budget: &'a mut Budget,
}

impl<'de, T: Object> Visitor<'de> for Fields<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.or_null { "an object or null" } else { "an object" })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let Self { object, budget, .. } = self;
        let mut lacks = T::ESSENTIAL;
        while let Some(field) = fields.next_key_seed(Name::<T>(PhantomData))? {
            match field {
                Some(field) => object.read(field, &mut fields, budget)?,
                None => drop(fields.next_value::<IgnoredAny>()?),
            }
            lacks = lacks.filter(|(essential, _)| Some(*essential) != field);
        }
        lacks.map_or(Ok(()), |(_, name)| Err(budget.fail(Failure::Missing(name))))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Err(super::lenient::not_a_string(&self))
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        if self.or_null { Ok(()) } else { Err(E::invalid_type(Unexpected::Unit, &self)) }
    }
}

/// Fills an essential field with the next value.
struct Essential<'a, T> {
    place: &'a mut T,
    name: &'static str,
    budget: &'a mut Budget,
}

impl<'de, T: Lenient> DeserializeSeed<'de> for Essential<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, T: Lenient> Visitor<'de> for Essential<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_none<E: Error>(self) -> Result<(), E> {
        Err(self.budget.fail(Failure::Missing(self.name)))
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.visit_none()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.place.fill(deserializer, self.budget)
    }
}

/// Decodes the name of a field into its number.
struct Name<T>(PhantomData<T>);

impl<'de, T: Object> DeserializeSeed<'de> for Name<T> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<usize>, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl<T: Object> Visitor<'_> for Name<T> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E>(self, name: &str) -> Result<Option<usize>, E> {
        match T::field(name) {
            None => Ok(T::field_in_other_case(name)),
            field => Ok(field),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;

    use crate::generated::types::{
        BuildCache, ContainerConfig, ContainerCreate, ContainerInspect, ContainerState, HostConfig, IdResult,
        WaitResult,
    };

    #[track_caller]
    fn decoded<T: DeserializeOwned>(document: &str) -> T {
        serde_json::from_str(document).unwrap()
    }

    #[track_caller]
    fn failure<T: DeserializeOwned>(document: &str) -> String {
        serde_json::from_str::<T>(document).err().unwrap().to_string()
    }

    #[test]
    fn decode_object_with_absent_and_unknown_fields() {
        let state = ContainerState { pid: 7, ..ContainerState::default() };
        let want = ContainerInspect { id: "a".into(), state, ..ContainerInspect::default() };
        for document in [
            r#"{"Id":"a","State":{"Pid":7}}"#,
            r#"{"State":{"New":[{}],"Pid":7},"New":{"Id":"b"},"Id":"a"}"#,
            r#"{"\u0049d":"a","State":{"Pid":7,"Status":null},"HostConfig":null,"Mounts":null}"#,
        ] {
            assert_eq!(decoded::<ContainerInspect>(document), want, "{document}");
        }
    }

    #[test]
    fn decode_object_from_other_values() {
        assert!(failure::<IdResult>("null").contains("expected an object"));
        assert!(failure::<IdResult>(r#"["a"]"#).contains("expected an object"));
        assert!(failure::<ContainerInspect>(r#"{"Id":"a","State":[]}"#).contains("expected an object or null"));
    }

    #[test]
    fn decode_object_without_essential_field_is_an_error() {
        for document in ["{}", r#"{"Warnings":[]}"#, r#"{"Id":null}"#, r#"{"Id":"a","Id":null}"#, r#"{"id":null}"#] {
            assert!(failure::<IdResult>(document).starts_with("missing field `Id`"), "{document}");
        }
        for document in ["{}", r#"{"StatusCode":null}"#, r#"{"StatusCode":1,"StatusCode":null}"#] {
            assert!(failure::<WaitResult>(document).starts_with("missing field `StatusCode`"), "{document}");
        }
        assert_eq!(decoded::<WaitResult>(r#"{"StatusCode":0}"#).status_code, 0);
    }

    #[test]
    fn decode_object_field_names_in_any_case() {
        let state = ContainerState { pid: 7, ..ContainerState::default() };
        let want = ContainerInspect { id: "a".into(), state, ..ContainerInspect::default() };
        assert_eq!(decoded::<ContainerInspect>(r#"{"ID":"a","state":{"PID":7}}"#), want);
        let made = decoded::<ContainerCreate>(r#"{"IMAGE":"a","hostConfig":{"binds":["b"]}}"#);
        assert_eq!((&*made.config.image, &*made.host_config.unwrap().binds), ("a", &["b".to_owned()][..]));
        // As in Go, the last of several fields takes precedence, regardless of their case.
        assert_eq!(decoded::<ContainerState>(r#"{"Pid":1,"pid":7}"#).pid, 7);
        assert_eq!(decoded::<ContainerState>(r#"{"pid":1,"Pid":7}"#).pid, 7);
    }

    /// Engines send this name with a leading space.
    #[test]
    fn decode_object_field_aliases() {
        for document in [r#"{"ID":"a"," Parents":["b"]}"#, r#"{"ID":"a","Parents":["b"]}"#] {
            assert_eq!(decoded::<BuildCache>(document).parents, ["b"], "{document}");
        }
        assert_eq!(decoded::<BuildCache>(r#"{"ID":"a","Parent":"b"}"#).parent, "b");
    }

    /// `ContainerCreate` has the fields of `ContainerConfig` and its own.
    #[test]
    fn decode_object_with_the_fields_of_another() {
        let made = ContainerCreate {
            config: ContainerConfig { image: "busybox".into(), tty: true, ..ContainerConfig::default() },
            host_config: Some(HostConfig { binds: vec!["/a:/b".into()], ..HostConfig::default() }),
            ..ContainerCreate::default()
        };
        let document = r#"{"Image":"busybox","HostConfig":{"Binds":["/a:/b"]},"New":1,"Tty":true}"#;
        assert_eq!(decoded::<ContainerCreate>(document), made);
        assert_eq!(decoded::<ContainerCreate>(&serde_json::to_string(&made).unwrap()), made);
    }
}
