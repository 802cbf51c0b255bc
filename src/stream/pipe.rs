//! Bytes between a thread that waits and tasks that do not.
//!
//! Files and archives are the work of threads. None outlives what it works for: once
//! nobody asks for the outcome any more, its next step fails, and it ends.

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

/// How many bytes go over at once.
pub(super) const PIECE: usize = 64 << 10;

/// How many pieces may wait.
pub(super) const PIECES: usize = 4;

/// Runs `work` on a thread of its own.
pub(crate) fn on_a_thread<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> impl Future<Output = Result<T>> + Send {
    task::spawn_blocking(work).map(outcome)
}

/// What became of work on a thread of its own.
pub(super) fn outcome<T>(ended: Result<Result<T>, JoinError>) -> Result<T> {
    let broken = |error| Error::with_source(Kind::Request("work on files came to an untimely end".into()), error);
    ended.map_err(broken)?
}

/// What `work` writes on a thread of its own, as it is written, and last its error.
///
/// The thread waits while nobody takes the bytes, and fails to write once the stream is dropped.
pub(crate) fn written(
    work: impl FnOnce(&mut Writer) -> Result<()> + Send + 'static,
) -> impl Stream<Item = Result<Bytes>> + Send + 'static {
    let (pieces, taken) = mpsc::channel(PIECES);
    let thread = task::spawn_blocking(move || {
        let mut writer = Writer { pieces, piece: BytesMut::new() };
        work(&mut writer)?;
        writer.flush().map_err(|error| Error::with_source(Kind::Request("nobody takes the bytes".into()), error))
    });
    stream::try_unfold((taken, thread), |(mut taken, thread)| async move {
        match taken.recv().await {
            Some(piece) => Ok(Some((piece, (taken, thread)))),
            None => outcome(thread.await).map(|()| None),
        }
    })
}

/// Where a thread writes to.
pub(crate) struct Writer {
    pieces: mpsc::Sender<Bytes>,
    piece: BytesMut,
}

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.piece.len() == PIECE {
            self.flush()?;
        }
        self.piece.reserve(PIECE - self.piece.len());
        let length = bytes.len().min(PIECE - self.piece.len());
        self.piece.extend_from_slice(&bytes[..length]);
        Ok(length)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        self.pieces.blocking_send(self.piece.split().freeze()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}

/// Lets `work` read `download` on a thread of its own, which fails to read once the guard is dropped.
pub(super) fn read<T: Send + 'static>(
    download: Download,
    work: impl FnOnce(Source) -> Result<T> + Send + 'static,
) -> (JoinHandle<Result<T>>, Guard) {
    let (guard, gone) = oneshot::channel();
    let runtime = Handle::current();
    let source = Source { download, bytes: Bytes::new(), runtime, gone };
    (task::spawn_blocking(move || work(source)), Guard(guard))
}

/// Somebody waits for what a thread reads, for as long as this lives.
#[derive(Debug)]
pub(super) struct Guard(#[expect(dead_code, reason = "it is there to be dropped")] oneshot::Sender<Infallible>);

/// What a thread reads.
pub(super) struct Source {
    download: Download,
    /// What came last, as far as it is not read.
    bytes: Bytes,
    runtime: Handle,
    gone: oneshot::Receiver<Infallible>,
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.bytes.is_empty() {
            let next = future::select(self.download.next(), &mut self.gone);
            match self.runtime.block_on(next) {
                Either::Left((Some(piece), _)) => self.bytes = piece?,
                Either::Left((None, _)) => return Ok(0),
                Either::Right(_) => return Err(io::ErrorKind::BrokenPipe.into()),
            }
        }
        let length = buffer.len().min(self.bytes.len());
        self.bytes.copy_to_slice(&mut buffer[..length]);
        Ok(length)
    }
}
