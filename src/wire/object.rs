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
