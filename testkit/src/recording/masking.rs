//! Removes the secrets of received requests from reports: texts in places where the recording has `[redacted]`.

use serde_json::Value;

use super::{content::Content, file::RecordedRequest, pattern::text_matches, redact::REDACTED};

/// The received request with `[redacted]` in the places where the recorded request has it.
pub(super) fn masked(recorded: &RecordedRequest, received: &RecordedRequest) -> RecordedRequest {
    let mut masked = received.clone();
    let segments = recorded.path.split('/').map(Some).chain(std::iter::repeat(None));
    let segments = segments.zip(received.path.split('/'));
    let segments = segments.map(|(recorded, received)| if recorded == Some(REDACTED) { REDACTED } else { received });
    masked.path = segments.collect::<Vec<_>>().join("/");
    for parameter in &mut masked.query {
        mask_parameter(&recorded.query, parameter);
    }
    match (&recorded.body, &mut masked.body) {
        (Some(Content::Json(recorded)), Some(Content::Json(received))) => mask_value(recorded, received),
        (Some(Content::JsonLines(recorded)), Some(Content::JsonLines(received))) => mask_values(recorded, received),
        (Some(Content::Text(recorded)), Some(Content::Text(received))) if text_matches(recorded, received) => {
            received.clone_from(recorded);
        }
        (Some(recorded), Some(received)) if recorded.is_redacted() => {
            let (recorded, mut lines) = (recorded.lines(), received.lines());
            lines.iter_mut().for_each(|line| mask_item(recorded.iter().map(String::as_str), line));
            *received = Content::Text(lines.join("\n"));
        }
        _ => {}
    }
    masked
}

fn mask_parameter(recorded: &[String], received: &mut String) {
    let key = |parameter: &str| parameter.split('=').next().unwrap_or_default().to_owned();
    let received_key = key(received);
    let of_key: Vec<&String> = recorded.iter().filter(|parameter| key(parameter) == received_key).collect();
    if !of_key.contains(&&*received) && of_key.iter().any(|parameter| parameter.contains(REDACTED)) {
        let same = of_key.into_iter().find(|parameter| text_matches(parameter, received)).cloned();
        *received = same.unwrap_or_else(|| format!("{received_key}={REDACTED}"));
    }
}

fn mask_value(recorded: &Value, received: &mut Value) {
    match (recorded, received) {
        (Value::String(recorded), Value::String(received)) if text_matches(recorded, received) => {
            received.clone_from(recorded);
        }
        (Value::String(recorded), received) if recorded.contains(REDACTED) => *received = REDACTED.into(),
        (Value::Array(recorded), Value::Array(received)) => mask_values(recorded, received),
        (Value::Object(recorded), Value::Object(received)) => {
            for (name, received) in received {
                if let Some(recorded) = recorded.get(name) {
                    mask_value(recorded, received);
                }
            }
        }
        _ => {}
    }
}

/// The items of arrays may be in other places. Objects are compared with those in the same place.
fn mask_values(recorded: &[Value], received: &mut [Value]) {
    let texts: Vec<&str> = recorded.iter().filter_map(Value::as_str).collect();
    for (index, received) in received.iter_mut().enumerate() {
        match received {
            Value::String(received) => mask_item(texts.iter().copied(), received),
            received => {
                if let Some(recorded) = recorded.get(index) {
                    mask_value(recorded, received);
                }
            }
        }
    }
}

/// Replaces a text by the redacted one that it matches, or by `[redacted]` if it begins as a redacted one.
fn mask_item<'a>(recorded: impl Iterator<Item = &'a str> + Clone, received: &mut String) {
    if recorded.clone().any(|text| text == received) {
        return;
    }
    let redacted = recorded.filter_map(|text| Some((text.split_once(REDACTED)?.0, text)));
    let same = redacted.clone().find(|(_, text)| text_matches(text, received)).map(|(_, text)| text.to_owned());
    let begins = redacted.clone().any(|(start, _)| received.starts_with(start));
    if let Some(masked) = same.or_else(|| begins.then(|| REDACTED.to_owned())) {
        *received = masked;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::Request;

    fn request(line: &str, body: &str) -> RecordedRequest {
        RecordedRequest::new(&Request::new(line.to_owned(), Vec::new(), body.to_owned().into()))
    }

    #[test]
    fn received_secrets_are_masked() {
        let recorded = request(
            "POST /containers/[redacted]/start?args={\"T\":\"[redacted]\",\"A\":1}&name=web",
            r#"{"Key": "a[redacted]", "Env": ["A=[redacted]", "B=1"], "Sub": [{"Pin": "[redacted]"}], "Image": "a"}"#,
        );
        let received = request(
            "POST /containers/s3cret/kill?args={\"T\":\"s3cret\",\"A\":2}&name=db",
            r#"{"Key": "s3cret", "Env": ["C=1", "B=2", "A=s3cret"], "Sub": [{"Pin": ["s3cret"]}], "Image": "b"}"#,
        );
        let masked = masked(&recorded, &received);
        assert_eq!(masked.path, "/containers/[redacted]/kill");
        assert_eq!(masked.query, ["args=[redacted]", "name=db"]);
        let expected = json!({
            "Key": "[redacted]", "Env": ["C=1", "B=2", "A=[redacted]"], "Sub": [{ "Pin": "[redacted]" }], "Image": "b"
        });
        assert_eq!(masked.body, Some(Content::Json(expected)));
    }

    #[test]
    fn received_text_is_masked_by_lines() {
        let recorded = request("POST /a", "one\npassword=[redacted]!\ntwo");
        for (received, expected) in [
            ("one\npassword=x!\nthree", "one\npassword=[redacted]!\nthree"),
            ("password=x\nthree", "[redacted]\nthree"),
            ("one\npassword=x\ny!\ntwo", "one\npassword=[redacted]!\ntwo"),
        ] {
            let masked = masked(&recorded, &request("POST /a", received));
            assert_eq!(masked.body, Some(Content::Text(expected.to_owned())), "{received}");
        }
    }
}
