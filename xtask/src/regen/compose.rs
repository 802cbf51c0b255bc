//! One document for all versions: the union of them, each part marked with its first and last.

use anyhow::{Result, bail, ensure};
use serde_json::{Map, Value, json};

use super::{
    overlay,
    versions::{Document, Version},
};

const SINCE: &str = "x-since";
const UNTIL: &str = "x-until";

/// The union of `documents`, oldest first. Where versions differ, the newest is right.
pub(super) fn superset(documents: &[Document]) -> Result<Value> {
    let mut whole = Value::Null;
    for document in documents {
        whole = match whole {
            Value::Null => document.content.clone(),
            mut known => {
                document.advice.iter().try_for_each(|advice| overlay::note(&mut known, advice))?;
                Step { version: document.version }.object(&known, &document.content, Room::Document)?
            }
        };
    }
    let versions: Vec<String> = documents.iter().map(|document| document.version.to_string()).collect();
    whole["info"]["x-versions"] = json!(versions);
    Ok(whole)
}

/// Where in the document an object stands: this decides what becomes of an entry that a version lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Room {
    Document,
    Components,
    Paths,
    PathItem,
    Operation,
    /// A list of parts with names of their own: each is kept for ever, and marked.
    Parts,
    /// Anything else: the newest version is right.
    Inside,
}

impl Room {
    fn of(self, key: &str) -> Self {
        match (self, key) {
            (Self::Document, "paths") => Self::Paths,
            (Self::Document, "components") => Self::Components,
            (Self::Paths, _) => Self::PathItem,
            (Self::PathItem, _) => Self::Operation,
            (Self::Components, _) | (_, "properties" | "x-filters") => Self::Parts,
            _ => Self::Inside,
        }
    }

    /// The empty list of parts that an entry `key` stands for where there is none.
    fn no_parts(self, key: &str) -> Option<Value> {
        match (self, key) {
            (Self::Operation, "parameters") => Some(json!([])),
            (Self::Inside, "properties" | "x-filters") => Some(json!({})),
            _ => None,
        }
    }

    /// Whether the entry `key` of an object in this room is kept when a version has lost it.
    fn keeps(self, key: &str) -> bool {
        match self {
            Self::Parts | Self::Paths | Self::PathItem => true,
            Self::Operation => key == "requestBody",
            Self::Document | Self::Components | Self::Inside => false,
        }
    }
}

/// The step from all that is known to what `version` says.
struct Step {
    version: Version,
}

impl Step {
    fn object(&self, known: &Value, new: &Value, room: Room) -> Result<Value> {
        let (Value::Object(known), Value::Object(new)) = (known, new) else {
            return Ok(new.clone());
        };
        let mut result = Map::new();
        for (key, value) in known {
            match new.get(key).cloned().or_else(|| room.no_parts(key)) {
                Some(newer) => {
                    ensure!(value.get(UNTIL).is_none(), "{key} is back in {}", self.version);
                    result.insert(key.clone(), self.entry(value, &newer, room, key)?);
                }
                None if room.keeps(key) => {
                    result.insert(key.clone(), self.gone(value, room));
                }
                None if key == SINCE || key == UNTIL => {
                    result.insert(key.clone(), value.clone());
                }
                None => {}
            }
        }
        for (key, value) in new {
            if !known.contains_key(key) {
                let arrived = match room.no_parts(key) {
                    Some(none) => self.entry(&none, value, room, key)?,
                    None if room.keeps(key) => self.arrived(value, room),
                    None => value.clone(),
                };
                result.insert(key.clone(), arrived);
            }
        }
        Ok(Value::Object(result))
    }

    fn entry(&self, known: &Value, new: &Value, room: Room, key: &str) -> Result<Value> {
        match (known, new) {
            (Value::Array(known), Value::Array(new)) if key == "parameters" => self.parameters(known, new),
            (Value::Array(known), Value::Array(new)) if key == "allOf" && known.len() == new.len() => {
                known.iter().zip(new).map(|(known, new)| self.object(known, new, Room::Inside)).collect()
            }
            _ => self.object(known, new, room.of(key)),
        }
    }

    /// Parameters are told apart by place and name.
    fn parameters(&self, known: &[Value], new: &[Value]) -> Result<Value> {
        let identity = |parameter: &Value| [&parameter["$ref"], &parameter["in"], &parameter["name"]].map(Value::clone);
        let find =
            |list: &[Value], wanted: &Value| list.iter().position(|parameter| identity(parameter) == identity(wanted));
        let mut result = Vec::new();
        for parameter in known {
            result.push(match find(new, parameter) {
                Some(index) if parameter.get(UNTIL).is_none() => self.object(parameter, &new[index], Room::Inside)?,
                Some(_) => bail!("parameter {} is back in {}", parameter["name"], self.version),
                None => self.gone(parameter, Room::Parts),
            });
        }
        let arrived = new.iter().filter(|parameter| find(known, parameter).is_none());
        result.extend(arrived.map(|parameter| self.arrived(parameter, Room::Parts)));
        Ok(Value::Array(result))
    }

    fn arrived(&self, part: &Value, room: Room) -> Value {
        mark(part, room, SINCE, self.version)
    }

    fn gone(&self, part: &Value, room: Room) -> Value {
        mark(part, room, UNTIL, self.version.previous())
    }
}

/// Marks `part`; of a path, each of its operations. A part that is marked already stays as it is.
fn mark(part: &Value, room: Room, with: &str, version: Version) -> Value {
    let mut part = part.clone();
    match &mut part {
        Value::Object(operations) if room == Room::Paths => {
            for operation in operations.values_mut() {
                *operation = mark(operation, Room::PathItem, with, version);
            }
        }
        Value::Object(entries) => {
            entries.entry(with).or_insert_with(|| json!(version.to_string()));
        }
        _ => {}
    }
    part
}
