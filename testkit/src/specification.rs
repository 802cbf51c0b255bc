//! The OpenAPI document: the operations, and the API versions of each.

use std::sync::LazyLock;

use dockerclient::ApiVersion;
use serde_json::{Map, Value};

use crate::{Request, request::decoded};

mod check;
mod decode;
mod response_format;

pub(crate) use self::response_format::ResponseFormat;

pub(crate) static SPECIFICATION: LazyLock<Specification> = LazyLock::new(|| {
    let root = serde_json::from_str(dockerclient::OPENAPI_DOCUMENT).expect("the specification is valid JSON");
    Specification::new(root)
});

#[derive(Debug)]
pub(crate) struct Specification {
    root: Value,
    operations: Vec<Operation>,
    pub(crate) oldest: ApiVersion,
    pub(crate) newest: ApiVersion,
}

#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) id: String,
    method: String,
    template: Vec<String>,
    pub(crate) span: Span,
    node: Value,
}

impl Operation {
    /// Whether the connection is hijacked after the response headers.
    pub(crate) fn is_session(&self) -> bool {
        self.node["x-hijack"] == true
    }
}

/// The API versions that have an operation, parameter or field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    since: Option<ApiVersion>,
    until: Option<ApiVersion>,
}

impl Span {
    fn of(node: &Value) -> Self {
        let annotation = |name: &str| node[name].as_str().and_then(|version| version.parse().ok());
        Self { since: annotation("x-since"), until: annotation("x-until") }
    }

    pub(crate) fn contains(self, version: ApiVersion) -> bool {
        !self.begins_after(version) && self.until.is_none_or(|until| version <= until)
    }

    /// Whether it was added after `version`.
    fn begins_after(self, version: ApiVersion) -> bool {
        self.since.is_some_and(|since| version < since)
    }

    /// Whether it was removed before `version`.
    pub(crate) fn ended_before(self, version: ApiVersion) -> bool {
        self.until.is_some_and(|until| until < version)
    }

    /// Whether an engine that supports `newest` may send it in responses at `version`.
    fn is_sent_by(self, newest: ApiVersion, version: ApiVersion) -> bool {
        !self.begins_after(newest) && self.until.is_none_or(|until| version <= until)
    }
}

impl Specification {
    fn new(root: Value) -> Self {
        let versions: Vec<ApiVersion> = root["info"]["x-versions"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|version| version.as_str()?.parse().ok())
            .collect();
        let mut operations = Vec::new();
        for (path, item) in root["paths"].as_object().into_iter().flatten() {
            for (method, node) in item.as_object().into_iter().flatten() {
                operations.push(Operation {
                    id: node["operationId"].as_str().unwrap_or_default().to_owned(),
                    method: method.to_uppercase(),
                    template: path.split('/').skip(1).map(str::to_owned).collect(),
                    span: Span::of(node),
                    node: node.clone(),
                });
            }
        }
        // Literal segments take precedence over parameters.
        operations
            .sort_by_key(|operation| operation.template.iter().filter(|segment| segment.starts_with('{')).count());
        let [Some(oldest), Some(newest)] = [versions.first(), versions.last()] else {
            panic!("the specification lists its versions")
        };
        Self { oldest: *oldest, newest: *newest, operations, root }
    }

    pub(crate) fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    pub(crate) fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter()
    }

    /// The operation of a request, and the names and values of its path parameters.
    pub(crate) fn route(&self, request: &Request) -> Option<(&Operation, Vec<(String, String)>)> {
        let method = if request.method() == "HEAD" { "GET" } else { request.method() };
        let path: Vec<&str> = request.path().split('/').skip(1).collect();
        let find = |method: &str| {
            let candidates = self.operations.iter().filter(|operation| operation.method == method);
            candidates.filter_map(|operation| Some((operation, match_path(&operation.template, &path)?))).next()
        };
        find(request.method()).or_else(|| find(method))
    }

    fn resolved<'a>(&'a self, node: &'a Value) -> &'a Value {
        let reference = node["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        reference.and_then(|pointer| self.root.pointer(pointer)).unwrap_or(node)
    }

    fn parameters<'a>(&'a self, operation: &'a Operation) -> impl Iterator<Item = &'a Value> {
        operation.node["parameters"].as_array().into_iter().flatten().map(|parameter| self.resolved(parameter))
    }

    /// The names and schemas of the properties of a schema, including those of `allOf`.
    fn properties<'a>(&'a self, node: &'a Value) -> Vec<(&'a String, &'a Value)> {
        let node = self.resolved(node);
        let own = node["properties"].as_object().into_iter().flat_map(Map::iter);
        let parts = node["allOf"].as_array().into_iter().flatten().flat_map(|part| self.properties(part));
        parts.chain(own).collect()
    }
}

/// Matches a path with a template, and returns its parameters. The parameter `name` may contain slashes.
fn match_path(template: &[String], path: &[&str]) -> Option<Vec<(String, String)>> {
    let Some((first, rest)) = template.split_first() else { return path.is_empty().then(Vec::new) };
    let Some(name) = first.strip_prefix('{').and_then(|name| name.strip_suffix('}')) else {
        let (head, tail) = path.split_first()?;
        return (first == head).then(|| match_path(rest, tail))?;
    };
    let longest = if name == "name" { path.len() } else { 1.min(path.len()) };
    (1..=longest).find_map(|length| {
        let mut found = match_path(rest, &path[length..])?;
        found.insert(0, (name.to_owned(), decoded(&path[..length].join("/"))));
        Some(found)
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn route(line: &str) -> Option<(String, Vec<(String, String)>)> {
        let request = Request::new(line.to_owned(), vec![], Bytes::new());
        SPECIFICATION.route(&request).map(|(operation, path)| (operation.id.clone(), path))
    }

    #[test]
    fn route_prefers_literals_and_allows_slashes_in_names() {
        let name = |name: &str| vec![("name".to_owned(), name.to_owned())];
        assert_eq!(route("GET /v1.18/images/json"), Some(("image_list".to_owned(), vec![])));
        assert_eq!(route("GET /images/get?names=a"), Some(("image_get_all".to_owned(), vec![])));
        assert_eq!(route("GET /images/a/b:1/json"), Some(("image_inspect".to_owned(), name("a/b:1"))));
        assert_eq!(route("GET /images/a%2Fb/json"), Some(("image_inspect".to_owned(), name("a/b"))));
        assert_eq!(route("DELETE /images/host:5000/a"), Some(("image_delete".to_owned(), name("host:5000/a"))));
        assert_eq!(route("PATCH /images/json"), None);
        assert_eq!(route("GET /containers/a/b/json"), None);
    }
}
