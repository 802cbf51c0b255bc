//! Streams of JSON documents: progress, events, stats.

use std::marker::PhantomData;

use bytes::Bytes;

use super::Decoder;
use crate::{
    Result,
    generated::{Documents, Lenient, Limit},
};

/// A type that is decoded from a JSON document of a stream.
pub(crate) trait Document: Sized {
    /// The generated type of the document.
    type Api: Lenient;

    /// Converts the document.
    fn read(api: Self::Api) -> Result<Self>;

    /// Decodes a single document.
    #[cfg(any(test, fuzzing))]
    fn decode(bytes: &[u8]) -> Result<Self> {
        let mut documents = Documents::new(Limit::item(usize::MAX));
        documents.push(Bytes::copy_from_slice(bytes));
        let document = documents.next()?.map(Self::read);
        documents.finish()?;
        document.unwrap_or_else(|| Err(crate::Error::truncated("the response is empty")))
    }
}

/// A decoder of a sequence of JSON objects.
///
/// Old engines write no separator between two documents; others write LF, CR LF or a record separator.
#[derive(Debug)]
pub(crate) struct DocumentDecoder<T> {
    documents: Documents,
    decoded: PhantomData<fn() -> T>,
}

impl<T: Document> DocumentDecoder<T> {
    /// Creates a decoder of documents of up to `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { documents: Documents::new(Limit::item(limit)), decoded: PhantomData }
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
