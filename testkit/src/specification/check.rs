//! Checks requests against the specification.

use dockerclient::ApiVersion;
use serde_json::{Map, Value};

use super::{Operation, Span, Specification};
use crate::Request;

/// A filter of tasks that the specification leaves out: engines have it for clients that wait for an update.
const UP_TO_DATE: &str = "_up-to-date";

/// The operation and the API version of a request body.
#[derive(Clone, Copy)]
struct Call<'a> {
    operation: &'a Operation,
    version: ApiVersion,
}

impl Call<'_> {
    /// Whether the engine reads this field.
    fn reads(self, field: &Value) -> bool {
        let reader = field.get("x-read-by").map(|readers| readers.get(&self.operation.id));
        let is_read = |reader: Option<&Value>| reader.is_some_and(|node| Span::of(node).contains(self.version));
        Span::of(field).contains(self.version) && reader.is_none_or(is_read)
    }
}

impl Specification {
    /// Whether an operation has this parameter at `version`.
    pub(crate) fn has_parameter(&self, operation: &Operation, version: ApiVersion, name: &str) -> bool {
        self.parameters(operation).any(|node| node["name"] == name && Span::of(node).contains(version))
    }

    /// Describes the ways in which a request does not match `operation` at `version`.
    pub(crate) fn violations(&self, operation: &Operation, version: ApiVersion, request: &Request) -> Vec<String> {
        if !operation.span.contains(version) {
            return vec![format!("API {version} has no operation {}", operation.id)];
        }
        let mut found = self.parameter_violations(operation, version, request);
        found.extend(self.body_violations(operation, version, request));
        found
    }

    /// Whether an engine that supports `newest` has this key of `filters`.
    pub(crate) fn has_filter(&self, operation: &Operation, newest: ApiVersion, key: &str) -> bool {
        let mut filters = self.parameters(operation).filter_map(|node| node["x-filters"].as_object());
        filters.any(|keys| match keys.get(key) {
            Some(node) => !Span::of(node).begins_after(newest),
            None => is_internal(keys, key),
        })
    }

    fn parameter_violations(&self, operation: &Operation, version: ApiVersion, request: &Request) -> Vec<String> {
        let known: Vec<&Value> = self
            .parameters(operation)
            .filter(|node| node["in"] == "query" && Span::of(node).contains(version))
            .collect();
        let given = request.parameters();
        let mut found = Vec::new();
        for (name, value) in &given {
            match known.iter().find(|node| node["name"] == **name) {
                None => found.push(format!("{} at API {version} has no parameter {name:?}", operation.id)),
                Some(node) => {
                    if !is_of_type(&node["schema"], value) {
                        found.push(format!(
                            "the parameter {name:?} is {value:?}, not of type {}",
                            node["schema"]["type"]
                        ));
                    }
                    found.extend(node["x-filters"].as_object().and_then(|keys| unknown_filter(keys, version, value)));
                }
            }
        }
        let missing = known.iter().filter(|node| node["required"] == true).filter_map(|node| node["name"].as_str());
        let missing = missing.filter(|name| !given.iter().any(|(given, _)| given == name));
        found.extend(missing.map(|name| format!("{} requires the parameter {name:?}", operation.id)));
        found
    }

    fn body_violations(&self, operation: &Operation, version: ApiVersion, request: &Request) -> Vec<String> {
        let node = &operation.node["requestBody"];
        let schema = &node["content"]["application/json"]["schema"];
        if request.bytes.is_empty() {
            let needed = node["required"] == true && Span::of(node).contains(version) && schema.is_object();
            return if needed { vec![format!("{} requires a body", operation.id)] } else { vec![] };
        }
        if node.is_null() {
            // Some clients send an empty object with every POST request.
            let empty =
                request.json().is_some_and(|body| body.is_null() || body.as_object().is_some_and(Map::is_empty));
            return if empty { vec![] } else { vec![format!("{} does not accept a body", operation.id)] };
        }
        if !schema.is_object() {
            return vec![];
        }
        if !request.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
            return vec![format!("{} requires the content type application/json", operation.id)];
        }
        match serde_json::from_slice(&request.bytes) {
            Ok(body) => {
                let mut found = Vec::new();
                let call = Call { operation, version };
                self.value(schema, call, &body, "", &mut found);
                found
            }
            Err(error) => vec![format!("the body is not valid JSON: {error}")],
        }
    }

    /// Adds the violations of `value`, whose path in the body is `path`, to `found`.
    fn value(&self, schema: &Value, call: Call<'_>, value: &Value, path: &str, found: &mut Vec<String>) {
        let schema = self.resolved(schema);
        if let Some(kinds) = schema["oneOf"].as_array() {
            let fits = |kind: &Value| {
                let mut wrong = Vec::new();
                self.value(kind, call, value, path, &mut wrong);
                wrong.is_empty()
            };
            if !kinds.iter().any(fits) {
                found.push(format!("the field {path:?} has none of the allowed types"));
            }
            return;
        }
        let parts = schema["allOf"].is_array();
        match (value, schema["type"].as_str()) {
            // Go leaves a field unchanged when it decodes null.
            (Value::Null, _) => {}
            (Value::Object(entries), Some("object") | None) => {
                self.object(schema, call, entries, path, found);
            }
            (Value::Array(items), Some("array")) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(&schema["items"], call, item, &format!("{path}[{index}]"), found);
                }
            }
            (Value::String(_), Some("string"))
            | (Value::Bool(_), Some("boolean"))
            | (Value::Number(_), Some("number")) => {}
            (Value::Number(number), Some("integer")) if !number.is_f64() => {}
            (_, None) if !parts => {}
            (_, kind) => {
                found.push(format!("the field {path:?} is {value}, not of type {}", kind.unwrap_or("object")));
            }
        }
    }

    fn object(
        &self,
        schema: &Value,
        call: Call<'_>,
        entries: &Map<String, Value>,
        path: &str,
        found: &mut Vec<String>,
    ) {
        let properties = self.properties(schema);
        let open = &schema["additionalProperties"];
        for (name, value) in entries {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            let mut known = properties.iter().filter(|(known, _)| *known == name).map(|(_, node)| node);
            match known.rfind(|node| call.reads(node)) {
                Some(node) => self.value(node, call, value, &path, found),
                None if open.is_object() => self.value(open, call, value, &path, found),
                None if properties.is_empty() => {}
                None => found.push(format!("API {} has no field {path:?} here", call.version)),
            }
        }
    }
}

/// Whether `key` is a filter that the specification leaves out, of an operation with these filters.
fn is_internal(filters: &Map<String, Value>, key: &str) -> bool {
    key == UP_TO_DATE && filters.contains_key("desired-state")
}

fn unknown_filter(keys: &Map<String, Value>, version: ApiVersion, filters: &str) -> Option<String> {
    let Ok(Value::Object(given)) = serde_json::from_str(filters) else {
        return Some(format!("the filters are not a JSON object: {filters}"));
    };
    let known = |key: &String| match keys.get(key) {
        Some(node) => Span::of(node).contains(version),
        None => is_internal(keys, key),
    };
    let unknown = given.keys().find(|key| !known(key))?;
    Some(format!("API {version} has no filter {unknown:?} here"))
}

fn is_of_type(schema: &Value, value: &str) -> bool {
    match schema["type"].as_str() {
        Some("integer") => value.is_empty() || value.parse::<i64>().is_ok(),
        Some("boolean") => matches!(value.to_lowercase().as_str(), "" | "0" | "1" | "true" | "false"),
        _ => true,
    }
}
