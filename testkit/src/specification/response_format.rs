//! Completes responses by the specification: fields that a handler did not set get empty values.

use dockerclient::ApiVersion;
use serde_json::{Map, Value, json};

use super::{Operation, SPECIFICATION, Span, Specification};

/// The versions that determine the fields of a response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ResponseFormat {
    /// The newest API version that the engine supports.
    pub(crate) newest: ApiVersion,
    /// The API version of the request.
    pub(crate) version: ApiVersion,
    /// Whether fields that the specification does not have are removed.
    pub(crate) omits_unknown: bool,
}

impl ResponseFormat {
    /// Completes the body of the response `status` of `operation`.
    pub(crate) fn complete(self, operation: &Operation, status: u16, mut body: Value) -> Value {
        let response = SPECIFICATION.resolved(&operation.node["responses"][status.to_string()]);
        SPECIFICATION.fill(&response["content"]["application/json"]["schema"], self, &mut body);
        body
    }
}

impl Specification {
    fn fill(&self, schema: &Value, format: ResponseFormat, value: &mut Value) {
        let schema = self.resolved(schema);
        match value {
            Value::Object(entries) => self.fill_object(schema, format, entries),
            Value::Array(items) => items.iter_mut().for_each(|item| self.fill(&schema["items"], format, item)),
            _ => {}
        }
    }

    fn fill_object(&self, schema: &Value, format: ResponseFormat, entries: &mut Map<String, Value>) {
        let properties = self.properties(schema);
        for (name, node) in &properties {
            let sent = Span::of(node).is_sent_by(format.newest, format.version);
            if let Some(value) = entries.get_mut(*name) {
                self.fill(node, format, value);
            } else if sent && node["x-optional"] != true {
                entries.insert((*name).clone(), self.empty(node, format));
            }
        }
        if schema["additionalProperties"].is_object() {
            entries.values_mut().for_each(|value| self.fill(&schema["additionalProperties"], format, value));
        } else if format.omits_unknown && !properties.is_empty() {
            entries.retain(|name, _| {
                let mut known = properties.iter().filter(|(known, _)| *known == name);
                known.any(|(_, node)| Span::of(node).is_sent_by(format.newest, format.version))
            });
        }
    }

    /// The zero value that Go sends for a field that was never set.
    fn empty(&self, schema: &Value, format: ResponseFormat) -> Value {
        let schema = self.resolved(schema);
        if schema["nullable"] == true {
            return Value::Null;
        }
        match schema["type"].as_str() {
            Some("string") if schema["format"] == "date-time" => json!("0001-01-01T00:00:00Z"),
            Some("string") => json!(""),
            Some("integer" | "number") => json!(0),
            Some("boolean") => json!(false),
            Some("array") => json!([]),
            _ if schema["oneOf"].is_array() => self.empty(&schema["oneOf"][0], format),
            _ => {
                let mut object = json!({});
                self.fill(schema, format, &mut object);
                object
            }
        }
    }
}
