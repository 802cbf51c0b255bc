//! The format of a recording: JSON with one object per exchange.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{RecordingError, content::Content};
use crate::Request;

/// The value of `format`.
const FORMAT: &str = "dockerclient recording";

/// The version of the format that is written and read.
const VERSION: u32 = 1;

/// Response headers that are sent with a body, and are not valid in a recording.
const FRAMING_HEADERS: [&str; 3] = ["connection", "content-length", "transfer-encoding"];

/// The request headers that are recorded.
const REQUEST_HEADERS: [&str; 5] = ["content-type", "upgrade", "x-registry-auth", "x-registry-config", "authorization"];

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    format: String,
    version: u32,
    /// The `Server` header of the engine, for example `Docker/20.10.24 (linux)`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) engine: Option<String>,
    /// The newest API version that the engine supports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) engine_api_version: Option<String>,
    pub(super) exchanges: Vec<Exchange>,
}

/// A request and its response. `None` if the client closed the connection before there was one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exchange {
    pub(super) request: RecordedRequest,
    pub(super) response: Option<RecordedResponse>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordedRequest {
    pub(super) method: String,
    /// The path with the API version, percent-encoded.
    pub(super) path: String,
    /// The parameters, decoded, as `key=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) query: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Content>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordedResponse {
    pub(super) status: u16,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) headers: BTreeMap<String, String>,
    /// A body that is sent as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) body: Option<Content>,
    /// A body that is sent in chunks, in the order in which they arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) chunks: Option<Vec<Content>>,
    /// The bytes that both sides sent after the connection was upgraded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) session: Option<Vec<Event>>,
    #[serde(default, skip_serializing_if = "End::is_complete")]
    pub(super) end: End,
}

/// An event of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Event {
    Client(Content),
    /// The client closed its half of the connection.
    ClientEnd,
    Engine(Content),
    /// The engine closed the connection.
    EngineEnd,
}

/// The end of a body in chunks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum End {
    #[default]
    Complete,
    /// The client closed the connection before the end, or the body had not ended when the recording was saved.
    ClientClosed,
    ConnectionLost,
}

impl End {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
    fn is_complete(&self) -> bool {
        *self == Self::Complete
    }
}

impl File {
    pub(super) fn new(exchanges: Vec<Exchange>) -> Self {
        let header = |name: &str| {
            let mut responses = exchanges.iter().filter_map(|exchange| exchange.response.as_ref());
            responses.find_map(|response| response.headers.get(name).cloned())
        };
        let (engine, engine_api_version) = (header("server"), header("api-version"));
        Self { format: FORMAT.to_owned(), version: VERSION, engine, engine_api_version, exchanges }
    }

    pub(super) fn parse(text: &str) -> Result<Self, RecordingError> {
        /// The fields that all versions of the format have.
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: u32,
        }

        let invalid = |error| RecordingError::with_source("invalid recording", error);
        let head: Head = serde_json::from_str(text).map_err(invalid)?;
        if head.format != FORMAT {
            return Err(RecordingError::new(format!("invalid recording: the format is {:?}", head.format)));
        }
        if head.version != VERSION {
            let message = format!("unsupported version {} of the recording's format: use {VERSION}", head.version);
            return Err(RecordingError::new(message));
        }
        let file: Self = serde_json::from_str(text).map_err(invalid)?;
        for (index, exchange) in file.exchanges.iter().enumerate() {
            exchange
                .check()
                .map_err(|why| RecordingError::new(format!("invalid recording: exchange {}: {why}", index + 1)))?;
        }
        Ok(file)
    }

    /// The file as text, with a line feed at the end.
    pub(super) fn text(&self) -> Result<String, RecordingError> {
        let text = serde_json::to_string_pretty(self);
        let text = text.map_err(|error| RecordingError::with_source("failed to serialize the recording", error))?;
        Ok(text + "\n")
    }
}

impl Exchange {
    /// Checks that the response can be sent.
    fn check(&self) -> Result<(), String> {
        let is_token = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_graphic());
        let RecordedRequest { method, path, .. } = &self.request;
        if !is_token(method) || !path.starts_with('/') {
            return Err(format!("invalid request {method:?} {path:?}"));
        }
        let Some(response) = &self.response else { return Ok(()) };
        if response.status != 101 && !(200..600).contains(&response.status) {
            return Err(format!("invalid status {}", response.status));
        }
        let is_header = |(name, value): (&String, &String)| {
            is_token(name)
                && !name.contains(':')
                && !FRAMING_HEADERS.contains(&name.to_ascii_lowercase().as_str())
                && !value.chars().any(char::is_control)
        };
        if let Some((name, _)) = response.headers.iter().find(|header| !is_header(*header)) {
            return Err(format!("invalid header {name:?}"));
        }
        let kinds = [response.body.is_some(), response.chunks.is_some(), response.session.is_some()];
        let count = kinds.iter().filter(|is_set| **is_set).count();
        let has_no_body = matches!(response.status, 204 | 304) && count > 0;
        if count > 1 || has_no_body || (response.status == 101 && response.session.is_none()) {
            return Err(format!("status {} does not allow this body, chunks or session", response.status));
        }
        match response.contents().find(|content| content.bytes().is_none()) {
            Some(content) => Err(format!("invalid content of the response: {}", content.kind())),
            None => Ok(()),
        }
    }
}

impl RecordedRequest {
    /// A request that was received, with its secrets.
    pub(super) fn new(request: &Request) -> Self {
        let header = |name: &str| request.header(name).map(|value| (name.to_owned(), value.to_owned()));
        Self {
            method: request.method().to_owned(),
            path: request.target().split('?').next().unwrap_or_default().to_owned(),
            query: request.parameters().iter().map(|(key, value)| format!("{key}={value}")).collect(),
            headers: REQUEST_HEADERS.into_iter().filter_map(header).collect(),
            body: Content::of_request(&request.bytes),
        }
    }

    /// Method and path.
    pub(super) fn line(&self) -> String {
        format!("{} {}", self.method, self.path)
    }
}

impl RecordedResponse {
    /// All contents, those of a session also from the client.
    pub(super) fn contents(&self) -> impl Iterator<Item = &Content> {
        let events = self.session.iter().flatten().filter_map(|event| match event {
            Event::Client(content) | Event::Engine(content) => Some(content),
            Event::ClientEnd | Event::EngineEnd => None,
        });
        self.body.iter().chain(self.chunks.iter().flatten()).chain(events)
    }
}
