//! What does not fit the document in a request.

use dockerclient::ApiVersion;
use serde_json::{Map, Value};

use super::{Document, Operation, Span};
use crate::Request;

impl Document {
    /// Whether an operation has this parameter at `version`.
    pub(crate) fn knows_parameter(&self, operation: &Operation, version: ApiVersion, name: &str) -> bool {
        self.parameters(operation).any(|node| node["name"] == name && Span::of(node).contains(version))
    }

    /// What is wrong with a request for `operation` at `version`; nothing, if all is well.
    pub(crate) fn complaints(&self, operation: &Operation, version: ApiVersion, request: &Request) -> Vec<String> {
        if !operation.span.contains(version) {
            return vec![format!("API {version} has no operation {}", operation.id)];
        }
        let mut found = self.parameter_complaints(operation, version, request);
        found.extend(self.body_complaints(operation, version, request));
        found
    }

    fn parameter_complaints(&self, operation: &Operation, version: ApiVersion, request: &Request) -> Vec<String> {
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
        found.extend(missing.map(|name| format!("{} needs the parameter {name:?}", operation.id)));
        found
    }

    fn body_complaints(&self, operation: &Operation, version: ApiVersion, request: &Request) -> Vec<String> {
        let node = &operation.node["requestBody"];
        let schema = &node["content"]["application/json"]["schema"];
        if request.bytes.is_empty() {
            let needed = node["required"] == true && Span::of(node).contains(version) && schema.is_object();
            return if needed { vec![format!("{} needs a body", operation.id)] } else { vec![] };
        }
        if node.is_null() {
            // Some clients send an empty object with every POST.
            let empty =
                request.json().is_some_and(|body| body.is_null() || body.as_object().is_some_and(Map::is_empty));
            return if empty { vec![] } else { vec![format!("{} takes no body", operation.id)] };
        }
        if !schema.is_object() {
            return vec![];
        }
        if !request.header("content-type").is_some_and(|kind| kind.starts_with("application/json")) {
            return vec![format!("{} wants the content type application/json", operation.id)];
        }
        match serde_json::from_slice(&request.bytes) {
            Ok(body) => {
                let mut found = Vec::new();
                self.value(schema, version, &body, "", &mut found);
                found
            }
            Err(error) => vec![format!("the body is no JSON: {error}")],
        }
    }

    /// Adds to `found` what does not fit in `value`, which stands at `place`.
    fn value(&self, schema: &Value, version: ApiVersion, value: &Value, place: &str, found: &mut Vec<String>) {
        let schema = self.resolved(schema);
        if let Some(kinds) = schema["oneOf"].as_array() {
            let fits = |kind: &Value| {
                let mut wrong = Vec::new();
                self.value(kind, version, value, place, &mut wrong);
                wrong.is_empty()
            };
            if !kinds.iter().any(fits) {
                found.push(format!("the field {place:?} is none of what it may be"));
            }
            return;
        }
        let parts = schema["allOf"].is_array();
        match (value, schema["type"].as_str()) {
            // What Go decodes null into is left as it is.
            (Value::Null, _) => {}
            (Value::Object(entries), Some("object") | None) => {
                self.object(schema, version, entries, place, found);
            }
            (Value::Array(items), Some("array")) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(&schema["items"], version, item, &format!("{place}[{index}]"), found);
                }
            }
            (Value::String(_), Some("string"))
            | (Value::Bool(_), Some("boolean"))
            | (Value::Number(_), Some("number")) => {}
            (Value::Number(number), Some("integer")) if !number.is_f64() => {}
            (_, None) if !parts => {}
            (_, kind) => {
                found.push(format!("the field {place:?} is {value}, not of type {}", kind.unwrap_or("object")));
            }
        }
    }

    fn object(
        &self,
        schema: &Value,
        version: ApiVersion,
        entries: &Map<String, Value>,
        place: &str,
        found: &mut Vec<String>,
    ) {
        let properties = self.properties(schema);
        let open = &schema["additionalProperties"];
        for (name, value) in entries {
            let place = if place.is_empty() { name.clone() } else { format!("{place}.{name}") };
            let mut known = properties.iter().filter(|(known, _)| *known == name).map(|(_, node)| node);
            match known.rfind(|node| Span::of(node).contains(version)) {
                Some(node) => self.value(node, version, value, &place, found),
                None if open.is_object() => self.value(open, version, value, &place, found),
                None if properties.is_empty() => {}
                None => found.push(format!("API {version} has no field {place:?} here")),
            }
        }
    }
}

fn unknown_filter(keys: &Map<String, Value>, version: ApiVersion, filters: &str) -> Option<String> {
    let Ok(Value::Object(given)) = serde_json::from_str(filters) else {
        return Some(format!("the filters are no JSON object: {filters}"));
    };
    let known = |key: &String| keys.get(key).is_some_and(|node| Span::of(node).contains(version));
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
