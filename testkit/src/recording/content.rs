//! Bytes as a recording contains them: JSON as values, text as text, and the rest in base64.

use std::str;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Deserializer, Value};

use super::redact::REDACTED;
use crate::frames;

/// A body, a chunk of one, or bytes of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Content {
    /// A JSON document, and a line feed after it.
    Json(Value),
    /// Several JSON documents, each with a line feed after it.
    JsonLines(Vec<Value>),
    Text(String),
    /// Frames of multiplexed output.
    Frames(Vec<Frame>),
    Base64(String),
    /// The paths and sizes in a tar archive. Only of requests.
    Tar(Vec<String>),
    /// The number of bytes. Only of requests.
    Bytes(u64),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Frame {
    Stdin(String),
    Stdout(String),
    Stderr(String),
}

impl Content {
    /// The body of a request. Archives and other binary bodies are only described. `None` if it is empty.
    pub(super) fn of_request(body: &[u8]) -> Option<Self> {
        if body.is_empty() {
            return None;
        }
        let content = json(body).or_else(|| text(body)).or_else(|| tar(body));
        Some(content.unwrap_or(Self::Bytes(body.len() as u64)))
    }

    /// A body of a response, or a chunk of one.
    pub(super) fn of_response(bytes: &[u8], is_json: bool) -> Self {
        let content = if is_json { json(bytes) } else { frames(bytes) };
        content.unwrap_or_else(|| Self::of_session(bytes))
    }

    /// Output in a session, which may consist of frames.
    pub(super) fn of_output(bytes: &[u8]) -> Self {
        frames(bytes).unwrap_or_else(|| Self::of_session(bytes))
    }

    /// Bytes that are neither JSON documents nor frames.
    pub(super) fn of_session(bytes: &[u8]) -> Self {
        text(bytes).unwrap_or_else(|| Self::Base64(BASE64_STANDARD.encode(bytes)))
    }

    /// The bytes; `None` if the content is not valid, or only describes them.
    pub(super) fn bytes(&self) -> Option<Bytes> {
        let bytes = match self {
            Self::Json(value) => format!("{value}\n").into_bytes(),
            Self::JsonLines(values) => values.iter().map(|value| format!("{value}\n")).collect::<String>().into_bytes(),
            Self::Text(text) => text.clone().into_bytes(),
            Self::Frames(frames) => {
                let frames = frames.iter().map(|frame| frames::frame(frame.source(), frame.payload().as_bytes()));
                frames.collect::<Vec<_>>().concat()
            }
            Self::Base64(text) => BASE64_STANDARD.decode(text).ok()?,
            Self::Tar(_) | Self::Bytes(_) => return None,
        };
        Some(bytes.into())
    }

    /// The name of the variant in a recording.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Json(_) => "json",
            Self::JsonLines(_) => "json_lines",
            Self::Text(_) => "text",
            Self::Frames(_) => "frames",
            Self::Base64(_) => "base64",
            Self::Tar(_) => "tar",
            Self::Bytes(_) => "bytes",
        }
    }

    /// Whether text in it is redacted.
    pub(super) fn is_redacted(&self) -> bool {
        self.lines().iter().any(|line| line.contains(REDACTED))
    }

    /// The lines that a difference shows.
    pub(super) fn lines(&self) -> Vec<String> {
        let text = match self {
            Self::Json(value) => format!("{value:#}"),
            Self::JsonLines(values) => values.iter().map(|value| format!("{value:#}\n")).collect(),
            Self::Text(text) => text.clone(),
            Self::Tar(entries) => format!("tar archive:\n{}", entries.join("\n")),
            Self::Bytes(count) => format!("{count} bytes"),
            Self::Frames(_) | Self::Base64(_) => format!("{self:?}"),
        };
        text.lines().map(str::to_owned).collect()
    }
}

impl Frame {
    pub(super) fn source(&self) -> u8 {
        match self {
            Self::Stdin(_) => 0,
            Self::Stdout(_) => 1,
            Self::Stderr(_) => 2,
        }
    }

    pub(super) fn payload(&self) -> &str {
        let (Self::Stdin(text) | Self::Stdout(text) | Self::Stderr(text)) = self;
        text
    }

    pub(super) fn payload_mut(&mut self) -> &mut String {
        let (Self::Stdin(text) | Self::Stdout(text) | Self::Stderr(text)) = self;
        text
    }
}

/// JSON documents, if their values are equal to the text.
fn json(bytes: &[u8]) -> Option<Content> {
    let mut documents = json_documents(bytes)?;
    if !is_faithful(bytes, &documents) {
        return None;
    }
    Some(if documents.len() == 1 { Content::Json(documents.remove(0)) } else { Content::JsonLines(documents) })
}

/// Parses a sequence of JSON documents; `None` if there is none, or if a part is not JSON.
pub(super) fn json_documents(bytes: &[u8]) -> Option<Vec<Value>> {
    // A number or a word is not a document of the API, but may be text.
    if !bytes.first().is_some_and(|first| matches!(first, b'{' | b'[' | b'"' | b'n')) {
        return None;
    }
    Deserializer::from_slice(bytes).into_iter().collect::<Result<Vec<_>, _>>().ok()
}

/// Whether no number was rounded and no field is repeated.
fn is_faithful(bytes: &[u8], documents: &[Value]) -> bool {
    let (mut fields, mut in_string, mut escaped, mut number) = (0, false, false, None);
    for (index, byte) in bytes.iter().enumerate() {
        let in_number = !in_string && matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        if let (Some(start), false) = (number, in_number) {
            let text = String::from_utf8_lossy(&bytes[start..index]);
            if !serde_json::from_str::<Value>(&text).is_ok_and(|number| number.to_string() == text) {
                return false;
            }
            number = None;
        }
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b':' if !in_string => fields += 1,
            b'0'..=b'9' | b'-' if !in_string && number.is_none() => number = Some(index),
            _ => {}
        }
    }
    fields == documents.iter().map(count_fields).sum::<usize>()
}

fn count_fields(value: &Value) -> usize {
    match value {
        Value::Object(fields) => fields.values().map(|value| 1 + count_fields(value)).sum(),
        Value::Array(values) => values.iter().map(count_fields).sum(),
        _ => 0,
    }
}

/// Restores frames that arrived in several parts: returns the complete ones, and keeps the rest until it is complete.
#[derive(Default)]
pub(super) struct FrameBuffer(Vec<u8>);

impl FrameBuffer {
    /// A buffer for a stream of bytes, if it begins with a frame.
    pub(super) fn of(stream: &[u8]) -> Option<Self> {
        complete_frames(stream).filter(|length| *length > 0).map(|_| Self::default())
    }

    pub(super) fn push(&mut self, bytes: &[u8]) -> Bytes {
        self.0.extend_from_slice(bytes);
        // Bytes that are not frames are not kept.
        let complete = complete_frames(&self.0).unwrap_or(self.0.len());
        self.0.drain(..complete).collect()
    }

    pub(super) fn rest(self) -> Bytes {
        self.0.into()
    }
}

/// The number of bytes in complete frames at the beginning; `None` if they are followed by bytes that are not a frame.
fn complete_frames(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let rest = &bytes[at..];
        let is_head =
            rest.first().is_none_or(|source| *source <= 2) && rest.iter().skip(1).take(3).all(|byte| *byte == 0);
        if !is_head {
            return None;
        }
        let Some((head, rest)) = rest.split_first_chunk::<8>() else { return Some(at) };
        let [_, _, _, _, length @ ..] = head;
        let length: usize = u32::from_be_bytes(*length).try_into().ok()?;
        if rest.len() < length {
            return Some(at);
        }
        at += 8 + length;
    }
}

/// Complete frames with text.
fn frames(mut bytes: &[u8]) -> Option<Content> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let (head, rest) = bytes.split_first_chunk::<8>()?;
        let [source, 0, 0, 0, length @ ..] = head else { return None };
        let (payload, rest) = rest.split_at_checked(u32::from_be_bytes(*length).try_into().ok()?)?;
        let payload = readable(payload)?.to_owned();
        frames.push(match source {
            0 => Frame::Stdin(payload),
            1 => Frame::Stdout(payload),
            2 => Frame::Stderr(payload),
            _ => return None,
        });
        bytes = rest;
    }
    (!frames.is_empty()).then_some(Content::Frames(frames))
}

fn text(bytes: &[u8]) -> Option<Content> {
    readable(bytes).map(|text| Content::Text(text.to_owned()))
}

/// Text without control characters other than those of terminals.
fn readable(bytes: &[u8]) -> Option<&str> {
    let is_readable = |c: char| !c.is_control() || matches!(c, '\n' | '\r' | '\t' | '\u{7}' | '\u{8}' | '\u{1b}');
    str::from_utf8(bytes).ok().filter(|text| text.chars().all(is_readable))
}

/// The paths and sizes in a tar archive.
fn tar(bytes: &[u8]) -> Option<Content> {
    let mut entries = Vec::new();
    for entry in tar::Archive::new(bytes).entries().ok()? {
        let entry = entry.ok()?;
        entries.push(format!("{} ({} bytes)", entry.path().ok()?.display(), entry.size()));
    }
    entries.sort();
    (!entries.is_empty()).then_some(Content::Tar(entries))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn json_is_recorded_as_values_only_if_equal() {
        let content = |text: &str| Content::of_response(text.as_bytes(), true);
        let expected = Content::Json(json!({ "a": [1, -2, 1.5], "b": "é:\"" }));
        assert_eq!(content("{\"a\": [1, -2, 1.5], \"b\":\"\\u00e9:\\\"\"}\n"), expected);
        assert_eq!(content("{\"a\":1}\r\n{\"a\":2}"), Content::JsonLines(vec![json!({"a": 1}), json!({"a": 2})]));
        for text in ["{\"a\":1e5}", "{\"a\":1,\"a\":2}", "{\"a\":123456789012345678901}", "{\"a\":", "OK", "1"] {
            assert_eq!(content(text), Content::Text(text.to_owned()));
        }
        assert_eq!(Content::of_response(b"{\"a\":1}", false), Content::Text("{\"a\":1}".to_owned()), "a log");
    }

    #[test]
    fn frames_text_and_binary_bytes_are_preserved() {
        let two = [frames::frame(1, b"out\n"), frames::frame(2, b"err\n")].concat();
        let expected = vec![Frame::Stdout("out\n".to_owned()), Frame::Stderr("err\n".to_owned())];
        assert_eq!(Content::of_output(&two), Content::Frames(expected));
        for bytes in
            [&two[..], &two[..9], b"text\x1b[0m\r\n", b"\xff\x00", &frames::frame(1, b"\xff"), &frames::frame(7, b"x")]
        {
            assert_eq!(Content::of_output(bytes).bytes().unwrap(), bytes);
        }
        assert_eq!(Content::Base64("?".to_owned()).bytes(), None);
    }

    #[test]
    fn frames_in_several_parts_are_restored() {
        let stream = [frames::frame(1, b"out"), frames::frame(2, b"err"), frames::frame(1, b"more")].concat();
        for size in 1..stream.len() {
            let mut buffer = FrameBuffer::of(&stream[..stream.len() - 2]).unwrap();
            let parts: Vec<_> = stream[..stream.len() - 2].chunks(size).map(|part| buffer.push(part)).collect();
            let rest = buffer.rest();
            assert_eq!(parts.concat(), stream[..22], "{size}");
            assert_eq!(rest, stream[22..stream.len() - 2]);
            let parts = parts.iter().filter(|part| !part.is_empty());
            parts.for_each(|part| assert!(matches!(Content::of_output(part), Content::Frames(_))));
        }
        for other in [&b"text"[..], b"\x01\0\0\0", b"", &[&stream[..], b"text"].concat()] {
            assert!(FrameBuffer::of(other).is_none());
        }
    }

    #[test]
    fn binary_request_is_described() {
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size(3);
        archive.append_data(&mut header, "Dockerfile", &b"abc"[..]).unwrap();
        let expected = Content::Tar(vec!["Dockerfile (3 bytes)".to_owned()]);
        assert_eq!(Content::of_request(&archive.into_inner().unwrap()), Some(expected));
        assert_eq!(Content::of_request(b"\x1f\x8b\0"), Some(Content::Bytes(3)));
        assert_eq!(Content::of_request(b""), None);
    }
}
