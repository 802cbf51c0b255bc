//! Field names in the schemas of a specification.

use serde_json::{Map, Value};

/// Fields of responses that the specification leaves out, by schema and name: they belong to swarm mode.
const LEFT_OUT: [(&str, &str); 1] = [("Info", "Swarm")];

/// The schemas of a specification.
pub(super) struct Names(Map<String, Value>);

impl Names {
    pub(super) fn of(specification: &Value) -> Self {
        Self(specification["components"]["schemas"].as_object().cloned().unwrap_or_default())
    }

    /// Returns the paths of the fields in `value` that its schema does not have.
    pub(super) fn unknown(&self, schema: &Value, value: &Value) -> Vec<String> {
        let mut found = Vec::new();
        self.collect_unknown(schema, value, "", &mut found);
        found
    }

    fn collect_unknown(&self, schema: &Value, value: &Value, path: &str, found: &mut Vec<String>) {
        let parts = self.parts(schema);
        match value {
            Value::Array(items) => {
                let item = parts.iter().find_map(|(_, part)| part.get("items")).unwrap_or(&Value::Null);
                items.iter().for_each(|value| self.collect_unknown(item, value, path, found));
            }
            Value::Object(fields) if parts.iter().any(|(_, part)| is_described(part)) => {
                for (name, value) in fields {
                    let path = format!("{path}/{name}");
                    let is_left_out = parts.iter().any(|(schema, _)| LEFT_OUT.contains(&(*schema, &**name)));
                    match parts.iter().find_map(|(_, part)| field(part, name)) {
                        Some(property) => self.collect_unknown(property, value, &path, found),
                        None if is_left_out => {}
                        None => found.push(path),
                    }
                }
            }
            _ => {}
        }
    }

    /// Returns the schemas that `schema` is composed of (`allOf`), each with its name.
    fn parts<'a>(&'a self, schema: &'a Value) -> Vec<(&'a str, &'a Value)> {
        let name = schema["$ref"].as_str().and_then(|reference| reference.rsplit('/').next()).unwrap_or_default();
        let schema = self.0.get(name).unwrap_or(schema);
        let parts = schema["allOf"].as_array().into_iter().flatten().flat_map(|part| self.parts(part));
        parts.chain([(name, schema)]).collect()
    }
}

/// Whether the schema lists the fields of an object, or has a schema for their values.
fn is_described(schema: &Value) -> bool {
    schema["properties"].is_object() || schema["additionalProperties"].is_object()
}

/// Returns the schema of the field `name`, which may be an alias (`x-aliases`).
fn field<'a>(schema: &'a Value, name: &str) -> Option<&'a Value> {
    let properties = schema["properties"].as_object();
    let is_alias = |property: &Value| {
        let aliases = property["x-aliases"].as_array();
        aliases.into_iter().flatten().any(|alias| alias == name)
    };
    let by_name = properties.and_then(|properties| properties.get(name));
    let by_alias = || properties.into_iter().flat_map(Map::values).find(|property| is_alias(property));
    by_name.or_else(by_alias).or_else(|| schema.get("additionalProperties").filter(|values| values.is_object()))
}

#[test]
fn unknown_fields_are_found_at_any_depth() {
    let specification = serde_json::json!({ "components": { "schemas": {
        "List": { "properties": { "Items": { "type": "array", "items": { "$ref": "#/components/schemas/Item" } } } },
        "Item": { "allOf": [{ "$ref": "#/components/schemas/Named" }, { "properties": {
            " Parents": { "x-aliases": ["Parents"] },
            "Labels": { "additionalProperties": { "type": "string" } },
            "Any": {},
        } }] },
        "Named": { "properties": { "Name": {} } },
    } } });
    let names = Names::of(&specification);
    let unknown = |value: Value| names.unknown(&serde_json::json!({ "$ref": "#/components/schemas/List" }), &value);
    let known = serde_json::json!({ "Items": [
        { "Name": "a", " Parents": [], "Labels": { "a": "b" }, "Any": { "a": 1 } }, { "Parents": [] },
    ] });
    assert_eq!(unknown(known), [""; 0]);
    let items = serde_json::json!({ "Items": [{ "Name": "a" }, { " Name": "a", "Any": 1 }], "Count": 1 });
    assert_eq!(unknown(items), ["/Items/ Name", "/Count"]);
}
