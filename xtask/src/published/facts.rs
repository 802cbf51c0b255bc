//! Extracts the names of operations, parameters, filters, headers and fields from a document.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// The form of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Swagger 2.0, of Docker's documents.
    Swagger,
    /// OpenAPI 3.0, of our document.
    OpenApi,
}

/// The names of one operation, by place: `query`, `filter`, `request HostConfig`, `response State.Health` and so on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Operation {
    pub(super) names: BTreeMap<String, BTreeSet<String>>,
    /// Names of the schemas at these places.
    pub(super) schemas: BTreeMap<String, String>,
}

/// The operations of `document`, by method and path.
pub(super) fn operations(document: &Value, form: Form) -> BTreeMap<String, Operation> {
    let mut found = BTreeMap::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        let shared = item["parameters"].as_array().map_or(&[][..], Vec::as_slice);
        let methods = item.as_object().into_iter().flatten().filter(|(key, _)| *key != "parameters");
        for (method, node) in methods {
            let id = node["operationId"].as_str().unwrap_or_default();
            let mut reader = Reader { document, form, id, found: Operation::default(), stack: Vec::new() };
            reader.operation(node, shared);
            found.insert(format!("{} {}", method.to_uppercase(), nameless(path)), reader.found);
        }
    }
    found
}

/// The path without the names of its parameters.
fn nameless(path: &str) -> String {
    let segments = path.split('/').map(|segment| if segment.starts_with('{') { "{}" } else { segment });
    segments.collect::<Vec<_>>().join("/")
}

/// Collects the names of one operation.
struct Reader<'a> {
    document: &'a Value,
    form: Form,
    /// The id of the operation.
    id: &'a str,
    found: Operation,
    /// The references on the path to the current schema, to stop recursion.
    stack: Vec<&'a str>,
}

impl<'a> Reader<'a> {
    fn operation(&mut self, node: &'a Value, shared: &'a [Value]) {
        let own = node["parameters"].as_array().map_or(&[][..], Vec::as_slice);
        for parameter in shared.iter().chain(own) {
            self.parameter(self.resolved(parameter));
        }
        if let Some(media) = first(&node["requestBody"]["content"]) {
            self.schema(&media["schema"], "request", "", false);
        }
        for status in ["200", "201"] {
            let response = self.resolved(&node["responses"][status]);
            for name in response["headers"].as_object().into_iter().flat_map(Map::keys) {
                self.add("response-header", &name.to_lowercase());
            }
            let schema = match self.form {
                Form::Swagger => Some(&response["schema"]),
                Form::OpenApi => first(&response["content"]).map(|media| &media["schema"]),
            };
            self.schema(schema.unwrap_or(&Value::Null), "response", "", false);
        }
    }

    fn parameter(&mut self, parameter: &'a Value) {
        let name = parameter["name"].as_str().unwrap_or_default();
        match parameter["in"].as_str() {
            Some("query") => self.add("query", name),
            Some("header") => self.add("header", &name.to_lowercase()),
            Some("body") => self.schema(&parameter["schema"], "request", "", false),
            _ => {}
        }
        if name == "filters" {
            let described = parameter["description"].as_str().unwrap_or_default().lines().flat_map(filters);
            let keys = parameter["x-filters"].as_object().into_iter().flat_map(Map::keys).cloned();
            for key in described.chain(keys) {
                self.add("filter", &key);
            }
        }
    }

    /// Adds the fields of `schema`, which is at `path` in a body. A list or map has the path of its items.
    fn schema(&mut self, schema: &'a Value, body: &str, path: &str, named: bool) {
        let place = format!("{body} {path}");
        let place = place.trim_end();
        if let Some(reference) = schema["$ref"].as_str() {
            if self.stack.contains(&reference) {
                return;
            }
            if let (false, Some(name)) = (named, reference.rsplit('/').next()) {
                self.found.schemas.insert(place.to_owned(), name.to_owned());
            }
            self.stack.push(reference);
            self.schema(self.resolved(schema), body, path, true);
            self.stack.pop();
            return;
        }
        for part in schema["allOf"].as_array().into_iter().flatten() {
            self.schema(part, body, path, named);
        }
        let held = [&schema["items"], &schema["additionalProperties"]];
        for held in held.into_iter().filter(|held| held.is_object()) {
            self.schema(held, body, path, false);
        }
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let is_read = property.get("x-read-by").is_none_or(|readers| readers.get(self.id).is_some());
            if body == "request" && !is_read {
                continue;
            }
            self.add(place, name);
            let inside = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            self.schema(property, body, &inside, false);
        }
    }

    fn add(&mut self, place: &str, name: &str) {
        self.found.names.entry(place.to_owned()).or_default().insert(name.to_owned());
    }

    fn resolved(&self, node: &'a Value) -> &'a Value {
        let pointer = node["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        pointer.and_then(|pointer| self.document.pointer(pointer)).unwrap_or(node)
    }
}

fn first(content: &Value) -> Option<&Value> {
    content.as_object().and_then(|content| content.values().next())
}

/// The names of filters in a line of a description, for example "- `before`=(`<id>`)" or "- `id=<ID>`, `name=<name>` …".
fn filters(line: &str) -> Vec<String> {
    let line = line.trim_start();
    let Some(mut rest) = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")).map(str::trim_start) else {
        return Vec::new();
    };
    let is_key = |symbol: char| symbol.is_ascii_alphabetic() || "_.!-".contains(symbol);
    let key = |text: &str| text.trim_matches('"').split(|symbol| !is_key(symbol)).next().unwrap_or_default().to_owned();
    let mut found = Vec::new();
    while let Some((quoted, after)) = rest.strip_prefix('`').and_then(|rest| rest.split_once('`')) {
        found.push(key(quoted));
        rest = after.trim_start();
        rest = [",", "or ", "|"].iter().find_map(|separator| rest.strip_prefix(separator)).unwrap_or(rest).trim_start();
    }
    if found.is_empty() && rest.starts_with(is_key) && rest[key(rest).len()..].starts_with('=') {
        found.push(key(rest));
    }
    found.retain(|key| !key.is_empty());
    found
}
