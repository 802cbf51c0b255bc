//! What the fuzz targets in `fuzz/` call. Built with `--cfg fuzzing` only, and no part of the API.

use std::collections::BTreeMap;

use bytes::{Bytes, BytesMut};
use serde_json::Value;

use crate::{
    config::ConfigFile,
    connect::{self, Address, Meta, Transfer},
    credentials,
    images::{ProgressItem, Reference},
    models::{Port, Stats},
    stream::{Decoder, Document, DocumentDecoder, OutputDecoder, Source, Splitter},
    system::Event,
    wire::List,
};

/// More than any input.
const LONGEST: usize = 1 << 20;

/// What `decoder` makes of `wire` in pieces of `size`, and whether it ends well.
fn decoded<D: Decoder>(mut decoder: D, wire: &[u8], size: usize) -> (Vec<D::Item>, bool) {
    let mut items = Vec::new();
    for piece in wire.chunks(size) {
        decoder.push(Bytes::copy_from_slice(piece));
        loop {
            match decoder.next() {
                Ok(Some(item)) => items.push(item),
                Ok(None) => break,
                Err(_) => return (items, false),
            }
        }
    }
    let ends_well = decoder.finish().is_ok();
    (items, ends_well)
}

/// The pieces of framed output, by source.
#[must_use]
pub fn output(wire: &[u8], size: usize) -> (Vec<(Source, Vec<u8>)>, bool) {
    let (items, ends_well) = decoded(OutputDecoder::new(false, LONGEST), wire, size);
    (items.into_iter().map(|item| (item.source(), item.bytes().to_vec())).collect(), ends_well)
}

/// Whatever a document says.
struct Anything(Value);

impl Document for Anything {
    type Wire = Value;

    fn read(wire: Value) -> crate::Result<Self> {
        Ok(Self(wire))
    }
}

/// The documents of a sequence.
#[must_use]
pub fn documents(wire: &[u8], size: usize) -> (Vec<Value>, bool) {
    let (items, ends_well) = decoded(DocumentDecoder::<Anything>::new(LONGEST), wire, size);
    (items.into_iter().map(|document| document.0).collect(), ends_well)
}

/// The items of a list, if it is one.
#[must_use]
pub fn list(wire: &[u8], size: usize) -> Option<Vec<Port>> {
    let mut list = List::new(LONGEST);
    wire.chunks(size).try_for_each(|piece| list.push(Bytes::copy_from_slice(piece))).ok()?;
    list.finish().ok()
}

/// Decodes a document as all that a stream may carry.
pub fn events(document: &[u8]) {
    let _ = Event::decode(document);
    let _ =
        Stats::decode(document).map(|stats| (stats.cpu_percent(None), stats.memory_percent(), stats.block_io_total()));
    let _ = ProgressItem::decode(document);
}

/// The lines of a text in pieces of `size`.
#[must_use]
pub fn lines(text: &[u8], size: usize) -> Vec<Vec<u8>> {
    let mut splitter = Splitter::new(false, LONGEST);
    for piece in text.chunks(size) {
        let _ = splitter.push(Source::Stdout, Bytes::copy_from_slice(piece));
    }
    splitter.finish();
    splitter.take().map(|line| line.bytes.to_vec()).collect()
}

/// Whether a path is sent, whatever the lines are; none if one of them makes no sense.
#[cfg(feature = "tar")]
#[must_use]
pub fn ignore(lines: &[u8], path: &[u8]) -> Option<bool> {
    use crate::images::{Ignore, Verdict};

    Some(Ignore::parse(lines).ok()?.verdict(path) == Verdict::Sent)
}

/// The status and the body of an answer that comes in pieces of `size`, and whether it is whole; none if it is no answer.
#[must_use]
pub fn answer(wire: &[u8], size: usize) -> Option<(u16, Vec<u8>, bool)> {
    let (response, length) = connect::parse(wire).ok()??;
    let mut transfer = Transfer::of(response.status(), response.headers()).ok()?;
    let (mut received, mut body) = (BytesMut::new(), Vec::new());
    for piece in wire[length..].chunks(size) {
        received.extend_from_slice(piece);
        loop {
            match transfer.next(&mut received) {
                Ok(Some(bytes)) => body.extend_from_slice(&bytes),
                Ok(None) => break,
                Err(_) => return Some((response.status().as_u16(), body, false)),
            }
        }
    }
    Some((response.status().as_u16(), body, transfer.may_end()))
}

/// The address that `text` is, as it is displayed.
#[must_use]
pub fn address(text: &str) -> Option<String> {
    text.parse().ok().map(|address: Address| address.to_string())
}

/// The name of an image that `text` is, as it is displayed; its parts are those of the name.
#[must_use]
pub fn reference(text: &str) -> Option<String> {
    let reference: Reference = text.parse().ok()?;
    assert!(!reference.registry().is_empty() && reference.path().len() <= 255 && text.starts_with(reference.name()));
    Some(reference.to_string())
}

/// Reads a document as each of those that lie on a user's disk or that a helper answers with.
pub fn configuration(document: &[u8]) {
    let _ = serde_json::from_slice::<Meta>(document);
    let _ = serde_json::from_slice::<credentials::Answer>(document);
    let _ = serde_json::from_slice::<BTreeMap<String, serde::de::IgnoredAny>>(document);
    let Ok(config) = serde_json::from_slice::<ConfigFile>(document) else { return };
    for (name, account) in &config.auths {
        if let Ok(plain) = credentials::plain(name, account) {
            assert!(plain.auth.is_empty());
        }
    }
}
