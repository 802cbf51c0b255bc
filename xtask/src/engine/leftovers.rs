//! Objects that remain on an engine after a suite.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::http;

/// Paths of lists, the field with the objects, the field with the name of an object, and names of objects that every
/// engine has.
const LISTS: [(&str, Option<&str>, &str, &[&str]); 4] = [
    ("/containers/json?all=1", None, "Names", &[]),
    ("/images/json?filters=%7B%22dangling%22%3A%5B%22true%22%5D%7D", None, "Id", &[]),
    ("/networks", None, "Name", &["bridge", "host", "none"]),
    ("/volumes", Some("Volumes"), "Name", &[]),
];

/// Lists containers, untagged images, networks and volumes.
pub(super) fn list(socket: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (path, field, name, usual) in LISTS {
        let response = http::get(socket, path)?;
        let body = response.split_once("\r\n\r\n").with_context(|| format!("{path}: no body"))?.1;
        let list: Value = serde_json::from_str(body).with_context(|| path.to_owned())?;
        let objects = field.map_or(&list, |field| &list[field]).as_array().into_iter().flatten();
        let others = objects.filter(|object| !object[name].as_str().is_some_and(|name| usual.contains(&name)));
        found.extend(others.map(|object| format!("{path}: {}", object[name])));
    }
    Ok(found)
}
