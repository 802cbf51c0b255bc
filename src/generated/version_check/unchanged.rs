//! Fields that an update sends back as they were read.
//!
//! Engines return all fields of an object at every version, and accept them at every version. So an update may contain fields
//! that its version lacks, for example of a service that a newer client created.

use std::{fmt, sync::Arc};

use serde::Serialize;
use serde_json::Value;

use crate::{ApiVersion, Error, Result};

/// Engines reset fields that were introduced after this version, if the version of the request lacks them.
const LAST_KEPT: ApiVersion = ApiVersion::new(1, 39);

/// An object as it was read. Not part of `Debug` output, because it may contain secrets.
#[derive(Clone)]
pub(crate) struct Unchanged(Arc<Value>);

impl Unchanged {
    pub(crate) fn new(read: &impl Serialize) -> Result<Self> {
        match serde_json::to_value(read) {
            Ok(read) => Ok(Self(Arc::new(read))),
            Err(error) => Err(Error::internal(format!("failed to serialize an object that was read: {error}"))),
        }
    }

    /// The version whose fields may be sent unchanged at `version`.
    pub(crate) fn newest(version: ApiVersion) -> ApiVersion {
        version.max(LAST_KEPT)
    }

    /// Returns `body` without the fields that are unchanged.
    pub(super) fn changes(&self, body: &[u8]) -> Vec<u8> {
        let Ok(mut body) = serde_json::from_slice(body) else { return body.to_vec() };
        remove_unchanged(&mut body, &self.0);
        body.to_string().into_bytes()
    }
}

/// Removes the fields from `sent` that are equal to those in `read`.
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
            sent.retain(|item| !read.contains(item));
            for (item, read) in sent.iter_mut().zip(read) {
                remove_unchanged(item, read);
            }
        }
        _ => {}
    }
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
        ] {
            let body = Unchanged::new(&read).unwrap().changes(sent.to_string().as_bytes());
            assert_eq!(serde_json::from_slice::<Value>(&body).unwrap(), changes, "{sent}");
        }
    }
}
