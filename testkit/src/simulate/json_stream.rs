//! Responses with a sequence of JSON messages.

use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;

use crate::Response;

/// A response that sends each message in a separate chunk, with CRLF after it.
pub(super) fn json_stream(messages: &[Value]) -> Response {
    let chunks: Vec<Bytes> = messages.iter().map(|message| format!("{message}\r\n").into()).collect();
    Response::stream(200, stream::iter(chunks)).header("Content-Type", "application/json")
}
