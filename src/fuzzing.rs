//! Entry points of the fuzz targets in `fuzz/`. Built with `--cfg fuzzing` only, and not part of the API.

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use serde_json::Value;

use crate::{
    config::ConfigFile,
    credentials,
    generated::{self, Limit, List, Object},
    images::{ProgressItem, Reference},
    models::{ContainerInspect, DiskUsage, ImageInspect, JsonMessage, Port, Stats, WaitResult},
    stream::{Decoder, Document, DocumentDecoder, Line, OutputDecoder, Prefix, Source, Splitter},
    system::Event,
    transport::{self, Address, BodyFraming, Meta},
};

/// Size limit for decoders, larger than any input.
const MAX_SIZE: usize = 1 << 20;

/// Decodes `bytes` in chunks of `size`. Returns the items, and whether there was no error.
fn decoded<D: Decoder>(mut decoder: D, bytes: &[u8], size: usize) -> (Vec<D::Item>, bool) {
    let mut items = Vec::new();
    for chunk in bytes.chunks(size) {
        decoder.push(Bytes::copy_from_slice(chunk));
        loop {
            match decoder.next() {
                Ok(Some(item)) => items.push(item),
                Ok(None) => break,
                Err(_) => return (items, false),
            }
        }
    }
    let is_ok = decoder.finish().is_ok();
    (items, is_ok)
}

/// Decodes multiplexed output. Returns the frames with their sources.
#[must_use]
pub fn output(bytes: &[u8], size: usize) -> (Vec<(Source, Vec<u8>)>, bool) {
    let (items, is_ok) = decoded(OutputDecoder::new(false, MAX_SIZE), bytes, size);
    (items.into_iter().map(|item| (item.source(), item.bytes().to_vec())).collect(), is_ok)
}

/// Any JSON document.
struct Anything(Value);

impl Document for Anything {
    type Api = Value;

    fn read(api: Value) -> crate::Result<Self> {
        Ok(Self(api))
    }
}

/// Decodes a sequence of JSON documents.
#[must_use]
pub fn documents(bytes: &[u8], size: usize) -> (Vec<Value>, bool) {
    let (items, is_ok) = decoded(DocumentDecoder::<Anything>::new(MAX_SIZE), bytes, size);
    (items.into_iter().map(|document| document.0).collect(), is_ok)
}

/// Decodes a list, and returns its items, unless there is an error.
#[must_use]
pub fn list(bytes: &[u8], size: usize) -> Option<Vec<Port>> {
    let mut list = List::new(Limit::response(MAX_SIZE));
    bytes.chunks(size).try_for_each(|chunk| list.push(Bytes::copy_from_slice(chunk))).ok()?;
    list.finish().ok()
}

/// Decodes a document as each type that a stream may have.
pub fn events(document: &[u8]) {
    let _ = Event::decode(document);
    let _ =
        Stats::decode(document).map(|stats| (stats.cpu_percent(None), stats.memory_percent(), stats.block_io_total()));
    let _ = ProgressItem::decode(document);
}

/// Decodes a document as each of several objects. With a limit, the result is the same or an error.
pub fn object(document: &[u8]) {
    fn decode<T: Object + PartialEq + std::fmt::Debug>(document: &[u8]) {
        let unlimited = generated::decode::<T>(document);
        match generated::decode_within::<T>(document, Limit::response(10 * document.len())) {
            Ok(value) => assert!(unlimited.is_ok_and(|unlimited| unlimited == value)),
            Err(error) => assert!(error.to_string().len() < 2000, "{error}"),
        }
    }
    decode::<ContainerInspect>(document);
    decode::<ImageInspect>(document);
    decode::<DiskUsage>(document);
    decode::<JsonMessage>(document);
    decode::<WaitResult>(document);
}

/// Parses the body of an error response. Its message is bounded, and displayed on one line.
pub fn error_body(body: &[u8]) {
    let error = generated::error(StatusCode::INTERNAL_SERVER_ERROR, body);
    assert!(error.message().is_none_or(|message| message.len() <= 8 << 10));
    assert!(error.to_string().len() <= 8 << 10 && !error.to_string().contains(char::is_control), "{error}");
}

/// Splits a text, in chunks of `size`, into lines.
#[must_use]
pub fn lines(text: &[u8], size: usize) -> Vec<Vec<u8>> {
    let mut splitter = Splitter::new(Prefix::default(), MAX_SIZE);
    let mut lines = Vec::new();
    for chunk in text.chunks(size) {
        splitter.push(Source::Stdout, Bytes::copy_from_slice(chunk), false);
        lines.extend(std::iter::from_fn(|| splitter.next()));
    }
    splitter.finish();
    lines.extend(std::iter::from_fn(|| splitter.next()));
    lines.into_iter().map(|line| line.bytes.to_vec()).collect()
}

/// Splits multiplexed logs with timestamps and details, received in chunks of `size`, into lines.
#[must_use]
pub fn log_lines(bytes: &[u8], size: usize) -> Vec<Line> {
    let mut splitter = Splitter::new(Prefix { timestamps: true, details: true }, MAX_SIZE);
    let mut lines = Vec::new();
    for output in decoded(OutputDecoder::new(false, MAX_SIZE), bytes, size).0 {
        splitter.push(output.source(), output.into(), false);
        lines.extend(std::iter::from_fn(|| splitter.next()));
    }
    splitter.finish();
    lines.extend(std::iter::from_fn(|| splitter.next()));
    lines
}

/// Returns whether a path is included in a build context with these lines in `.dockerignore`; none if a line is invalid.
#[cfg(feature = "tar")]
#[must_use]
pub fn ignore(lines: &[u8], path: &[u8]) -> Option<bool> {
    use crate::images::{Ignore, Inclusion};

    Some(Ignore::parse(lines).ok()?.inclusion(path) == Inclusion::Included)
}

/// Parses a response whose body is received in chunks of `size`. Returns the status, the body, and whether the body is
/// complete; none if the status line or the headers are invalid.
#[must_use]
pub fn response(bytes: &[u8], size: usize) -> Option<(u16, Vec<u8>, bool)> {
    let (response, length) = transport::parse(bytes).ok()??;
    let mut framing = BodyFraming::of(&response).ok()?;
    let (mut received, mut body) = (BytesMut::new(), Vec::new());
    for chunk in bytes[length..].chunks(size) {
        received.extend_from_slice(chunk);
        loop {
            match framing.next(&mut received) {
                Ok(Some(data)) => body.extend_from_slice(&data),
                Ok(None) => break,
                Err(_) => return Some((response.status().as_u16(), body, false)),
            }
        }
    }
    Some((response.status().as_u16(), body, framing.may_end()))
}

/// Parses an address, and returns it as it is displayed.
#[must_use]
pub fn address(text: &str) -> Option<String> {
    text.parse().ok().map(|address: Address| address.to_string())
}

/// Parses an image reference, and returns it as it is displayed. Its name is the start of the text.
#[must_use]
pub fn reference(text: &str) -> Option<String> {
    let reference: Reference = text.parse().ok()?;
    assert!(!reference.registry().is_empty() && reference.path().len() <= 255 && text.starts_with(reference.name()));
    Some(reference.to_string())
}

/// Parses a document as each of the configuration files, and as the response of a credential helper.
pub fn configuration(document: &[u8]) {
    let _ = Meta::parse(document);
    if let Ok(object) = serde_json::from_slice(document) {
        let _ = credentials::HelperCredentials::parse(&object);
    }
    for (name, account) in ConfigFile::parse(document).auths {
        if let Some(Ok(plain)) = account.map(|account| credentials::plain(&name, &account)) {
            assert!(plain.auth.is_empty());
        }
    }
}
