//! Checks of the document of each version.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value};

use super::types;

/// Fails if a file contains `x-since` or `x-until`, which are derived. Hand-written ones would not be checked.
pub(super) fn no_version_annotations(node: &Value) -> Result<()> {
    match node {
        Value::Object(entries) => {
            for (key, value) in entries {
                ensure!(key != "x-since" && key != "x-until", "{key} is derived by regen; do not write it");
                no_version_annotations(value)?;
            }
            Ok(())
        }
        Value::Array(items) => items.iter().try_for_each(no_version_annotations),
        _ => Ok(()),
    }
}

/// Checks that references resolve, that operation ids are unique, and that everything has a description.
pub(super) fn document(document: &Value) -> Result<()> {
    ensure!(document["openapi"] == "3.0.3", "not an OpenAPI 3.0.3 document");
    references(document, document)?;
    let operations = operations(document)?;
    read_by(&operations, document)?;
    types::annotations(document)?;
    let schemas = document["components"]["schemas"].as_object().context("no schemas")?;
    for (name, schema) in schemas {
        described(schema).with_context(|| format!("schema {name}"))?;
        ensure!(schema.get("example").is_some(), "schema {name}: no example");
    }
    Ok(())
}

fn references(document: &Value, node: &Value) -> Result<()> {
    match node {
        Value::Object(entries) => {
            if let Some(reference) = entries.get("$ref") {
                let target = reference.as_str().and_then(|text| text.strip_prefix('#'));
                ensure!(
                    target.is_some_and(|pointer| document.pointer(pointer).is_some()),
                    "dangling reference {reference}"
                );
            }
            entries.values().try_for_each(|value| references(document, value))
        }
        Value::Array(items) => items.iter().try_for_each(|item| references(document, item)),
        _ => Ok(()),
    }
}

/// Checks the operations, and returns their ids.
fn operations(document: &Value) -> Result<BTreeSet<String>> {
    let tags: BTreeSet<&str> =
        document["tags"].as_array().into_iter().flatten().filter_map(|tag| tag["name"].as_str()).collect();
    let mut seen = BTreeMap::new();
    for (path, item) in document["paths"].as_object().context("no paths")? {
        for (method, operation) in item.as_object().context(path.clone())? {
            let place = format!("{method} {path}");
            let id = operation["operationId"].as_str().with_context(|| format!("{place}: no operationId"))?;
            if let Some(other) = seen.insert(id.to_owned(), place.clone()) {
                bail!("operationId {id} is at {other} and at {place}");
            }
            let tag = operation["tags"][0].as_str().unwrap_or_default();
            ensure!(tags.contains(tag), "{id}: unknown tag {tag:?}");
            ensure!(operation["summary"].is_string(), "{id}: no summary");
            path_parameters(document, path, operation).with_context(|| id.to_owned())?;
        }
    }
    Ok(seen.into_keys().collect())
}

/// Checks that each operation in an `x-read-by` exists.
fn read_by(operations: &BTreeSet<String>, node: &Value) -> Result<()> {
    match node {
        Value::Object(entries) => entries.iter().try_for_each(|(key, value)| {
            if key == "x-read-by" {
                let unknown = value.as_object().into_iter().flat_map(Map::keys).find(|id| !operations.contains(*id));
                ensure!(unknown.is_none(), "unknown operation in x-read-by: {}", unknown.map_or("", String::as_str));
            }
            read_by(operations, value)
        }),
        Value::Array(items) => items.iter().try_for_each(|item| read_by(operations, item)),
        _ => Ok(()),
    }
}

fn path_parameters(document: &Value, path: &str, operation: &Value) -> Result<()> {
    let in_path: BTreeSet<&str> =
        path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')).collect();
    let declared: BTreeSet<&str> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|parameter| resolved(document, parameter))
        .filter(|parameter| parameter["in"] == "path")
        .filter_map(|parameter| parameter["name"].as_str())
        .collect();
    ensure!(in_path == declared, "the path has {in_path:?}, the parameters are {declared:?}");
    Ok(())
}

/// The node that `node` refers to, or `node` itself.
pub(super) fn resolved<'a>(document: &'a Value, node: &'a Value) -> &'a Value {
    let target = node["$ref"].as_str().and_then(|text| text.strip_prefix('#'));
    target.and_then(|pointer| document.pointer(pointer)).unwrap_or(node)
}

/// Checks that a schema and each of its properties has a description, or refers to a schema.
fn described(schema: &Value) -> Result<()> {
    ensure!(schema["description"].is_string() || schema.get("$ref").is_some(), "no description");
    let inline = schema["allOf"].as_array().into_iter().flatten();
    for part in inline.chain([schema]) {
        for (name, property) in part["properties"].as_object().into_iter().flatten() {
            described(property).with_context(|| format!("property {name}"))?;
        }
    }
    Ok(())
}
