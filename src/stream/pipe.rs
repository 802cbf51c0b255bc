//! Channels between blocking threads, which read and write files and archives, and async tasks.
//!
//! A thread stops soon after its stream or guard is dropped: its next read or write fails.

use std::{
    convert::Infallible,
    future::Future,
    io::{self, Read, Write},
};

use bytes::{Buf as _, Bytes, BytesMut};
use futures_core::Stream;
use futures_util::{
    FutureExt as _, StreamExt as _,
    future::{self, Either},
    stream,
};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
    task::{self, JoinError, JoinHandle},
};

use super::Download;
use crate::{Error, Result, error::Kind};

/// Maximum size of a chunk, in bytes.
pub(super) const CHUNK_SIZE: usize = 64 << 10;

/// Capacity of a channel.
pub(super) const MAX_CHUNKS: usize = 4;

/// Runs `work` on the blocking thread pool.
pub(crate) fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> impl Future<Output = Result<T>> + Send {
    task::spawn_blocking(work).map(outcome)
}

/// Converts the result of a blocking task.
pub(super) fn outcome<T>(ended: Result<Result<T>, JoinError>) -> Result<T> {
    let broken =
        |error| Error::with_source(Kind::Internal("the background file task panicked or was cancelled".into()), error);
    ended.map_err(broken)?
}

/// Runs `work` on the blocking thread pool, and returns a stream of the bytes that it writes. An error of `work` is the last
/// item.
///
/// The thread blocks while the channel is full. Once the stream is dropped, writes fail.
pub(crate) fn write_stream(
    work: impl FnOnce(&mut Writer) -> Result<()> + Send + 'static,
) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
    let (chunks, received) = mpsc::channel(MAX_CHUNKS);
    let thread = task::spawn_blocking(move || {
        let mut writer = Writer { chunks, chunk: BytesMut::new() };
        work(&mut writer)?;
        writer.flush().map_err(|error| Error::with_source(Kind::Internal("the reader was dropped".into()), error))
    });
    stream::try_unfold((received, thread), |(mut received, thread)| async move {
        match received.recv().await {
            Some(chunk) => Ok(Some((chunk, (received, thread)))),
            None => outcome(thread.await).map(|()| None),
        }
    })
}

/// The writing end of the channel of [`write_stream`].
pub(crate) struct Writer {
    chunks: mpsc::Sender<Bytes>,
    chunk: BytesMut,
}

impl Writer {
    /// Returns an error once the stream is dropped, for work that can take long without writing anything.
    pub(crate) fn check_reader(&self) -> Result<()> {
        if self.chunks.is_closed() { Err(Error::internal("the reader was dropped")) } else { Ok(()) }
    }
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.chunk.len() == CHUNK_SIZE {
            self.flush()?;
        }
        self.chunk.reserve(CHUNK_SIZE - self.chunk.len());
        let length = bytes.len().min(CHUNK_SIZE - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.chunk.is_empty() {
            return Ok(());
        }
        self.chunks.blocking_send(self.chunk.split().freeze()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// Runs `work`, which reads `download`, on the blocking thread pool. Once the guard is dropped, reads fail.
pub(super) fn read<T: Send + 'static>(
    download: Download,
    work: impl FnOnce(Source) -> Result<T> + Send + 'static,
) -> (JoinHandle<Result<T>>, Guard) {
    let (guard, dropped) = oneshot::channel();
    let runtime = Handle::current();
    let source = Source { download, bytes: Bytes::new(), runtime, dropped };
    (task::spawn_blocking(move || work(source)), Guard(guard))
}

/// Allows a thread to read its [`Source`] until this is dropped.
#[derive(Debug)]
pub(super) struct Guard(#[expect(dead_code, reason = "dropped to signal the reader")] oneshot::Sender<Infallible>);

/// A blocking reader of a [`Download`].
pub(super) struct Source {
    download: Download,
    /// The rest of the last chunk.
    bytes: Bytes,
    runtime: Handle,
    dropped: oneshot::Receiver<Infallible>,
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.bytes.is_empty() {
            let next = future::select(self.download.next(), &mut self.dropped);
            match self.runtime.block_on(next) {
                Either::Left((Some(chunk), _)) => self.bytes = chunk?,
                Either::Left((None, _)) => return Ok(0),
                Either::Right(_) => return Err(io::ErrorKind::BrokenPipe.into()),
            }
        }
        let length = buffer.len().min(self.bytes.len());
        self.bytes.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}
