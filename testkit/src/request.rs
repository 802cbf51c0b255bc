//! Requests that were received.

use bytes::Bytes;
use dockerclient::ApiVersion;
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// A request that was received.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Request {
    /// Method and request target, for example `GET /v1.18/containers/json?all=true`.
    pub line: String,
    /// All headers, as `name: value` with lower-case names.
    pub headers: Vec<String>,
    /// The body as text; invalid UTF-8 is replaced.
    pub body: String,
    /// The body as bytes.
    pub bytes: Bytes,
}

impl Request {
    pub(crate) fn new(line: String, headers: Vec<String>, bytes: Bytes) -> Self {
        Self { line, headers, body: String::from_utf8_lossy(&bytes).into_owned(), bytes }
    }

    /// Returns the HTTP method, for example `GET`.
    #[must_use]
    pub fn method(&self) -> &str {
        self.line.split(' ').next().unwrap_or_default()
    }

    /// Returns the path without the API version and the query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.split_path().1
    }

    /// Returns the API version in the path, if there is one.
    #[must_use]
    pub fn version(&self) -> Option<ApiVersion> {
        self.split_path().0
    }

    /// Returns the first value of a query parameter.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        self.parameters().into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Returns the value of a header; `name` must be lower-case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|header| header.strip_prefix(name)?.strip_prefix(": "))
    }

    /// Parses the body as JSON; `None` if it is not JSON.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.bytes).ok()
    }

    /// All values of a query parameter that may be repeated.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.parameters().into_iter().filter(|(key, _)| key == name).map(|(_, value)| value).collect()
    }

    /// All query parameters, in order.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        let query = self.target().split_once('?').map_or("", |(_, query)| query);
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    /// Whether `word` is one of the comma-separated values of a header.
    pub(crate) fn header_has(&self, name: &str, word: &str) -> bool {
        self.header(name).is_some_and(|value| value.split(',').any(|item| item.trim().eq_ignore_ascii_case(word)))
    }

    /// The path and the query.
    pub(crate) fn target(&self) -> &str {
        self.line.split(' ').nth(1).unwrap_or_default()
    }

    fn split_path(&self) -> (Option<ApiVersion>, &str) {
        let path = self.target().split('?').next().unwrap_or_default();
        let versioned = path.strip_prefix("/v").and_then(|rest| rest.split_once('/'));
        match versioned.and_then(|(version, _)| version.parse().ok().map(|parsed| (parsed, version.len()))) {
            Some((version, length)) => (Some(version), &path[2 + length..]),
            None => (None, path),
        }
    }
}

/// Percent-decodes a path segment.
pub(crate) fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}
