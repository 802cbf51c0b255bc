//! Streams of bytes become streams of items.
//!
//! The decoders here do no IO: bytes go in, items come out, wherever the network
//! cut the bytes. [`Decoded`] puts one on the body of an answer.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;

use crate::{Error, Result, wire::Body};

#[cfg(feature = "tar")]
mod archive;
mod documents;
mod download;
#[cfg(feature = "tar")]
mod entries;
mod lines;
mod output;
mod output_stream;
#[cfg(feature = "tar")]
mod pack;
#[cfg(feature = "tar")]
mod pipe;
mod reader;
#[cfg(feature = "tar")]
mod unpack;
mod upload;

pub(crate) use self::documents::{Document, DocumentDecoder};
#[cfg(feature = "tar")]
pub use self::entries::{Entries, Entry, EntryKind};
pub use self::{
    download::Download,
    lines::{Line, Lines},
    output::{Output, Source},
    output_stream::{Captured, OutputStream},
    reader::Reader,
    upload::Upload,
};
#[cfg(fuzzing)]
pub(crate) use self::{lines::Splitter, output::OutputDecoder};
#[cfg(feature = "tar")]
pub(crate) use self::{
    pack::{Packer, path_inside},
    pipe::{Writer, on_a_thread, written},
};

/// Makes items of bytes.
pub(crate) trait Decoder {
    type Item;

    /// Takes the next bytes that came, once all items of those before are out.
    fn push(&mut self, bytes: Bytes);

    /// The next item, if all its bytes have come.
    fn next(&mut self) -> Result<Option<Self::Item>>;

    /// Fails if the bytes end in the middle of an item.
    fn finish(&self) -> Result<()>;
}

/// The items in the body of an answer. Ends with the first error.
pub(crate) struct Decoded<D> {
    body: Option<Body>,
    decoder: D,
    operation: &'static str,
}

impl<D: Decoder> Decoded<D> {
    pub(crate) fn new(body: Body, decoder: D, operation: &'static str) -> Self {
        Self { body: Some(body), decoder, operation }
    }

    /// Fails if nothing comes for longer than `limit`.
    pub(crate) fn set_idle_timeout(&mut self, limit: Duration) {
        if let Some(body) = &mut self.body {
            body.set_idle_timeout(limit);
        }
    }

    fn step(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<D::Item>>> {
        loop {
            let Some(body) = &mut self.body else { return Poll::Ready(Ok(None)) };
            if let Some(item) = self.decoder.next()? {
                return Poll::Ready(Ok(Some(item)));
            }
            match ready!(Pin::new(body).poll_next(cx)) {
                Some(bytes) => self.decoder.push(bytes?),
                None => {
                    self.body = None;
                    self.decoder.finish()?;
                }
            }
        }
    }
}

impl<D: Decoder + Unpin> Stream for Decoded<D> {
    type Item = Result<D::Item>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let item = ready!(self.step(cx));
        if item.is_err() {
            self.body = None;
        }
        Poll::Ready(item.map_err(|error: Error| error.during(self.operation)).transpose())
    }
}

impl<D> fmt::Debug for Decoded<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoded").field("operation", &self.operation).field("open", &self.body.is_some()).finish()
    }
}
