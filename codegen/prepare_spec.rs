//! Simplifies the OpenAPI document to what progenitor supports.

use serde_json::{Map, Value, json};

/// Returns `document` without the parts that progenitor does not support or that the hand-written code handles.
pub(crate) fn prepared(document: &Value) -> Value {
    let mut document = document.clone();
    operations(&mut document["paths"]);
    schema(&mut document["components"]["schemas"]);
    document
}

fn operations(paths: &mut Value) {
    let items = paths.as_object_mut().into_iter().flat_map(Map::values_mut);
    for operation in items.flat_map(|item| item.as_object_mut().into_iter().flat_map(Map::values_mut)) {
        if operation["x-hijack"] == true {
            remove_headers(operation);
        }
        if let Some(Value::Object(body)) = operation.pointer_mut("/requestBody/content/application~1json/schema") {
            body.remove("nullable");
        }
        operation["responses"] = success(operation);
    }
}

/// The requests of hijacked connections set all of their headers, some of which are repeated.
fn remove_headers(operation: &mut Value) {
    if let Some(parameters) = operation.get_mut("parameters").and_then(Value::as_array_mut) {
        parameters.retain(|parameter| parameter["in"] != "header");
    }
}

/// One success and no errors: the hooks handle all unsuccessful responses.
fn success(operation: &Value) -> Value {
    let empty = json!({ "2XX": { "description": "Done." } });
    if operation["x-hijack"] == true {
        return empty;
    }
    for status in ["200", "201"] {
        let content = operation["responses"][status]["content"].as_object();
        let Some((media_type, media)) = content.and_then(|content| content.iter().next()) else { continue };
        let single = media_type == "application/json" && media["x-stream"] != true;
        return if single {
            let mut media = media.clone();
            schema(&mut media["schema"]);
            json!({ status: { "description": "Done.", "content": { "application/json": media } } })
        } else {
            json!({ "2XX": { "description": "Done.", "content": { "application/octet-stream": {} } } })
        };
    }
    empty
}

/// Removes the parts of schemas that lenient decoding ignores.
fn schema(node: &mut Value) {
    if let Some(entries) = node.as_object_mut() {
        for key in ["required", "nullable", "example"] {
            entries.remove(key);
        }
        if entries.get("format").is_some_and(|format| format == "date-time") {
            entries.remove("format");
        }
        if entries.remove("oneOf").is_some() {
            entries.insert("type".into(), json!("boolean"));
        }
        if entries.contains_key("x-set") {
            entries.remove("additionalProperties");
            entries.insert("type".into(), json!("array"));
            entries.insert("items".into(), json!({ "type": "string" }));
        }
        match entries.remove("allOf") {
            Some(Value::Array(parts)) if parts.len() == 1 => *node = parts[0].clone(),
            Some(Value::Array(parts)) => extended(entries, &parts),
            _ => {}
        }
    }
    match node {
        Value::Object(entries) => entries.values_mut().for_each(schema),
        Value::Array(items) => items.iter_mut().for_each(schema),
        _ => {}
    }
}

/// Converts `allOf` to a flattened field `config` and the other fields.
fn extended(entries: &mut Map<String, Value>, parts: &[Value]) {
    let mut properties = Map::new();
    for part in parts {
        match &part["properties"] {
            Value::Object(own) => properties.extend(own.clone()),
            _ => {
                properties.insert("config".into(), part.clone());
            }
        }
    }
    entries.insert("type".into(), json!("object"));
    entries.insert("properties".into(), Value::Object(properties));
}
