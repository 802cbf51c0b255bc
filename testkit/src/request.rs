//! What came over the wire.

use bytes::Bytes;
use dockerclient::ApiVersion;
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// A request, as it came over the wire.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Request {
    /// Method and target: `GET /v1.18/containers/json?all=true`.
    pub line: String,
    /// All headers, their names in lower case.
    pub headers: Vec<String>,
    /// The body, as far as it is text.
    pub body: String,
    /// The body, whatever it is.
    pub bytes: Bytes,
}

impl Request {
    pub(crate) fn new(line: String, headers: Vec<String>, bytes: Bytes) -> Self {
        Self { line, headers, body: String::from_utf8_lossy(&bytes).into_owned(), bytes }
    }

    /// The method, as `GET`.
    #[must_use]
    pub fn method(&self) -> &str {
        self.line.split(' ').next().unwrap_or_default()
    }

    /// The path, without the version of the API.
    #[must_use]
    pub fn path(&self) -> &str {
        self.split_path().1
    }

    /// The version of the API in the path, if there is one.
    #[must_use]
    pub fn version(&self) -> Option<ApiVersion> {
        self.split_path().0
    }

    /// The value of a parameter.
    #[must_use]
    pub fn query(&self, name: &str) -> Option<String> {
        self.parameters().into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The value of a header, by its name in lower case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|header| header.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The body, if it is JSON.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.bytes).ok()
    }

    /// All values of a parameter that may come several times.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        self.parameters().into_iter().filter(|(key, _)| key == name).map(|(_, value)| value).collect()
    }

    /// All parameters, in order.
    pub(crate) fn parameters(&self) -> Vec<(String, String)> {
        let query = self.target().split_once('?').map_or("", |(_, query)| query);
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    }

    /// Whether a header has `word` among its values.
    pub(crate) fn header_has(&self, name: &str, word: &str) -> bool {
        self.header(name).is_some_and(|value| value.split(',').any(|item| item.trim().eq_ignore_ascii_case(word)))
    }

    fn target(&self) -> &str {
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

/// A segment of a path, as it is meant.
pub(crate) fn decoded(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}
