//! The API's document: which operations there are, and what each version knows of them.

use std::sync::LazyLock;

use dockerclient::ApiVersion;
use serde_json::{Map, Value};

use crate::{Request, request::decoded};

mod check;
mod shape;

pub(crate) use self::shape::Shape;

pub(crate) static DOCUMENT: LazyLock<Document> = LazyLock::new(|| {
    let root = serde_json::from_str(include_str!("../document.json")).expect("the document is checked when composed");
    Document::new(root)
});

#[derive(Debug)]
pub(crate) struct Document {
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
    /// Whether its answer leaves HTTP behind.
    pub(crate) fn is_session(&self) -> bool {
        self.node["x-hijack"] == true
    }
}

/// Since when and until when something is part of the API.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    since: Option<ApiVersion>,
    until: Option<ApiVersion>,
}

impl Span {
    fn of(node: &Value) -> Self {
        let mark = |name: &str| node[name].as_str().and_then(|version| version.parse().ok());
        Self { since: mark("x-since"), until: mark("x-until") }
    }

    pub(crate) fn contains(self, version: ApiVersion) -> bool {
        self.since.is_none_or(|since| since <= version) && self.until.is_none_or(|until| version <= until)
    }

    /// Whether it was gone before `version`.
    pub(crate) fn ended_before(self, version: ApiVersion) -> bool {
        self.until.is_some_and(|until| until < version)
    }

    /// Whether a newer engine, asked at `version`, may send it.
    fn is_sent_by(self, newest: ApiVersion, version: ApiVersion) -> bool {
        self.since.is_none_or(|since| since <= newest) && self.until.is_none_or(|until| version <= until)
    }
}

impl Document {
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
        // What is spelled out goes before what is a parameter.
        operations
            .sort_by_key(|operation| operation.template.iter().filter(|segment| segment.starts_with('{')).count());
        let [Some(oldest), Some(newest)] = [versions.first(), versions.last()] else {
            panic!("the document names its versions")
        };
        Self { oldest: *oldest, newest: *newest, operations, root }
    }

    pub(crate) fn operation(&self, id: &str) -> Option<&Operation> {
        self.operations.iter().find(|operation| operation.id == id)
    }

    pub(crate) fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter()
    }

    /// The operation that a request is for, and what stands in its path.
    pub(crate) fn route(&self, request: &Request) -> Option<(&Operation, Vec<(String, String)>)> {
        let method = if request.method() == "HEAD" { "GET" } else { request.method() };
        let path: Vec<&str> = request.path().split('/').skip(1).collect();
        let of = |method: &str| {
            let fitting = self.operations.iter().filter(|operation| operation.method == method);
            fitting.filter_map(|operation| Some((operation, fits(&operation.template, &path)?))).next()
        };
        of(request.method()).or_else(|| of(method))
    }

    fn resolved<'a>(&'a self, node: &'a Value) -> &'a Value {
        let reference = node["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        reference.and_then(|pointer| self.root.pointer(pointer)).unwrap_or(node)
    }

    fn parameters<'a>(&'a self, operation: &'a Operation) -> impl Iterator<Item = &'a Value> {
        operation.node["parameters"].as_array().into_iter().flatten().map(|parameter| self.resolved(parameter))
    }

    /// The schema that `node` is, with its parts put together: its properties, each with its name.
    fn properties<'a>(&'a self, node: &'a Value) -> Vec<(&'a String, &'a Value)> {
        let node = self.resolved(node);
        let own = node["properties"].as_object().into_iter().flat_map(Map::iter);
        let parts = node["allOf"].as_array().into_iter().flatten().flat_map(|part| self.properties(part));
        parts.chain(own).collect()
    }
}

/// What stands for the parameters of `template` in `path`. A name may hold slashes.
fn fits(template: &[String], path: &[&str]) -> Option<Vec<(String, String)>> {
    let Some((first, rest)) = template.split_first() else { return path.is_empty().then(Vec::new) };
    let Some(name) = first.strip_prefix('{').and_then(|name| name.strip_suffix('}')) else {
        let (head, tail) = path.split_first()?;
        return (first == head).then(|| fits(rest, tail))?;
    };
    let longest = if name == "name" { path.len() } else { 1.min(path.len()) };
    (1..=longest).find_map(|length| {
        let mut found = fits(rest, &path[length..])?;
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
        DOCUMENT.route(&request).map(|(operation, path)| (operation.id.clone(), path))
    }

    #[test]
    fn what_is_spelled_out_goes_before_names_and_names_may_hold_slashes() {
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
