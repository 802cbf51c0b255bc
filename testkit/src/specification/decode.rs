//! Decodes JSON like Go decodes it into the type of a schema.

use serde_json::{Map, Value};

use super::Specification;

impl Specification {
    /// Decodes `value` by the schema with this name: names of fields match regardless of case, and unknown fields and
    /// null are dropped. Returns the error message of an engine if a value is of another type.
    pub(crate) fn decoded(&self, schema: &str, value: &Value) -> Result<Value, String> {
        self.decode(&self.root["components"]["schemas"][schema], schema, value)
    }

    /// Decodes the value at `path`, which begins with the name of the schema.
    fn decode(&self, schema: &Value, path: &str, value: &Value) -> Result<Value, String> {
        let schema = self.resolved(schema);
        match (value, schema["type"].as_str()) {
            (Value::Object(entries), Some("object") | None) => {
                let properties = self.properties(schema);
                let mut decoded = Map::new();
                for (name, value) in entries.iter().filter(|(_, value)| !value.is_null()) {
                    let known = properties.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
                    if let Some((known, node)) = known {
                        decoded.insert((*known).clone(), self.decode(node, &format!("{path}.{known}"), value)?);
                    }
                }
                Ok(decoded.into())
            }
            (Value::Array(items), Some("array")) => {
                let items: Result<Vec<Value>, String> =
                    items.iter().map(|item| self.decode(&schema["items"], path, item)).collect();
                items.map(Value::Array)
            }
            (Value::Null, _)
            | (Value::String(_), Some("string"))
            | (Value::Bool(_), Some("boolean"))
            | (Value::Number(_), Some("integer" | "number")) => Ok(value.clone()),
            (value, kind) => Err(format!(
                "json: cannot unmarshal {} into Go struct field {path} of type {}",
                kind_of(value),
                kind.unwrap_or("object")
            )),
        }
    }
}

/// Go's name of the type of a JSON value.
fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::specification::SPECIFICATION;

    #[test]
    fn decoding_ignores_case_unknown_fields_and_null() {
        let body = json!({ "path": "/", "Kind": 0, "bogus": 1, "KIND": null });
        assert_eq!(SPECIFICATION.decoded("Change", &body), Ok(json!({ "Path": "/", "Kind": 0 })));
    }

    #[test]
    fn decoding_fails_for_values_of_another_type() {
        let error = SPECIFICATION.decoded("Change", &json!({ "path": 1 })).unwrap_err();
        assert_eq!(error, "json: cannot unmarshal number into Go struct field Change.Path of type string");
    }
}
