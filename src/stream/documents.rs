//! Sequences of JSON documents: progress, events, statistics.

use std::marker::PhantomData;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use super::Decoder;
use crate::{Result, wire::Documents};

/// What a document of a sequence becomes.
pub(crate) trait Document: Sized {
    /// Its form on the wire.
    type Wire: DeserializeOwned;

    /// What it says.
    fn read(wire: Self::Wire) -> Result<Self>;

    /// The document that `bytes` are.
    #[cfg(any(test, fuzzing))]
    fn decode(bytes: &[u8]) -> Result<Self> {
        Self::read(crate::wire::decode(bytes)?)
    }
}

/// Makes items of a sequence of documents.
///
/// Old engines put nothing between two documents, others a line end, a carriage
/// return and a line end, or a record separator. A document is an object.
#[derive(Debug)]
pub(crate) struct DocumentDecoder<T> {
    documents: Documents,
    decoded: PhantomData<fn() -> T>,
}

impl<T: Document> DocumentDecoder<T> {
    /// Takes documents of up to `longest` bytes.
    pub(crate) fn new(longest: usize) -> Self {
        Self { documents: Documents::new(longest), decoded: PhantomData }
    }
}

impl<T: Document> Decoder for DocumentDecoder<T> {
    type Item = T;

    fn push(&mut self, bytes: Bytes) {
        self.documents.push(bytes);
    }

    fn next(&mut self) -> Result<Option<T>> {
        self.documents.next()?.map(T::read).transpose()
    }

    fn finish(&self) -> Result<()> {
        self.documents.finish()
    }
}
