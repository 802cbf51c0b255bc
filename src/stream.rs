//! Streams of response bodies, and their decoders.
//!
//! A [`Decoder`] does no I/O: it turns chunks of bytes into items, independently of how the network splits the bytes.
//! [`Decoded`] applies one to a response body.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;

use crate::{Error, Result, generated::Body};

#[cfg(feature = "tar")]
mod archive;
mod archive_end;
mod details;
#[cfg(feature = "tar")]
mod directories;
mod documents;
mod download;
#[cfg(feature = "tar")]
mod entries;
#[cfg(feature = "buildkit")]
mod file_status;
mod lines;
mod output;
mod output_batch;
mod output_stream;
#[cfg(feature = "tar")]
mod pack;
#[cfg(feature = "tar")]
mod pipe;
mod prefix;
mod reader;
#[cfg(feature = "tar")]
mod root_dir;
mod split;
#[cfg(feature = "buildkit")]
mod temporary_file;
#[cfg(feature = "tar")]
mod unpack;
mod upload;
#[cfg(feature = "tar")]
mod walk;

#[cfg(feature = "buildkit")]
pub(crate) use self::directories::{Attributes as DirectoryAttributes, Directories};
#[cfg(feature = "tar")]
pub use self::entries::{Entries, Entry, EntryKind};
#[cfg(feature = "buildkit")]
pub(crate) use self::temporary_file::TemporaryFile;
pub use self::{
    details::LogDetails,
    download::Download,
    lines::{Line, Lines},
    output::{LogOutput, Source},
    output_batch::OutputBatch,
    output_stream::{Captured, OutputStream},
    reader::Reader,
    split::OutputHalf,
    upload::Upload,
};
pub(crate) use self::{
    documents::{Document, DocumentDecoder},
    prefix::{LOG_PART_SIZE, Prefix},
};
#[cfg(fuzzing)]
pub(crate) use self::{lines::Splitter, output::OutputDecoder};
#[cfg(feature = "tar")]
pub(crate) use self::{
    pack::{Owner, Packer},
    pipe::{Writer, run_blocking, write_stream},
    root_dir::{Kind, RootDir},
    walk::{Walk, WalkEntry},
};

/// A decoder of bytes into items.
pub(crate) trait Decoder {
    type Item;

    /// Adds received bytes, after `next` has returned all items of the bytes before.
    fn push(&mut self, bytes: Bytes);

    /// Returns the next item, if all its bytes have been received.
    fn next(&mut self) -> Result<Option<Self::Item>>;

    /// Returns an error if the bytes end in the middle of an item.
    fn finish(&self) -> Result<()>;
}

/// The items in a response body. Ends after the first error.
pub(crate) struct Decoded<D> {
    body: Option<Body>,
    decoder: D,
    operation: &'static str,
    object: Option<Box<str>>,
}

impl<D: Decoder> Decoded<D> {
    pub(crate) fn new(body: Body, decoder: D, operation: &'static str) -> Self {
        Self { body: Some(body), decoder, operation, object: None }
    }

    /// Names the object of the operation, in errors.
    pub(crate) fn of(self, object: &str) -> Self {
        Self { object: Some(object.into()), ..self }
    }

    /// Limits the time without received bytes; `None` is no limit.
    pub(crate) fn set_read_timeout(&mut self, limit: Option<Duration>) {
        if let Some(body) = &mut self.body {
            body.set_read_timeout(limit);
        }
    }

    /// Closes the connection because of an error of the consumer, and returns the error with the operation's name.
    pub(crate) fn fail(&mut self, error: Error) -> Error {
        self.body = None;
        self.named(error)
    }

    fn named(&self, error: Error) -> Error {
        error.during(self.operation).about(self.object.as_deref())
    }

    /// Polls for the next result of `next`, which takes items from the decoder. Ends after the first error.
    fn poll_items<T>(
        &mut self,
        cx: &mut Context<'_>,
        next: impl Fn(&mut D) -> Result<Option<T>>,
    ) -> Poll<Option<Result<T>>> {
        let items = ready!(self.poll_decoded(cx, next));
        if items.is_err() {
            self.body = None;
        }
        Poll::Ready(items.map_err(|error| self.named(error)).transpose())
    }

    fn poll_decoded<T>(
        &mut self,
        cx: &mut Context<'_>,
        next: impl Fn(&mut D) -> Result<Option<T>>,
    ) -> Poll<Result<Option<T>>> {
        loop {
            let Some(body) = &mut self.body else { return Poll::Ready(Ok(None)) };
            if let Some(item) = next(&mut self.decoder)? {
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
        self.poll_items(cx, D::next)
    }
}

impl<D> fmt::Debug for Decoded<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoded").field("operation", &self.operation).field("open", &self.body.is_some()).finish()
    }
}
