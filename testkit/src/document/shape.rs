//! Answers in the shape that the document gives them: what a handler does not know is there, and empty.

use dockerclient::ApiVersion;
use serde_json::{Map, Value, json};

use super::{DOCUMENT, Document, Operation, Span};

/// For whom an answer is shaped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// The newest version that the engine knows.
    pub(crate) newest: ApiVersion,
    /// The version that is spoken.
    pub(crate) spoken: ApiVersion,
    /// Leave out what the document does not name.
    pub(crate) old: bool,
}

impl Shape {
    /// The body of the answer `status` of `operation`, made of what is known.
    pub(crate) fn document(self, operation: &Operation, status: u16, mut known: Value) -> Value {
        let response = DOCUMENT.resolved(&operation.node["responses"][status.to_string()]);
        DOCUMENT.fill(&response["content"]["application/json"]["schema"], self, &mut known);
        known
    }
}

impl Document {
    fn fill(&self, schema: &Value, shape: Shape, value: &mut Value) {
        let schema = self.resolved(schema);
        match value {
            Value::Object(entries) => self.fill_object(schema, shape, entries),
            Value::Array(items) => items.iter_mut().for_each(|item| self.fill(&schema["items"], shape, item)),
            _ => {}
        }
    }

    fn fill_object(&self, schema: &Value, shape: Shape, entries: &mut Map<String, Value>) {
        let properties = self.properties(schema);
        for (name, node) in &properties {
            let sent = Span::of(node).is_sent_by(shape.newest, shape.spoken);
            if let Some(value) = entries.get_mut(*name) {
                self.fill(node, shape, value);
            } else if sent && node["x-optional"] != true {
                entries.insert((*name).clone(), self.empty(node, shape));
            }
        }
        if schema["additionalProperties"].is_object() {
            entries.values_mut().for_each(|value| self.fill(&schema["additionalProperties"], shape, value));
        } else if shape.old && !properties.is_empty() {
            entries.retain(|name, _| {
                let mut known = properties.iter().filter(|(known, _)| *known == name);
                known.any(|(_, node)| Span::of(node).is_sent_by(shape.newest, shape.spoken))
            });
        }
    }

    /// What Go sends for a field that was never set.
    fn empty(&self, schema: &Value, shape: Shape) -> Value {
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
            _ if schema["oneOf"].is_array() => self.empty(&schema["oneOf"][0], shape),
            _ => {
                let mut object = json!({});
                self.fill(schema, shape, &mut object);
                object
            }
        }
    }
}
