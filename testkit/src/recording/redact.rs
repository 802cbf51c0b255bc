//! Redaction: removes secrets from recorded exchanges.

use std::str;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{
    content::{self, Content, Frame},
    file::{Event, Exchange, RecordedRequest, RecordedResponse},
};

/// Replaces a secret. In a recorded request, it matches any text.
pub(super) const REDACTED: &str = "[redacted]";

/// Headers whose values are secrets.
const SECRET_HEADERS: [&str; 3] = ["x-registry-auth", "x-registry-config", "authorization"];

/// Fields whose values are secrets, in lower case.
const SECRET_FIELDS: [&str; 7] =
    ["password", "identitytoken", "registrytoken", "jointoken", "jointokens", "unlockkey", "signingcakey"];

/// The secrets to remove, in addition to those that are always removed.
#[derive(Clone, Default)]
pub(super) struct Redactions {
    /// The longest first, because one can be a part of another.
    texts: Vec<String>,
    pub(super) env: bool,
}

impl Redactions {
    pub(super) fn add(&mut self, text: &str) {
        if !text.is_empty() {
            self.texts.push(text.to_owned());
            self.texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
        }
    }

    /// Redacts an exchange. Fails if that is not possible.
    pub(super) fn exchange(&self, exchange: &mut Exchange) -> Result<(), String> {
        self.request(&mut exchange.request)?;
        if let Some(response) = &mut exchange.response {
            self.response(&exchange.request.path, response)?;
        }
        self.check(exchange)
    }

    pub(super) fn request(&self, request: &mut RecordedRequest) -> Result<(), String> {
        for (name, value) in &mut request.headers {
            match SECRET_HEADERS.contains(&name.as_str()) {
                true => REDACTED.clone_into(value),
                false => self.text(value),
            }
        }
        for text in &self.texts {
            let encoded = utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            request.path = request.path.replace(text, REDACTED).replace(&encoded, REDACTED);
        }
        request.query.iter_mut().for_each(|parameter| self.text(parameter));
        match &mut request.body {
            Some(body) => self.content(&request.path, true, body),
            None => Ok(()),
        }
    }

    fn response(&self, path: &str, response: &mut RecordedResponse) -> Result<(), String> {
        response.headers.values_mut().for_each(|value| self.text(value));
        let is_json = response.headers.get("content-type").is_some_and(|value| is_json(value));
        for content in response.body.iter_mut().chain(response.chunks.iter_mut().flatten()) {
            self.content(path, is_json, content)?;
        }
        for event in response.session.iter_mut().flatten() {
            if let Event::Client(content) | Event::Engine(content) = event {
                self.content(path, false, content)?;
            }
        }
        Ok(())
    }

    /// Redacts a body or a part of one. JSON that cannot be parsed is rejected if it may contain a secret.
    fn content(&self, path: &str, is_json: bool, content: &mut Content) -> Result<(), String> {
        if let (Content::Text(text), true) = (&*content, is_json) {
            // JSON that cannot be represented exactly as values.
            match content::json_documents(text.as_bytes()) {
                Some(documents) => {
                    let mut redacted = documents.clone();
                    redacted.iter_mut().for_each(|document| self.value(path, document));
                    if redacted != documents {
                        *content = Content::JsonLines(redacted);
                    }
                }
                None if names_secret(text) => return Err("a truncated JSON document cannot be redacted".to_owned()),
                None => {}
            }
        }
        match content {
            Content::Json(document) => self.value(path, document),
            Content::JsonLines(documents) => documents.iter_mut().for_each(|document| self.value(path, document)),
            Content::Text(text) => self.text(text),
            Content::Frames(frames) => frames.iter_mut().for_each(|frame| self.text(frame.payload_mut())),
            Content::Tar(entries) => entries.iter_mut().for_each(|entry| self.text(entry)),
            Content::Base64(_) | Content::Bytes(_) => {}
        }
        Ok(())
    }

    fn value(&self, path: &str, value: &mut Value) {
        match value {
            Value::String(text) => self.text(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.value(path, value)),
            Value::Object(fields) => {
                for (name, value) in fields {
                    match () {
                        () if is_secret(path, name) => redact_all(value),
                        () if self.env && name == "Env" => redact_variables(value),
                        () => self.value(path, value),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    fn text(&self, text: &mut String) {
        for secret in &self.texts {
            if text.contains(secret.as_str()) {
                *text = text.replace(secret.as_str(), REDACTED);
            }
        }
    }

    /// Fails if a redacted text remains, for example in binary data or across the boundary of two chunks.
    fn check(&self, exchange: &Exchange) -> Result<(), String> {
        if self.texts.is_empty() {
            return Ok(());
        }
        let file = serde_json::to_string(exchange).map_err(|error| error.to_string())?;
        let mut joined = vec![file.into_bytes()];
        if let Some(response) = &exchange.response {
            joined.extend(joined_payloads(response));
        }
        for text in &self.texts {
            let in_json = Value::from(text.as_str()).to_string();
            for secret in [text.as_str(), &in_json[1..in_json.len() - 1]] {
                if joined.iter().any(|bytes| bytes.windows(secret.len()).any(|window| window == secret.as_bytes())) {
                    return Err("a text to be redacted is in binary data, in a name or in several chunks".to_owned());
                }
            }
        }
        Ok(())
    }
}

/// The bytes that each source sent, without the boundaries of chunks and frames.
fn joined_payloads(response: &RecordedResponse) -> [Vec<u8>; 4] {
    let [mut all, mut client, mut stdout, mut stderr] = [const { Vec::new() }; 4];
    for event in response.session.iter().flatten() {
        if let Event::Client(content) = event {
            client.extend_from_slice(&content.bytes().unwrap_or_default());
        }
    }
    let events = response.session.iter().flatten().filter_map(|event| match event {
        Event::Engine(content) => Some(content),
        _ => None,
    });
    for content in response.body.iter().chain(response.chunks.iter().flatten()).chain(events) {
        let Content::Frames(frames) = content else {
            all.extend_from_slice(&content.bytes().unwrap_or_default());
            continue;
        };
        for frame in frames {
            match frame {
                Frame::Stderr(text) => stderr.extend_from_slice(text.as_bytes()),
                Frame::Stdin(text) | Frame::Stdout(text) => stdout.extend_from_slice(text.as_bytes()),
            }
        }
    }
    [all, client, stdout, stderr]
}

pub(super) fn is_json(content_type: &str) -> bool {
    content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Whether `recorded`, which may have been redacted, matches a text that was received.
pub(super) fn text_matches(recorded: &str, received: &str) -> bool {
    let mut parts: Vec<&str> = recorded.split(REDACTED).collect();
    let Some(last) = parts.pop().filter(|_| !parts.is_empty()) else { return recorded == received };
    let Some(mut rest) = received.strip_prefix(parts.remove(0)) else { return false };
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Whether a field is a secret in requests for `path`, and in their responses.
fn is_secret(path: &str, field: &str) -> bool {
    let field = field.to_ascii_lowercase();
    SECRET_FIELDS.contains(&field.as_str())
        || (field == "auth" && path.ends_with("/auth"))
        || (field == "data" && path.contains("/secrets"))
}

/// Whether text contains the name of a field that may be secret.
fn names_secret(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    SECRET_FIELDS.iter().chain(&["auth", "data", "env"]).any(|field| text.contains(&format!("\"{field}\"")))
}

/// Redacts all texts in a value, except empty ones.
fn redact_all(value: &mut Value) {
    match value {
        Value::String(text) if text.is_empty() => {}
        Value::Array(values) => values.iter_mut().for_each(redact_all),
        Value::Object(fields) => fields.values_mut().for_each(redact_all),
        Value::String(_) | Value::Number(_) => *value = REDACTED.into(),
        Value::Null | Value::Bool(_) => {}
    }
}

/// Redacts the values of variables, which are `NAME=value`.
fn redact_variables(value: &mut Value) {
    for variable in value.as_array_mut().into_iter().flatten() {
        let redacted =
            variable.as_str().and_then(|text| text.split_once('=')).map(|(name, _)| format!("{name}={REDACTED}"));
        if let Some(redacted) = redacted {
            *variable = redacted.into();
        }
    }
}
