//! One document for all versions: their union, in which each part is annotated with its first and last version.

use anyhow::{Result, bail, ensure};
use serde_json::{Map, Value, json};

use super::{
    overlay,
    versions::{Document, Version},
};

const SINCE: &str = "x-since";
const UNTIL: &str = "x-until";
const READ_BY: &str = "x-read-by";

/// The union of `documents`, oldest first. Where versions differ, the newest is used.
pub(super) fn superset(documents: &[Document]) -> Result<Value> {
    let mut whole = Value::Null;
    for document in documents {
        whole = match whole {
            Value::Null => document.content.clone(),
            mut known => {
                document.replacements.iter().try_for_each(|one| overlay::add_instead(&mut known, one))?;
                Step { version: document.version }.object(&known, &document.content, Location::Document)?
            }
        };
    }
    let versions: Vec<String> = documents.iter().map(|document| document.version.to_string()).collect();
    whole["info"]["x-versions"] = json!(versions);
    Ok(whole)
}

/// The location of an object in the document, which determines whether an entry that a version removed is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Location {
    Document,
    Components,
    Paths,
    PathItem,
    Operation,
    /// Named parts: each is kept in all later versions, and annotated.
    Parts,
    /// Anything else: the newest version is used.
    Inside,
}

impl Location {
    fn child(self, key: &str) -> Self {
        match (self, key) {
            (Self::Document, "paths") => Self::Paths,
            (Self::Document, "components") => Self::Components,
            (Self::Paths, _) => Self::PathItem,
            (Self::PathItem, _) => Self::Operation,
            (Self::Components, _) | (_, "properties" | "x-filters" | READ_BY) => Self::Parts,
            _ => Self::Inside,
        }
    }

    /// The empty list of parts that a missing entry `key` is equivalent to.
    fn empty_parts(self, key: &str) -> Option<Value> {
        match (self, key) {
            (Self::Operation, "parameters") => Some(json!([])),
            (Self::Inside, "properties" | "x-filters") => Some(json!({})),
            _ => None,
        }
    }

    /// Whether the entry `key` of an object at this location is kept if a version removes it.
    fn keeps(self, key: &str) -> bool {
        match self {
            Self::Parts | Self::Paths | Self::PathItem => true,
            Self::Operation => key == "requestBody",
            Self::Document | Self::Components | Self::Inside => false,
        }
    }
}

/// Merges the document of `version` into the union of the previous ones.
struct Step {
    version: Version,
}

impl Step {
    fn object(&self, known: &Value, new: &Value, location: Location) -> Result<Value> {
        let (Value::Object(known), Value::Object(new)) = (known, new) else {
            return Ok(new.clone());
        };
        // A field without it is accepted by every operation, so its addition or removal could not be annotated with versions.
        ensure!(
            known.contains_key(READ_BY) == new.contains_key(READ_BY),
            "{READ_BY} cannot appear or disappear in {}: a field has it from its first version on, or never",
            self.version
        );
        let mut result = Map::new();
        for (key, value) in known {
            match new.get(key).cloned().or_else(|| location.empty_parts(key)) {
                Some(newer) => {
                    ensure!(value.get(UNTIL).is_none(), "{key} is added again in {}", self.version);
                    result.insert(key.clone(), self.entry(value, &newer, location, key)?);
                }
                None if location.keeps(key) => {
                    result.insert(key.clone(), self.removed(value, location));
                }
                None if key == SINCE || key == UNTIL => {
                    result.insert(key.clone(), value.clone());
                }
                None => {}
            }
        }
        for (key, value) in new {
            if !known.contains_key(key) {
                let added = match location.empty_parts(key) {
                    Some(empty) => self.entry(&empty, value, location, key)?,
                    None if location.keeps(key) => self.added(value, location),
                    None => value.clone(),
                };
                result.insert(key.clone(), added);
            }
        }
        Ok(Value::Object(result))
    }

    fn entry(&self, known: &Value, new: &Value, location: Location, key: &str) -> Result<Value> {
        match (known, new) {
            (Value::Array(known), Value::Array(new)) if key == "parameters" => self.parameters(known, new),
            (Value::Array(known), Value::Array(new)) if key == "allOf" && known.len() == new.len() => {
                known.iter().zip(new).map(|(known, new)| self.object(known, new, Location::Inside)).collect()
            }
            _ => self.object(known, new, location.child(key)),
        }
    }

    /// Merges lists of parameters, which are identified by location and name.
    fn parameters(&self, known: &[Value], new: &[Value]) -> Result<Value> {
        let identity = |parameter: &Value| [&parameter["$ref"], &parameter["in"], &parameter["name"]].map(Value::clone);
        let find =
            |list: &[Value], sought: &Value| list.iter().position(|parameter| identity(parameter) == identity(sought));
        let mut result = Vec::new();
        for parameter in known {
            result.push(match find(new, parameter) {
                Some(index) if parameter.get(UNTIL).is_none() => {
                    self.object(parameter, &new[index], Location::Inside)?
                }
                Some(_) => bail!("parameter {} is added again in {}", parameter["name"], self.version),
                None => self.removed(parameter, Location::Parts),
            });
        }
        let added = new.iter().filter(|parameter| find(known, parameter).is_none());
        result.extend(added.map(|parameter| self.added(parameter, Location::Parts)));
        Ok(Value::Array(result))
    }

    fn added(&self, part: &Value, location: Location) -> Value {
        annotate(part, location, SINCE, self.version)
    }

    fn removed(&self, part: &Value, location: Location) -> Value {
        annotate(part, location, UNTIL, self.version.previous())
    }
}

/// Adds the version annotation `key` to `part`, or to each operation of a path. An existing annotation is kept.
fn annotate(part: &Value, location: Location, key: &str, version: Version) -> Value {
    let mut part = part.clone();
    match &mut part {
        Value::Object(operations) if location == Location::Paths => {
            for operation in operations.values_mut() {
                *operation = annotate(operation, Location::PathItem, key, version);
            }
        }
        Value::Object(entries) => {
            entries.entry(key).or_insert_with(|| json!(version.to_string()));
        }
        _ => {}
    }
    part
}
