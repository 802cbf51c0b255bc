//! Compares requests with recorded ones.

use serde_json::Value;

use super::{content::Content, diff, file::RecordedRequest, pattern::text_matches};

/// Whether two requests are the same: method, path, parameters in any order, and body. Headers are not compared.
pub(super) fn matches(recorded: &RecordedRequest, received: &RecordedRequest) -> bool {
    recorded.method == received.method
        && text_matches(&recorded.path, &received.path)
        && query_matches(&recorded.query, &received.query)
        && match (&recorded.body, &received.body) {
            (Some(recorded), Some(received)) => content_matches(recorded, received),
            (recorded, received) => recorded.is_none() && received.is_none(),
        }
}

fn query_matches(recorded: &[String], received: &[String]) -> bool {
    let mut left: Vec<&String> = received.iter().collect();
    let found = recorded.iter().all(|parameter| {
        let index = left.iter().position(|other| parameter_matches(parameter, other));
        index.map(|index| left.swap_remove(index)).is_some()
    });
    found && left.is_empty()
}

/// Filters and other parameters that are JSON are compared as values.
fn parameter_matches(recorded: &str, received: &str) -> bool {
    let value = |parameter: &str| -> Option<(String, Value)> {
        let (key, value) = parameter.split_once('=')?;
        let value: Value = serde_json::from_str(value).ok()?;
        Some((key.to_owned(), value)).filter(|(_, value)| value.is_object() || value.is_array())
    };
    match (value(recorded), value(received)) {
        (Some((key, value)), Some((other_key, other))) => key == other_key && value_matches(&value, &other),
        _ => text_matches(recorded, received),
    }
}

fn content_matches(recorded: &Content, received: &Content) -> bool {
    match (recorded, received) {
        (Content::Json(recorded), Content::Json(received)) => value_matches(recorded, received),
        (Content::Text(recorded), Content::Text(received)) => text_matches(recorded, received),
        (Content::JsonLines(recorded), Content::JsonLines(received)) => all_match(recorded, received),
        _ => recorded == received,
    }
}

fn value_matches(recorded: &Value, received: &Value) -> bool {
    match (recorded, received) {
        (Value::String(recorded), Value::String(received)) => text_matches(recorded, received),
        (Value::Array(recorded), Value::Array(received)) => all_match(recorded, received),
        (Value::Object(recorded), Value::Object(received)) => {
            recorded.len() == received.len()
                && recorded
                    .iter()
                    .all(|(name, value)| received.get(name).is_some_and(|other| value_matches(value, other)))
        }
        _ => recorded == received,
    }
}

fn all_match(recorded: &[Value], received: &[Value]) -> bool {
    recorded.len() == received.len() && recorded.iter().zip(received).all(|(one, other)| value_matches(one, other))
}

/// Returns the index of the recorded request that is the most similar to the received one.
pub(super) fn nearest<'a>(
    recorded: impl Iterator<Item = &'a RecordedRequest>,
    received: &RecordedRequest,
) -> Option<usize> {
    let similarities = recorded.map(|request| similarity(request, received)).enumerate();
    // The first of equal ones.
    similarities.max_by_key(|(index, similarity)| (*similarity, std::cmp::Reverse(*index))).map(|(index, _)| index)
}

/// The path weighs more than the method, and both more than parameters and body.
fn similarity(recorded: &RecordedRequest, received: &RecordedRequest) -> usize {
    let segments = |request: &RecordedRequest| request.path.split('/').map(str::to_owned).collect::<Vec<_>>();
    let body = |request: &RecordedRequest| request.body.as_ref().map(Content::lines).unwrap_or_default();
    let method = if recorded.method == received.method { 100 } else { 0 };
    4 * common(&segments(recorded), &segments(received))
        + 2 * method
        + common(&recorded.query, &received.query)
        + common(&body(recorded), &body(received))
}

/// The share of the items that both lists have, in percent.
fn common(one: &[String], other: &[String]) -> usize {
    let (mut one, mut other) = (one.to_vec(), other.to_vec());
    one.sort();
    other.sort();
    let (mut index, mut count) = (0, 0);
    for item in &one {
        while other.get(index).is_some_and(|candidate| candidate < item) {
            index += 1;
        }
        if other.get(index) == Some(item) {
            (index, count) = (index + 1, count + 1);
        }
    }
    match one.len().max(other.len()) {
        0 => 100,
        total => 100 * count / total,
    }
}

/// The difference between two requests, line by line.
pub(super) fn difference(recorded: &RecordedRequest, received: &RecordedRequest) -> String {
    let lines = |request: &RecordedRequest| {
        let mut query = request.query.clone();
        query.sort();
        let body = request.body.as_ref().map(Content::lines).unwrap_or_default();
        [vec![request.line()], query, body].concat()
    };
    diff::lines(&lines(recorded), &lines(received))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Request;

    fn request(line: &str, body: &str) -> RecordedRequest {
        RecordedRequest::new(&Request::new(line.to_owned(), Vec::new(), body.to_owned().into()))
    }

    #[test]
    fn query_order_and_json_key_order_are_ignored() {
        let recorded = request("POST /v1.41/a?x=1&y=%202&x=3", r#"{"b": [1, {"c": 2, "d": null}], "e": "f"}"#);
        let same = [
            request("POST /v1.41/a?x=3&x=1&y=+2", r#"{"e":"f","b":[1,{"d":null,"c":2}]}"#),
            request("POST /v1.41/a?y=%202&x=1&x=3", r#"{"b":[1,{"c":2,"d":null}],"e":"f"}"#),
        ];
        assert!(same.iter().all(|received| matches(&recorded, received)));
        for (line, body) in [
            ("GET /v1.41/a?x=1&y=%202&x=3", r#"{"b":[1,{"c":2,"d":null}],"e":"f"}"#),
            ("POST /v1.40/a?x=1&y=%202&x=3", r#"{"b":[1,{"c":2,"d":null}],"e":"f"}"#),
            ("POST /v1.41/a?x=1&y=%202", r#"{"b":[1,{"c":2,"d":null}],"e":"f"}"#),
            ("POST /v1.41/a?x=1&y=%202&x=3&x=3", r#"{"b":[1,{"c":2,"d":null}],"e":"f"}"#),
            ("POST /v1.41/a?x=1&y=%202&x=3", r#"{"b":[{"c":2,"d":null},1],"e":"f"}"#),
            ("POST /v1.41/a?x=1&y=%202&x=3", r#"{"b":[1,{"c":2}],"e":"f"}"#),
            ("POST /v1.41/a?x=1&y=%202&x=3", ""),
        ] {
            assert!(!matches(&recorded, &request(line, body)), "{line} {body}");
        }
    }

    #[test]
    fn filters_are_compared_as_values() {
        let filters = |text: &str| request(&format!("GET /a?filters={text}"), "");
        let recorded = filters(r#"{"label":["a=b"],"name":["web"]}"#);
        assert!(matches(&recorded, &filters(r#"{"name":["web"],"label":["a=b"]}"#)));
        assert!(!matches(&recorded, &filters(r#"{"name":["db"],"label":["a=b"]}"#)));
    }

    #[test]
    fn redacted_request_matches_any_secret() {
        let recorded = request("POST /a?token=[redacted]", r#"{"Env":["A=[redacted]"]}"#);
        assert!(matches(&recorded, &request("POST /a?token=x", r#"{"Env":["A=x"]}"#)));
    }

    #[test]
    fn nearest_request_is_most_similar() {
        let recorded = [
            request("GET /v1.41/containers/web/json", ""),
            request("POST /v1.41/containers/create?name=web", r#"{"Image":"busybox"}"#),
            request("POST /v1.41/containers/create?name=db", r#"{"Image":"redis"}"#),
        ];
        let nearest = |line: &str, body: &str| nearest(recorded.iter(), &request(line, body));
        assert_eq!(nearest("GET /v1.41/containers/db/json", ""), Some(0));
        assert_eq!(nearest("POST /v1.41/containers/create?name=api", r#"{"Image":"redis"}"#), Some(2));
        assert_eq!(nearest("POST /v1.41/containers/create?name=web", r#"{"Image":"web"}"#), Some(1));
        assert_eq!(super::nearest([].iter(), &recorded[0]), None);
    }
}
