//! Redaction: removes secrets from recorded exchanges.

use std::str;

use serde_json::Value;

use super::{
    content::{self, Content},
    file::{Event, Exchange, RecordedRequest, RecordedResponse},
    search,
    texts::Texts,
};
use crate::request::decoded;

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
    texts: Texts,
    pub(super) env: bool,
}

impl Redactions {
    pub(super) fn add(&mut self, text: &str) {
        self.texts.add(text);
    }

    /// Redacts an exchange. Fails if that is not possible.
    pub(super) fn exchange(&self, exchange: &mut Exchange) -> Result<(), String> {
        // The rules for the contents depend on the path as it was sent.
        let path = exchange.request.path.clone();
        self.request(&mut exchange.request)?;
        if let Some(response) = &mut exchange.response {
            self.response(&path, response)?;
        }
        if search::finds(&self.texts, exchange) {
            return Err("a text to be redacted is in binary data, in a name, encoded or in several chunks".to_owned());
        }
        Ok(())
    }

    pub(super) fn request(&self, request: &mut RecordedRequest) -> Result<(), String> {
        let path = request.path.clone();
        for (name, value) in &mut request.headers {
            match SECRET_HEADERS.contains(&name.as_str()) {
                true => REDACTED.clone_into(value),
                false => self.texts.redact(value),
            }
        }
        self.texts.redact_path(&mut request.path);
        request.query.iter_mut().for_each(|parameter| self.texts.redact(parameter));
        match &mut request.body {
            Some(body) => self.content(&path, true, body),
            None => Ok(()),
        }
    }

    fn response(&self, path: &str, response: &mut RecordedResponse) -> Result<(), String> {
        let is_json = response.headers.get("content-type").is_some_and(|value| is_json(value));
        response.headers.values_mut().for_each(|value| self.texts.redact(value));
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

    /// Redacts a body or a part of one. JSON that cannot be redacted is rejected.
    fn content(&self, path: &str, is_json: bool, content: &mut Content) -> Result<(), String> {
        if is_json {
            self.inexact_json(path, content)?;
        }
        match content {
            Content::Json(document) => self.value(path, document),
            Content::JsonLines(documents) => documents.iter_mut().for_each(|document| self.value(path, document)),
            Content::Text(text) => self.texts.redact(text),
            Content::Frames(frames) => frames.iter_mut().for_each(|frame| self.texts.redact(frame.payload_mut())),
            Content::Tar(entries) => entries.iter_mut().for_each(|entry| self.texts.redact(entry)),
            Content::Base64(_) | Content::Bytes(_) => {}
        }
        Ok(())
    }

    /// Converts JSON that values do not represent exactly, if it may contain a secret.
    fn inexact_json(&self, path: &str, content: &mut Content) -> Result<(), String> {
        if !matches!(content, Content::Text(_) | Content::Base64(_)) {
            return Ok(());
        }
        let bytes = content.bytes().unwrap_or_default();
        let Ok(text) = str::from_utf8(&bytes) else {
            return Err("a JSON body that is not UTF-8 cannot be redacted".to_owned());
        };
        // The parsed document has only one value of a repeated field.
        let may_name_secret = self.may_name_secret(path, text);
        match content::json_documents(text.as_bytes()) {
            Some(documents) => {
                let mut redacted = documents.clone();
                redacted.iter_mut().for_each(|document| self.value(path, document));
                if may_name_secret || redacted != documents {
                    *content = Content::JsonLines(redacted);
                }
                Ok(())
            }
            None if may_name_secret => Err("a truncated JSON document cannot be redacted".to_owned()),
            None => Ok(()),
        }
    }

    /// Whether JSON, which may be truncated, may contain a field whose value is redacted.
    fn may_name_secret(&self, path: &str, text: &str) -> bool {
        let text = String::from_utf8_lossy(&search::unescaped(text.as_bytes())).to_ascii_lowercase();
        let env = self.env.then_some("env");
        let data = is_secret_of_swarm(path).then_some("data");
        let mut fields = SECRET_FIELDS.into_iter().chain(["auth"]).chain(env).chain(data);
        fields.any(|field| text.contains(&format!("\"{field}\"")))
    }

    fn value(&self, path: &str, value: &mut Value) {
        match value {
            Value::String(text) => self.texts.redact(text),
            Value::Array(values) => values.iter_mut().for_each(|value| self.value(path, value)),
            Value::Object(fields) => {
                let has_username = fields.keys().any(|name| name.eq_ignore_ascii_case("username"));
                for (name, value) in fields {
                    match () {
                        () if is_secret(path, name, has_username) => redact_all(value),
                        () if self.env && name.eq_ignore_ascii_case("env") => redact_variables(value),
                        () => self.value(path, value),
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// Redacts the path of a request that is not recorded, and the reason.
    pub(super) fn failure(&self, request: &RecordedRequest, why: &str) -> String {
        let mut redacted = RecordedRequest { body: None, ..request.clone() };
        self.texts.redact_path(&mut redacted.path);
        let mut why = why.replace(&request.path, &redacted.path);
        self.texts.redact(&mut why);
        if search::finds_in_text(&self.texts, &why) {
            "the reason contains a text to be redacted".clone_into(&mut why);
        }
        format!("failed to record {}: {why}", redacted.line())
    }
}

pub(super) fn is_json(content_type: &str) -> bool {
    content_type.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"))
}

/// Whether a field is a secret in requests for `path`, and in their responses.
fn is_secret(path: &str, field: &str, has_username: bool) -> bool {
    let field = field.to_ascii_lowercase();
    SECRET_FIELDS.contains(&field.as_str())
        || (field == "auth" && (has_username || decoded(path).ends_with("/auth")))
        || (field == "data" && is_secret_of_swarm(path))
}

/// Whether a path belongs to secrets, whose data is secret.
fn is_secret_of_swarm(path: &str) -> bool {
    decoded(path).contains("/secrets")
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
