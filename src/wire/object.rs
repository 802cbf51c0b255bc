//! Decoding the objects of the document: each begins as its default, and the fields that come are filled in.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Unexpected, Visitor},
};

use super::lenient::{Lenient, Place};

/// A type that is an object on the wire. `build.rs` implements it for each type of the document.
pub(crate) trait Object: Default {
    /// The number and the name of a field without which the object says nothing.
    const ESSENTIAL: Option<(usize, &'static str)>;

    /// The number of the field of this name.
    fn field(name: &str) -> Option<usize>;

    /// Fills the field of this number with the value that comes next.
    fn read<'de, A: MapAccess<'de>>(&mut self, field: usize, fields: &mut A) -> Result<(), A::Error>;
}

/// For [`Object::read`]: fills `place` with the value that comes next.
pub(super) fn next<'de, T: Lenient<'de>, A: MapAccess<'de>>(place: &mut T, fields: &mut A) -> Result<(), A::Error> {
    fields.next_value_seed(Place(place))
}

/// For `Deserialize`: an object, and not `null`.
pub(super) fn object<'de, D: Deserializer<'de>, T: Object>(deserializer: D) -> Result<T, D::Error> {
    let mut object = T::default();
    deserializer.deserialize_map(Fields { object: &mut object, or_null: false })?;
    Ok(object)
}

/// For [`Lenient::fill`]: an object, or `null`.
pub(super) fn fill<'de, D: Deserializer<'de>, T: Object>(object: &mut T, deserializer: D) -> Result<(), D::Error> {
    deserializer.deserialize_any(Fields { object, or_null: true })
}

/// Fills an object with the fields that come.
struct Fields<'a, T> {
    object: &'a mut T,
    or_null: bool,
}

impl<'de, T: Object> Visitor<'de> for Fields<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.or_null { "an object or null" } else { "an object" })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut lacks = T::ESSENTIAL;
        while let Some(field) = fields.next_key_seed(Name::<T>(PhantomData))? {
            match field {
                Some(field) => self.object.read(field, &mut fields)?,
                None => drop(fields.next_value::<IgnoredAny>()?),
            }
            lacks = lacks.filter(|(essential, _)| Some(*essential) != field);
        }
        lacks.map_or(Ok(()), |(_, name)| Err(A::Error::missing_field(name)))
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        if self.or_null { Ok(()) } else { Err(E::invalid_type(Unexpected::Unit, &self)) }
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
        Ok(T::field(name))
    }
}

#[cfg(test)]
mod tests {
    use serde::de::DeserializeOwned;

    use crate::wire::types::{
        ContainerConfig, ContainerCreate, ContainerInspect, ContainerState, HostConfig, IdResult,
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
    fn fields_that_come_are_filled_in_and_others_are_empty_or_skipped() {
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
    fn what_is_no_object_is_an_error_and_null_only_within_one_is_empty() {
        assert!(failure::<IdResult>("null").contains("expected an object"));
        assert!(failure::<IdResult>(r#"["a"]"#).contains("expected an object"));
        assert!(failure::<ContainerInspect>(r#"{"Id":"a","State":[]}"#).contains("expected an object or null"));
    }

    #[test]
    fn an_object_without_its_essential_field_is_an_error() {
        for document in ["{}", r#"{"Warnings":[]}"#, r#"{"id":"a"}"#] {
            assert!(failure::<IdResult>(document).starts_with("missing field `Id`"), "{document}");
        }
    }

    /// The fields of its configuration stand beside its own.
    #[test]
    fn a_type_that_extends_another_has_the_fields_of_both() {
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
