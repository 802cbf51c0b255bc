//! Numbers. The oldest engines and other producers send integers as floats.

use std::{fmt, marker::PhantomData};

use serde::{
    Deserializer,
    de::{Error, MapAccess, Unexpected, Visitor},
};

use super::{Budget, Lenient};

/// An integer type, and its conversion from a float.
pub(super) trait Integer: TryFrom<i64> + TryFrom<u64> + Default {
    /// The integer of a float without a fraction, if it is in range.
    fn from_whole(value: f64) -> Option<Self>;
}

// The largest integer, which some limits have for "unlimited", is out of range as a float, because it is rounded up. A
// conversion with `as` saturates to the largest integer again.
#[allow(clippy::cast_possible_truncation)]
impl Integer for i64 {
    fn from_whole(value: f64) -> Option<Self> {
        Some(value as Self)
    }
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
impl Integer for u64 {
    fn from_whole(value: f64) -> Option<Self> {
        (value >= 0.0).then_some(value as Self)
    }
}

impl Integer for u32 {
    fn from_whole(value: f64) -> Option<Self> {
        i64::from_whole(value)?.try_into().ok()
    }
}

impl Integer for u16 {
    fn from_whole(value: f64) -> Option<Self> {
        i64::from_whole(value)?.try_into().ok()
    }
}

/// The field of the object with which serde_json represents a number that is not a small integer, if its feature
/// `arbitrary_precision` is enabled. Any crate of a program can enable it.
pub(super) const ARBITRARY: &str = "$serde_json::private::Number";

/// Visits the number that serde_json represents as `map`.
#[cold]
#[inline(never)]
pub(super) fn visit_arbitrary<'de, A: MapAccess<'de>, V: Visitor<'de>>(
    visitor: V,
    mut map: A,
) -> Result<V::Value, A::Error> {
    if map.next_key::<String>()?.as_deref() != Some(ARBITRARY) {
        return Err(A::Error::invalid_type(Unexpected::Map, &visitor));
    }
    let number = map.next_value::<String>()?.parse::<serde_json::Number>().map_err(A::Error::custom)?;
    match (number.as_u64(), number.as_i64(), number.as_f64()) {
        (Some(value), ..) => visitor.visit_u64(value),
        (None, Some(value), _) => visitor.visit_i64(value),
        (None, None, value) => visitor.visit_f64(value.unwrap_or(f64::NAN)),
    }
}

/// Decodes an integer.
pub(super) struct Number<T>(pub(super) PhantomData<T>);

impl<'de, T: Integer> Visitor<'de> for Number<T> {
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

    fn visit_f64<E: Error>(self, value: f64) -> Result<T, E> {
        let whole = if value.trunc() == value { T::from_whole(value) } else { None };
        whole.ok_or_else(|| E::invalid_value(Unexpected::Float(value), &self))
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<T, E> {
        Err(super::not_a_string(&self))
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        visit_arbitrary(self, map)
    }
}

/// Decodes a number that may have a fraction.
struct Fraction;

impl<'de> Visitor<'de> for Fraction {
    type Value = f64;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number")
    }

    #[allow(clippy::cast_precision_loss)]
    fn visit_i64<E: Error>(self, value: i64) -> Result<f64, E> {
        Ok(value as f64)
    }

    #[allow(clippy::cast_precision_loss)]
    fn visit_u64<E: Error>(self, value: u64) -> Result<f64, E> {
        Ok(value as f64)
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<f64, E> {
        Ok(value)
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<f64, E> {
        Err(super::not_a_string(&self))
    }

    fn visit_unit<E>(self) -> Result<f64, E> {
        Ok(0.0)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<f64, A::Error> {
        visit_arbitrary(self, map)
    }
}

impl Lenient for f64 {
    fn fill<'de, D: Deserializer<'de>>(&mut self, deserializer: D, _: &mut Budget) -> Result<(), D::Error> {
        *self = deserializer.deserialize_any(Fraction)?;
        Ok(())
    }
}

impl Lenient for i64 {
    fn fill<'de, D: Deserializer<'de>>(&mut self, deserializer: D, _: &mut Budget) -> Result<(), D::Error> {
        *self = deserializer.deserialize_any(Number(PhantomData))?;
        Ok(())
    }
}

impl Lenient for u64 {
    fn fill<'de, D: Deserializer<'de>>(&mut self, deserializer: D, _: &mut Budget) -> Result<(), D::Error> {
        *self = deserializer.deserialize_any(Number(PhantomData))?;
        Ok(())
    }
}

impl Lenient for u32 {
    fn fill<'de, D: Deserializer<'de>>(&mut self, deserializer: D, _: &mut Budget) -> Result<(), D::Error> {
        *self = deserializer.deserialize_any(Number(PhantomData))?;
        Ok(())
    }
}

impl Lenient for u16 {
    fn fill<'de, D: Deserializer<'de>>(&mut self, deserializer: D, _: &mut Budget) -> Result<(), D::Error> {
        *self = deserializer.deserialize_any(Number(PhantomData))?;
        Ok(())
    }
}
