//! The document of one version, as `cargo xtask regen` composed it.

use std::{fs, path::Path};

use dockerclient::ApiVersion;
use http::{Response, StatusCode, header::CONTENT_TYPE, request, response};
use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// What engines send that the document leaves out on purpose: it is about clusters, or about Windows.
const NOT_OURS: [&str; 4] = ["Swarm", "GenericResources", "num_procs", "storage_stats"];

pub(super) struct Document {
    root: Value,
    version: String,
    prefix: String,
}

/// One operation of the document.
pub(super) struct Operation<'a> {
    document: &'a Document,
    node: &'a Value,
}

impl Document {
    pub(super) fn of(version: ApiVersion) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("target/spec/v{version}.json"));
        let text = fs::read_to_string(&path).expect("`cargo xtask regen` wrote the document of each version");
        Self {
            root: serde_json::from_str(&text).unwrap(),
            version: version.to_string(),
            prefix: format!("/v{version}"),
        }
    }

    /// The operation that a request is for.
    pub(super) fn operation(&self, request: &request::Parts) -> Option<Operation<'_>> {
        let path = request.uri.path().strip_prefix(&self.prefix)?;
        let method = request.method.as_str().to_lowercase();
        let paths = self.root["paths"].as_object()?;
        // What is spelled out goes before what is a parameter.
        let mut fitting: Vec<_> = paths.iter().filter(|(template, _)| fits(template, path)).collect();
        fitting.sort_by_key(|(template, _)| template.matches('{').count());
        fitting.iter().find_map(|(_, item)| item.get(&method)).map(|node| Operation { document: self, node })
    }

    fn resolved<'a>(&'a self, node: &'a Value) -> &'a Value {
        let reference = node["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        reference.and_then(|pointer| self.root.pointer(pointer)).unwrap_or(node)
    }

    /// What finds what does not fit in a value; fields that the schema does not know fit if it is `open`.
    fn check(&self, schema: &Value, open: bool) -> Check {
        let mut root = json!({ "allOf": [schema], "components": { "schemas": self.root["components"]["schemas"] } });
        as_json_schema(&mut root);
        if !open {
            close(&mut root);
        }
        Check(jsonschema::options().should_validate_formats(true).build(&root).unwrap())
    }
}

/// A schema, to hold values against.
pub(super) struct Check(Validator);

impl Check {
    /// What does not fit in `value`.
    pub(super) fn of(&self, value: &Value) -> Vec<String> {
        self.0.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
    }
}

impl Operation<'_> {
    pub(super) fn check_request(&self, head: &request::Parts, body: &[u8]) -> Vec<String> {
        let parameters = self.node["parameters"].as_array().into_iter().flatten();
        let known: Vec<&str> =
            parameters.filter_map(|parameter| self.document.resolved(parameter)["name"].as_str()).collect();
        let query = url::form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes());
        let mut found: Vec<String> = query
            .filter(|(key, _)| !known.contains(&&**key))
            .map(|(key, _)| format!("parameter {key} is unknown"))
            .collect();

        let request = &self.node["requestBody"];
        let schema = &request["content"]["application/json"]["schema"];
        match body {
            [] if request["required"] == true => found.push("there is no body".into()),
            [] => {}
            body if schema.is_object() => match serde_json::from_slice(body) {
                Ok(value) => found.extend(self.document.check(schema, true).of(&value)),
                Err(error) => found.push(error.to_string()),
            },
            _ if request.is_null() => found.push("there is a body".into()),
            _ => {}
        }
        found
    }

    /// Whether `answer` holds one JSON document, or should.
    pub(super) fn is_document<B>(&self, answer: &Response<B>) -> bool {
        let response = self.response(answer.status());
        response["content"]["application/json"].is_object() && !self.is_stream(response)
    }

    /// Whether `answer` holds one JSON document after the other.
    pub(super) fn is_sequence<B>(&self, answer: &Response<B>) -> bool {
        self.is_stream(self.response(answer.status()))
    }

    pub(super) fn check_head<B>(&self, answer: &Response<B>) -> Vec<String> {
        let response = self.response(answer.status());
        if response.is_null() {
            return vec![format!("status {} is not in the document", answer.status())];
        }
        let expected: Vec<&String> = response["content"].as_object().into_iter().flat_map(Map::keys).collect();
        let sent = answer.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let sent = sent.map(|value| value.split(';').next().unwrap_or(value));
        match sent {
            Some(sent) if !expected.iter().any(|expected| *expected == sent) => {
                vec![format!("content type {sent} is not in the document")]
            }
            None if expected.iter().any(|expected| *expected == "application/json") && !self.is_stream(response) => {
                vec!["there is no content type".into()]
            }
            _ => vec![],
        }
    }

    /// What each document of an answer is held against.
    ///
    /// Engines send fields that are newer than the version that was asked for, unless that is their newest.
    pub(super) fn check_of(&self, head: &response::Parts) -> Check {
        let open = head.headers.get("api-version").is_none_or(|newest| newest != &*self.document.version);
        self.document.check(&self.response(head.status)["content"]["application/json"]["schema"], open)
    }

    fn response(&self, status: StatusCode) -> &Value {
        self.document.resolved(&self.node["responses"][status.as_str()])
    }

    fn is_stream(&self, response: &Value) -> bool {
        response["content"]["application/json"]["x-stream"] == true
    }
}

/// Whether `path` is one of those that `template` stands for. A name may hold slashes.
fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(path).all(|(expected, given)| expected.starts_with('{') || *expected == given)
}

/// Lets schemas of objects have no fields but their own.
fn close(node: &mut Value) {
    match node {
        Value::Object(entries) => {
            entries.values_mut().for_each(close);
            if let Some(Value::Object(properties)) = entries.get_mut("properties") {
                properties.extend(NOT_OURS.map(|name| (name.to_owned(), json!(true))));
                entries.entry("additionalProperties").or_insert(json!(false));
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// Turns what OpenAPI 3.0 says differently into JSON Schema.
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
