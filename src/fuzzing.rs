//! What the fuzz targets in `fuzz/` call. Built with `--cfg fuzzing` only, and no part of the API.

use bytes::Bytes;
use serde_json::Value;

use crate::{
    images::ProgressItem,
    models::Stats,
    stream::{Decoder, Document, DocumentDecoder, OutputDecoder, Source, Splitter},
    system::Event,
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
