//! Fields that an update sends back as they were read.
//!
//! Engines return all fields of an object at every version, and accept the older ones at every version. So an update may contain
//! fields that its version lacks, for example of a service that a newer client created.

use std::{fmt, sync::Arc};

use serde::Serialize;
use serde_json::Value;

use super::fields::{Unknown, unknown};
use crate::{ApiVersion, Error, Result};

/// Engines may reset fields that were introduced after this version, if the version of the request lacks them.
const LAST_KEPT: ApiVersion = ApiVersion::new(1, 39);

/// The fields of a request that the version need not support. Not part of `Debug` output, because they may contain secrets.
#[derive(Clone)]
pub(crate) enum Unchanged {
    /// Those that are equal to the fields of an object that was read.
    Read(Arc<Value>),
    /// All fields: the engine ignores them.
    Ignored,
}

impl Unchanged {
    pub(crate) fn new(read: &impl Serialize) -> Result<Self> {
        match serde_json::to_value(read) {
            Ok(read) => Ok(Self::Read(Arc::new(read))),
            Err(error) => Err(Error::internal(format!("failed to serialize an object that was read: {error}"))),
        }
    }

    /// Whether unchanged fields can be fields that `version` lacks.
    pub(crate) fn may_exist(version: ApiVersion) -> bool {
        version < LAST_KEPT
    }

    /// Returns the first field in `body` that must be supported by `version`, and is not.
    pub(super) fn unsupported(&self, index: usize, body: &[u8], version: ApiVersion) -> Option<Unknown> {
        let Self::Read(read) = self else { return None };
        unknown(index, body, version.max(LAST_KEPT)).or_else(|| unknown(index, &changes(body, read), version))
    }
}

/// Returns `body` without the fields that are equal to those in `read`.
fn changes(body: &[u8], read: &Value) -> Vec<u8> {
    let Ok(mut body) = serde_json::from_slice(body) else { return body.to_vec() };
    remove_unchanged(&mut body, read);
    body.to_string().into_bytes()
}

/// Removes the fields from `sent` that are equal to those in `read`. An item of a list is compared with the most similar one.
fn remove_unchanged(sent: &mut Value, read: &Value) {
    match (sent, read) {
        (Value::Object(sent), Value::Object(read)) => sent.retain(|name, value| match read.get(name) {
            Some(read) if read == value => false,
            Some(read) => {
                remove_unchanged(value, read);
                true
            }
            None => true,
        }),
        (Value::Array(sent), Value::Array(read)) => {
            let removed: Vec<&Value> = read.iter().filter(|item| !sent.contains(item)).collect();
            sent.retain(|item| !read.contains(item));
            for item in sent {
                if let Some(similar) = removed.iter().max_by_key(|read| equal_fields(item, read)) {
                    remove_unchanged(item, similar);
                }
            }
        }
        _ => {}
    }
}

/// The number of fields that are equal in two objects.
fn equal_fields(one: &Value, other: &Value) -> usize {
    let (Some(one), Some(other)) = (one.as_object(), other.as_object()) else { return 0 };
    one.iter().filter(|(name, value)| other.get(*name) == Some(*value)).count()
}

impl fmt::Debug for Unchanged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unchanged")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn changes_are_fields_that_differ() {
        let read = json!({"A": 1, "B": {"C": 1, "D": 2}, "L": [{"X": 1}, {"X": 2, "Y": 1}]});
        for (sent, changes) in [
            (read.clone(), json!({})),
            (json!({"A": 2, "B": {"C": 1, "D": 3}}), json!({"A": 2, "B": {"D": 3}})),
            (json!({"E": 1}), json!({"E": 1})),
            (json!({"L": [{"X": 3}, {"X": 1}, {"X": 2, "Y": 1}]}), json!({"L": [{"X": 3}]})),
            (json!({"L": [{"X": 1}, {"X": 3, "Y": 1}]}), json!({"L": [{"X": 3}]})),
            (json!({"L": [{"X": 3, "Y": 1}, {"X": 1, "Y": 2}]}), json!({"L": [{"X": 3}, {"Y": 2}]})),
        ] {
            let body = super::changes(sent.to_string().as_bytes(), &read);
            assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), changes, "{sent}");
        }
    }
}
