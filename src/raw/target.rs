//! The target of a request: its path, checked, and its query.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{Error, Result};

/// Characters that are encoded in a path. The percent sign is not one of them: the caller encodes names.
const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'<')
    .add(b'>')
    .add(b'[')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// Characters that are encoded in the keys and values of a query.
const QUERY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Checks a path and returns it encoded.
///
/// Engines decode a path before they route it, and remove `//`, `.` and `..`. Paths that they would route to another
/// endpoint are rejected.
pub(super) fn path(path: &str, is_versioned: bool) -> Result<String> {
    let rejected = |why: &str| Err(Error::invalid_input(format!("invalid path {path:?}: {why}")));
    if !path.starts_with('/') {
        return rejected("must begin with a slash");
    }
    if path.contains(['?', '#']) {
        return rejected("contains \"?\" or \"#\"; set parameters with query(), and encode these characters in names");
    }
    if !is_well_encoded(path) {
        return rejected("a percent sign is not followed by two hexadecimal digits");
    }
    let decoded: Vec<u8> = percent_decode_str(path).collect();
    if decoded.iter().any(|byte| byte.is_ascii_control() || *byte == b'\\') {
        return rejected("contains a control character or a backslash");
    }
    let mut segments = decoded[1..].split(|byte| *byte == b'/');
    if segments.clone().any(|segment| matches!(segment, b"" | b"." | b"..")) {
        return rejected("has an empty, \".\" or \"..\" segment");
    }
    if is_versioned && segments.next().is_some_and(is_version) {
        return rejected("begins with an API version; the client adds it; use unversioned() to send the path as it is");
    }
    Ok(utf8_percent_encode(path, PATH).to_string())
}

/// Appends a parameter to a query, which is empty at first.
pub(super) fn append(query: &mut String, key: &str, value: &str) {
    query.push(if query.is_empty() { '?' } else { '&' });
    query.extend(utf8_percent_encode(key, QUERY));
    query.push('=');
    query.extend(utf8_percent_encode(value, QUERY));
}

fn is_well_encoded(path: &str) -> bool {
    let mut parts = path.as_bytes().split(|byte| *byte == b'%');
    parts.next();
    parts.all(|part| part.iter().take(2).filter(|byte| byte.is_ascii_hexdigit()).count() == 2)
}

/// Whether a segment is an API version, such as `v1.41`.
fn is_version(segment: &[u8]) -> bool {
    let Some(version) = segment.strip_prefix(b"v") else { return false };
    version.contains(&b'.') && version.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_is_percent_encoded_once() {
        for (given, encoded) in [
            ("/info", "/info"),
            ("/containers/a%20b/json", "/containers/a%20b/json"),
            ("/containers/a b/é", "/containers/a%20b/%C3%A9"),
            ("/images/registry:5000/a@sha256:00/json", "/images/registry:5000/a@sha256:00/json"),
            ("/volumes/v1", "/volumes/v1"),
            ("/a...b/...", "/a...b/..."),
        ] {
            assert_eq!(path(given, true).unwrap(), encoded);
        }
        assert_eq!(path("/v4.0.0/libpod/info", false).unwrap(), "/v4.0.0/libpod/info");
    }

    #[test]
    fn path_to_another_endpoint_is_rejected() {
        for invalid in [
            "",
            "info",
            "/",
            "//info",
            "/info/",
            "/a//b",
            "/a/../b",
            "/a/./b",
            "/..",
            "/%2e%2E/b",
            "/a%2f..%2fb",
            "/a%2F%2Fb",
            "/a?b=c",
            "/a#b",
            "/a\nb",
            "/a%0Ab",
            "/a%00",
            "/a\u{7f}",
            "/a\\b",
            "/a%5Cb",
            "/a%",
            "/a%2",
            "/a%zz",
            "/v1.41/info",
        ] {
            let error = path(invalid, true).unwrap_err();
            assert!(error.is_bad_request() && error.to_string().contains(&format!("{invalid:?}")), "{error}");
        }
    }

    #[test]
    fn query_parameters_are_encoded() {
        let mut query = String::new();
        append(&mut query, "filters", r#"{"label":["a=b&c"]}"#);
        append(&mut query, "a b", "é+");
        assert_eq!(query, "?filters=%7B%22label%22%3A%5B%22a%3Db%26c%22%5D%7D&a%20b=%C3%A9%2B");
    }
}
