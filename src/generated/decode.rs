//! Decoding of JSON. Errors have the position and the cause, and do not quote the input.

use serde::de::DeserializeOwned;
use serde_json::error::Category;

mod budget;
mod documents;
mod json_path;
pub(crate) mod lenient;
mod list;
pub(crate) mod object;

use self::budget::Failure;
pub(crate) use self::{
    budget::{Budget, Limit},
    documents::Documents,
    lenient::Lenient,
    list::List,
    object::Object,
};
use crate::{Error, Result, error::Kind};

/// Decodes an object.
pub(crate) fn decode<T: Object>(bytes: &[u8]) -> Result<T> {
    decode_within(bytes, Limit::response(usize::MAX))
}

/// Decodes an object. Fails if it is larger than `limit`.
pub(crate) fn decode_within<T: Object>(bytes: &[u8], limit: Limit) -> Result<T> {
    parse(text(bytes, None)?, None, limit, &mut Budget::new(limit), |deserializer, budget| {
        object::object(deserializer, budget)
    })
}

/// Decodes a type that is not generated, and takes at most as much memory as its text.
pub(super) fn decode_unbudgeted<T: DeserializeOwned>(bytes: &[u8], limit: Limit) -> Result<T> {
    parse(text(bytes, None)?, None, limit, &mut Budget::unlimited(), |deserializer, _| T::deserialize(deserializer))
}

/// Decodes an item of a stream or list. Fails if it exceeds `budget`, which is the rest of `limit`.
pub(super) fn item<T: Lenient>(text: &str, index: Option<usize>, limit: Limit, budget: &mut Budget) -> Result<T> {
    parse(text, index, limit, budget, |deserializer, budget| {
        let mut item = T::default();
        item.fill(deserializer, budget).map(|()| item)
    })
}

/// Returns `bytes` as text. They may be an item of a list.
pub(super) fn text(bytes: &[u8], index: Option<usize>) -> Result<&str> {
    str::from_utf8(bytes).map_err(|error| {
        let end = error.valid_up_to();
        undecodable(&json_path::at(&bytes[..end], index), &format!("byte {end}"), "invalid UTF-8")
    })
}

/// A JSON deserializer of a text.
type Json<'a> = serde_json::Deserializer<serde_json::de::StrRead<'a>>;

/// Decodes `text`, which may be an item of a list, with `read`.
fn parse<'a, T>(
    text: &'a str,
    index: Option<usize>,
    limit: Limit,
    budget: &mut Budget,
    read: impl FnOnce(&mut Json<'a>, &mut Budget) -> serde_json::Result<T>,
) -> Result<T> {
    let mut deserializer = Json::from_str(text);
    let value = read(&mut deserializer, budget).and_then(|value| deserializer.end().map(|()| value));
    value.map_err(|error| {
        // The error of serde quotes the value, which may be long or secret.
        let cause = match (budget.failure(), error.classify()) {
            (Some(Failure::TooLarge), _) => limit.exceeded("a decoded value"),
            (Some(Failure::Missing(name)), _) => format!("missing field `{name}`"),
            (None, Category::Eof) => "unexpected end of JSON".to_owned(),
            (None, Category::Data) => "invalid value".to_owned(),
            (None, Category::Syntax | Category::Io) => "invalid JSON".to_owned(),
        };
        let position = format!("line {}, column {}", error.line(), error.column());
        undecodable(&json_path::of(&error, text.as_bytes(), index), &position, &cause)
    })
}

/// The error that decoding failed at `path`, which is at `position`.
fn undecodable(path: &str, position: &str, cause: &str) -> Error {
    Error::new(Kind::Decode(match path {
        "" => format!("at {position}: {cause}"),
        // In a list, the position is relative to the item.
        _ if path.starts_with('[') => format!("at {path}: {cause}"),
        _ => format!("at {path} ({position}): {cause}"),
    }))
}
