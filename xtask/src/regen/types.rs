//! Checks of the annotations that determine the Rust type of a field, and of the order of fields.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Map, Value, json};

#[path = "../../../codegen/variant_names.rs"]
mod variant;

use variant::variant;

/// The annotations of fields that determine their Rust type.
const TYPES: [&str; 5] = ["x-timestamp", "x-duration", "x-never", "x-enum", "x-known-keys"];

/// Checks that each annotation is known, and is on a field that it applies to.
pub(super) fn annotations(document: &Value) -> Result<()> {
    let sets = sets(document);
    for (name, set) in &sets {
        self::set(set).with_context(|| format!("x-enums: {name}"))?;
        let schema = &document["components"]["schemas"][name];
        ensure!(schema.is_null(), "x-enums: {name}: a schema has the same name");
    }
    node(document, false, &sets)
}

/// Checks that the document uses each set of values, and that each `x-order` lists all fields.
pub(super) fn complete(document: &Value) -> Result<()> {
    let mut used = BTreeSet::new();
    uses(document, &mut used);
    for name in sets(document).keys() {
        ensure!(used.contains(name.as_str()), "x-enums: {name}: no field uses it");
    }
    for (name, schema) in document["components"]["schemas"].as_object().into_iter().flatten() {
        order(schema).with_context(|| format!("x-order of {name}"))?;
    }
    Ok(())
}

fn sets(document: &Value) -> Map<String, Value> {
    document["components"]["x-enums"].as_object().cloned().unwrap_or_default()
}

/// Checks a set of values: its description, and for each value a description and, if the name of the variant differs, a name.
fn set(set: &Value) -> Result<()> {
    ensure!(set["description"].is_string(), "no description");
    let values = set["values"].as_object().filter(|values| !values.is_empty()).context("no values")?;
    let mut names = BTreeSet::from(["Other".to_owned()]);
    for (value, text) in values {
        let (description, name) = if text.is_object() { (&text["description"], &text["name"]) } else { (text, text) };
        ensure!(description.is_string(), "value {value:?}: no description");
        let name = variant(name.as_str().filter(|_| text.is_object()).unwrap_or(value));
        let is_name = name.starts_with(|first: char| first.is_ascii_uppercase());
        ensure!(is_name, "value {value:?}: {name:?} is not a valid variant name; give it a `name`");
        ensure!(names.insert(name.clone()), "value {value:?}: duplicate variant {name}");
    }
    let default = set.get("default").and_then(Value::as_str);
    ensure!(default.is_none_or(|default| values.contains_key(default)), "the default is not one of the values");
    let numbers = values.keys().all(|value| value.parse::<i64>().is_ok());
    ensure!(default.is_none() || numbers, "only sets of numbers have a default; an absent string is `None`");
    Ok(())
}

fn node(node: &Value, is_field: bool, sets: &Map<String, Value>) -> Result<()> {
    match node {
        Value::Object(entries) => {
            for (name, field) in entries.get("properties").and_then(Value::as_object).into_iter().flatten() {
                self::field(field, sets).with_context(|| format!("property {name}"))?;
            }
            let stray = TYPES.iter().find(|annotation| entries.contains_key(**annotation) && !is_field);
            ensure!(stray.is_none(), "{} is not on a field", stray.unwrap_or(&""));
            entries.iter().filter(|(name, _)| *name != "example").try_for_each(|(name, value)| match value {
                Value::Object(fields) if name == "properties" => {
                    fields.values().try_for_each(|field| self::node(field, true, sets))
                }
                _ => self::node(value, false, sets),
            })
        }
        Value::Array(items) => items.iter().try_for_each(|item| self::node(item, false, sets)),
        _ => Ok(()),
    }
}

fn field(field: &Value, sets: &Map<String, Value>) -> Result<()> {
    let kinds = [field["format"] == "date-time", field.get("x-timestamp").is_some(), field.get("x-duration").is_some()];
    let kinds = kinds.into_iter().chain([field.get("x-enum").is_some()]).filter(|is_this| *is_this).count();
    ensure!(kinds <= 1, "a field has at most one of: timestamp, duration, value of a set");
    let unit = |annotation: &str, of: &Value, units: &[&str]| match of.as_str() {
        Some(unit) if units.contains(&unit) => Ok(()),
        _ => bail!("{annotation}: {of} is not one of {units:?}"),
    };
    if let Some(of) = field.get("x-timestamp") {
        let units: &[&str] = if field["type"] == "string" { &["rfc3339"] } else { &["seconds", "nanoseconds"] };
        unit("x-timestamp", of, units)?;
    }
    if let Some(of) = field.get("x-duration") {
        ensure!(field["type"] == "integer", "x-duration requires an integer");
        unit("x-duration", of, &["seconds", "milliseconds", "microseconds", "nanoseconds"])?;
    }
    if let Some(never) = field.get("x-never") {
        ensure!(*never == true && field["x-duration"] == "seconds", "x-never requires a duration in seconds");
    }
    if let Some(keys) = field.get("x-known-keys") {
        let counter = json!({ "type": "integer", "format": "uint64" });
        ensure!(field["additionalProperties"] == counter, "x-known-keys requires a map of uint64");
        let keys = keys.as_array().filter(|keys| !keys.is_empty() && keys.iter().all(Value::is_string));
        ensure!(keys.is_some(), "x-known-keys: not a list of strings");
    }
    if let Some(of) = field.get("x-enum") {
        let set = of.as_str().and_then(|name| sets.get(name));
        let set = set.with_context(|| format!("x-enum: {of} is not one of x-enums"))?;
        let number = set.get("default").is_some();
        let fits = field["type"] == if number { "integer" } else { "string" };
        ensure!(fits, "x-enum: {of} is a set of {}", if number { "numbers" } else { "strings" });
    }
    Ok(())
}

fn uses<'a>(node: &'a Value, used: &mut BTreeSet<&'a str>) {
    match node {
        Value::Object(entries) => {
            used.extend(entries.get("x-enum").and_then(Value::as_str));
            entries.values().for_each(|value| uses(value, used));
        }
        Value::Array(items) => items.iter().for_each(|item| uses(item, used)),
        _ => {}
    }
}

fn order(schema: &Value) -> Result<()> {
    let Some(order) = schema.get("x-order") else { return Ok(()) };
    let order = order.as_array().into_iter().flatten().filter_map(Value::as_str);
    let mut fields: BTreeSet<&str> =
        schema["properties"].as_object().into_iter().flatten().map(|(name, _)| &**name).collect();
    for name in order {
        ensure!(fields.remove(name), "{name} is not a field, or is listed twice");
    }
    ensure!(fields.is_empty(), "missing fields: {fields:?}; add them in the order in which engines send them");
    Ok(())
}
