//! The OpenAPI document of one API version, as `cargo xtask regen` composes it.

use std::{fs, path::Path, sync::Arc};

use dockerclient::ApiVersion;
use http::{
    Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
    request, response,
};
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use super::names::Names;

pub(super) struct Specification {
    root: Value,
    /// Fields of this version.
    names: Arc<Names>,
    /// Fields of all versions.
    all_names: Arc<Names>,
    version: String,
    prefix: String,
}

/// One operation of the specification.
pub(super) struct Operation<'a> {
    specification: &'a Specification,
    node: &'a Value,
}

impl Specification {
    pub(super) fn of(version: ApiVersion) -> Self {
        let read = |path: &str| {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
            let text = fs::read_to_string(path).expect("`cargo xtask regen` writes the specification of each version");
            serde_json::from_str::<Value>(&text).unwrap()
        };
        let root = read(&format!("target/spec/v{version}.json"));
        Self {
            names: Arc::new(Names::of(&root)),
            all_names: Arc::new(Names::of(&read("spec/docker.json"))),
            root,
            version: version.to_string(),
            prefix: format!("/v{version}"),
        }
    }

    /// Finds the operation of a request.
    pub(super) fn operation(&self, request: &request::Parts) -> Option<Operation<'_>> {
        let path = request.uri.path().strip_prefix(&self.prefix)?;
        let method = request.method.as_str().to_lowercase();
        let paths = self.root["paths"].as_object()?;
        // Literal path segments take precedence over parameters.
        let mut matching: Vec<_> = paths.iter().filter(|(template, _)| matches(template, path)).collect();
        matching.sort_by_key(|(template, _)| template.matches('{').count());
        matching.iter().find_map(|(_, item)| item.get(&method)).map(|node| Operation { specification: self, node })
    }

    fn resolved<'a>(&'a self, node: &'a Value) -> &'a Value {
        let reference = node["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        reference.and_then(|pointer| self.root.pointer(pointer)).unwrap_or(node)
    }

    /// Builds a check of types, and of field names if `names` are given.
    fn check(&self, schema: &Value, names: Option<&Arc<Names>>) -> Check {
        let mut root = json!({ "allOf": [schema], "components": { "schemas": self.root["components"]["schemas"] } });
        as_json_schema(&mut root);
        Check {
            types: jsonschema::options().should_validate_formats(true).build(&root).unwrap(),
            names: names.map(|names| (Arc::clone(names), schema.clone())),
        }
    }
}

/// Validates values against a schema.
pub(super) struct Check {
    types: Validator,
    names: Option<(Arc<Names>, Value)>,
}

impl Check {
    /// Returns the violations of the schema in `value`.
    pub(super) fn violations(&self, value: &Value) -> Vec<String> {
        let types = self.types.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path()));
        let names = self.names.iter().flat_map(|(names, schema)| names.unknown(schema, value));
        types.chain(names.map(|path| format!("{path}: not in the specification"))).collect()
    }
}

impl Operation<'_> {
    pub(super) fn check_request(&self, head: &request::Parts, body: &[u8]) -> Vec<String> {
        let parameters = self.node["parameters"].as_array().into_iter().flatten();
        let known: Vec<&str> =
            parameters.filter_map(|parameter| self.specification.resolved(parameter)["name"].as_str()).collect();
        let query = url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
        let mut found: Vec<String> = query
            .filter(|(key, _)| !known.contains(&&**key))
            .map(|(key, _)| format!("parameter {key} is unknown"))
            .collect();

        let request = &self.node["requestBody"];
        let schema = &request["content"]["application/json"]["schema"];
        match body {
            [] if request["required"] == true => found.push("missing body".into()),
            [] => {}
            body if schema.is_object() => match serde_json::from_slice(body) {
                Ok(value) => found.extend(self.specification.check(schema, None).violations(&value)),
                Err(error) => found.push(error.to_string()),
            },
            _ if request.is_null() => found.push("unexpected body".into()),
            _ => {}
        }
        found
    }

    /// Whether the body of `response` is a single JSON value according to the specification.
    pub(super) fn is_json<B>(&self, response: &Response<B>) -> bool {
        let response = self.response(response.status());
        response["content"]["application/json"].is_object() && !self.is_stream(response)
    }

    /// Whether the body of `response` is a sequence of JSON values according to the specification.
    pub(super) fn is_json_sequence<B>(&self, response: &Response<B>) -> bool {
        self.is_stream(self.response(response.status()))
    }

    /// Checks the status and the content type of a response.
    pub(super) fn check_head<B>(&self, response: &Response<B>) -> Vec<String> {
        let specified = self.response(response.status());
        if specified.is_null() {
            return vec![format!("status {} is not in the specification", response.status())];
        }
        let expected: Vec<&String> = specified["content"].as_object().into_iter().flat_map(Map::keys).collect();
        // The content type of an empty body is irrelevant.
        let is_empty = response.headers().get(CONTENT_LENGTH).is_some_and(|length| length == "0");
        let sent = response.headers().get(CONTENT_TYPE).filter(|_| !is_empty).and_then(|value| value.to_str().ok());
        let sent = sent.map(|value| value.split(';').next().unwrap_or(value));
        match sent {
            Some(sent) if !expected.iter().any(|expected| *expected == sent) => {
                vec![format!("content type {sent} is not in the specification")]
            }
            None if expected.iter().any(|expected| *expected == "application/json") && !self.is_stream(specified) => {
                vec!["missing content type".into()]
            }
            _ => vec![],
        }
    }

    /// Returns the check for each JSON value in the body of a response.
    ///
    /// Engines also send fields that are newer than the requested version. So fields of all versions are allowed, unless it
    /// is the newest version of the engine.
    pub(super) fn response_check(&self, head: &response::Parts) -> Check {
        let is_newest = head.headers.get("api-version").is_some_and(|newest| newest == &*self.specification.version);
        let names = if is_newest { &self.specification.names } else { &self.specification.all_names };
        self.specification.check(&self.response(head.status)["content"]["application/json"]["schema"], Some(names))
    }

    fn response(&self, status: StatusCode) -> &Value {
        self.specification.resolved(&self.node["responses"][status.as_str()])
    }

    fn is_stream(&self, response: &Value) -> bool {
        response["content"]["application/json"]["x-stream"] == true
    }
}

/// Whether `path` matches `template`, which has parameters in braces.
fn matches(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(path).all(|(expected, segment)| expected.starts_with('{') || *expected == segment)
}

/// Converts an OpenAPI 3.0 schema to JSON Schema.
fn as_json_schema(node: &mut Value) {
    match node {
        Value::Object(entries) => {
            entries.remove("example");
            entries.values_mut().for_each(as_json_schema);
            if entries.remove("nullable").is_some() {
                *node = json!({ "anyOf": [{ "type": "null" }, Value::Object(std::mem::take(entries))] });
            }
        }
        Value::Array(items) => items.iter_mut().for_each(as_json_schema),
        _ => {}
    }
}
