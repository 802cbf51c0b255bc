//! What must hold for the document of every single version.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// `x-since` and `x-until` are derived; whoever writes them by hand would be believed.
pub(super) fn no_marks(node: &Value) -> Result<()> {
    match node {
        Value::Object(entries) => {
            for (key, value) in entries {
                ensure!(key != "x-since" && key != "x-until", "{key} is derived by regen; do not write it");
                no_marks(value)?;
            }
            Ok(())
        }
        Value::Array(items) => items.iter().try_for_each(no_marks),
        _ => Ok(()),
    }
}

/// References resolve, operations are named once, and everything says what it is.
pub(super) fn document(document: &Value) -> Result<()> {
    ensure!(document["openapi"] == "3.0.3", "not an OpenAPI 3.0.3 document");
    references(document, document)?;
    operations(document)?;
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

fn operations(document: &Value) -> Result<()> {
    let tags: BTreeSet<&str> =
        document["tags"].as_array().into_iter().flatten().filter_map(|tag| tag["name"].as_str()).collect();
    let mut seen = BTreeMap::new();
    for (path, item) in document["paths"].as_object().context("no paths")? {
        for (method, operation) in item.as_object().context(path.clone())? {
            let place = format!("{method} {path}");
            let id = operation["operationId"].as_str().with_context(|| format!("{place}: no operationId"))?;
            if let Some(other) = seen.insert(id.to_owned(), place.clone()) {
                bail!("operationId {id} stands at {other} and at {place}");
            }
            let tag = operation["tags"][0].as_str().unwrap_or_default();
            ensure!(tags.contains(tag), "{id}: unknown tag {tag:?}");
            ensure!(operation["summary"].is_string(), "{id}: no summary");
            path_parameters(document, path, operation).with_context(|| id.to_owned())?;
        }
    }
    Ok(())
}

fn path_parameters(document: &Value, path: &str, operation: &Value) -> Result<()> {
    let wanted: BTreeSet<&str> =
        path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}')).collect();
    let declared: BTreeSet<&str> = operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|parameter| resolved(document, parameter))
        .filter(|parameter| parameter["in"] == "path")
        .filter_map(|parameter| parameter["name"].as_str())
        .collect();
    ensure!(wanted == declared, "the path has {wanted:?}, the parameters are {declared:?}");
    Ok(())
}

/// What `node` refers to, or `node` itself.
pub(super) fn resolved<'a>(document: &'a Value, node: &'a Value) -> &'a Value {
    let target = node["$ref"].as_str().and_then(|text| text.strip_prefix('#'));
    target.and_then(|pointer| document.pointer(pointer)).unwrap_or(node)
}

/// A schema and each of its properties has a description, or is one elsewhere.
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
