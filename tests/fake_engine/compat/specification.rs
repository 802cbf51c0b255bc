//! The fields that the OpenAPI document has at a version.

use std::{fs, path::Path, sync::LazyLock};

use dockerclient::ApiVersion;
use serde_json::{Value, json};

/// The schemas of fixtures, by name of the fixture.
pub(super) const SCHEMAS: [(&str, &str); 9] = [
    ("version", "Version"),
    ("info", "Info"),
    ("disk", "DiskUsage"),
    ("list", "ContainerSummary"),
    ("inspect", "ContainerInspect"),
    ("images", "ImageSummary"),
    ("image", "ImageInspect"),
    ("events", "Event"),
    ("stats", "Stats"),
];

static SPECIFICATION: LazyLock<Value> = LazyLock::new(|| {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("spec/docker.json");
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
});

/// The fields in the JSON values of `body` that the schema does not have at `version`.
pub(super) fn unknown_fields(schema: &str, body: &str, version: ApiVersion) -> Vec<String> {
    let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
    let mut found = Vec::new();
    for value in serde_json::Deserializer::from_str(body).into_iter::<Value>() {
        check(&schema, &value.unwrap(), version, "", &mut found);
    }
    found.sort();
    found
}

fn check(schema: &Value, value: &Value, version: ApiVersion, path: &str, found: &mut Vec<String>) {
    let reference = schema["$ref"].as_str().or_else(|| schema["allOf"][0]["$ref"].as_str());
    let schema = reference.map_or(schema, |pointer| SPECIFICATION.pointer(&pointer[1..]).unwrap());
    match value {
        Value::Array(items) => {
            let item = schema.get("items").unwrap_or(schema);
            items.iter().for_each(|value| check(item, value, version, path, found));
        }
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = format!("{path}.{name}");
                let property = schema["properties"].get(name).filter(|property| is_known(property, version));
                match property.or_else(|| schema.get("additionalProperties")) {
                    Some(property) => check(property, value, version, &path, found),
                    None => found.push(path),
                }
            }
        }
        _ => {}
    }
}

fn is_known(property: &Value, version: ApiVersion) -> bool {
    let version_of = |name: &str| property[name].as_str().map(|text| text.parse::<ApiVersion>().unwrap());
    version_of("x-since").is_none_or(|since| since <= version)
        && version_of("x-until").is_none_or(|until| version <= until)
}
