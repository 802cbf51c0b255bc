//! Byte stream of a pooled connection: counts received bytes and delays write errors.
//!
//! An engine may close an idle connection just as it is reused. Then no byte of a response arrives, and it is unknown
//! whether the engine has read the request. The counter detects this case.
//!
//! An engine may also reject an upload and close the connection before it has read all of it. Writing then fails, possibly
//! before the response was read, and hyper stops reading after a write error. So a write error is withheld until the read
//! side has reached EOF, but at most for [`WRITE_ERROR_DELAY`], because hyper may have stopped reading for another reason.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    runtime::Handle,
    time::{Sleep, sleep},
};

use super::Io;

/// Maximum time that a write error is withheld while the read side is open.
const WRITE_ERROR_DELAY: Duration = Duration::from_secs(5);

/// The byte stream of an HTTP/1.1 connection.
pub(super) struct Pooled {
    stream: Io,
    received: ReceivedBytes,
    /// Whether the read side has reached EOF or failed.
    is_eof: bool,
    /// Timer that runs while a write error is withheld.
    delay: Option<Pin<Box<Sleep>>>,
}

/// Number of bytes received since the last request was sent.
///
/// Only one task at a time uses a connection, so relaxed loads and stores suffice.
#[derive(Clone, Debug, Default)]
pub(super) struct ReceivedBytes(Arc<AtomicUsize>);

impl ReceivedBytes {
    pub(super) fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    pub(super) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    fn add(&self, bytes: usize) {
        self.0.store(self.bytes().saturating_add(bytes), Ordering::Relaxed);
    }
}

impl Pooled {
    pub(super) fn new(stream: Io, received: ReceivedBytes) -> Self {
        Self { stream, received, is_eof: false, delay: None }
    }

    /// Returns the result of a write, but withholds an error until the read side has reached EOF or the delay has passed.
    fn delay_error<T>(&mut self, cx: &mut Context<'_>, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        // A response may be read outside of a runtime, where there are no timers.
        if matches!(outcome, Poll::Ready(Err(_))) && !self.is_eof && Handle::try_current().is_ok() {
            ready!(self.delay.get_or_insert_with(|| Box::pin(sleep(WRITE_ERROR_DELAY))).as_mut().poll(cx));
        }
        outcome
    }
}

impl AsyncRead for Pooled {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, buffer));
        let length = buffer.filled().len() - before;
        if length > 0 {
            self.received.add(length);
        } else if buffer.remaining() > 0 {
            self.is_eof = true;
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Pooled {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.delay_error(cx, outcome)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.delay_error(cx, outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outcome = Pin::new(&mut self.stream).poll_flush(cx);
        self.delay_error(cx, outcome)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
