//! A connection of the pool, which knows whether the engine gave it up.
//!
//! An engine may close a connection that is kept just when it is used again. Then nothing of
//! an answer comes, and whether the engine has read the request nobody knows. One that only
//! reads may be sent once more; for that, this is found out.
//!
//! An engine may also say no and close before it has read all of an upload. Sending then fails,
//! perhaps before its answer was read, and an HTTP library that hears of the failure reads no
//! more. So it hears of it only once there is nothing left to read, or after a while: it may
//! have stopped reading by itself.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use http::Extensions;
use hyper_util::client::legacy::{
    self,
    connect::{Connected, Connection},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

use super::Stream;

/// A connection that requests share, one after the other.
pub(crate) struct Pooled {
    stream: Stream,
    last: Last,
    /// Whether there is nothing left to read.
    ended: bool,
    /// How long a failure to send is kept back, once there is one.
    kept_back: Option<Pin<Box<Sleep>>>,
}

/// How long a failure to send waits for an answer to be read.
const PATIENCE: Duration = Duration::from_secs(5);

/// What happened last on a connection: one of the constants below.
#[derive(Clone, Debug, Default)]
struct Last(Arc<AtomicU8>);

/// Nothing has been read yet.
const NEW: u8 = 0;
/// Something was read.
const HEARD: u8 = 1;
/// Something was read earlier, and nothing since a further request was written.
const ASKED_AGAIN: u8 = 2;

impl Pooled {
    pub(super) fn new(stream: Stream) -> Self {
        Self { stream, last: Last::default(), ended: false, kept_back: None }
    }

    fn wrote(&self) {
        // Nobody else writes, so there is nothing to lose between these two.
        if self.last.0.load(Ordering::Relaxed) != NEW {
            self.last.0.store(ASKED_AGAIN, Ordering::Relaxed);
        }
    }

    /// What was `sent`, or its failure, if there is nothing left to read or has not been for a while.
    fn sent<T>(&mut self, cx: &mut Context<'_>, sent: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if matches!(sent, Poll::Ready(Err(_))) && !self.ended {
            ready!(self.kept_back.get_or_insert_with(|| Box::pin(sleep(PATIENCE))).as_mut().poll(cx));
        }
        sent
    }
}

/// Whether `error` came of a request on a connection that had served before, and no byte of an answer to it came.
pub(super) fn was_given_up(error: &legacy::Error) -> bool {
    let mut extras = Extensions::new();
    error.connect_info().inspect(|connection| connection.get_extras(&mut extras));
    extras.get::<Last>().is_some_and(|last| last.0.load(Ordering::Relaxed) == ASKED_AGAIN)
}

impl Connection for Pooled {
    fn connected(&self) -> Connected {
        Connected::new().extra(self.last.clone())
    }
}

impl AsyncRead for Pooled {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, buffer));
        if buffer.filled().len() > before {
            self.last.0.store(HEARD, Ordering::Relaxed);
        } else if buffer.remaining() > 0 {
            self.ended = true;
        }
        Poll::Ready(read)
    }
}

impl AsyncWrite for Pooled {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.wrote();
        let sent = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.sent(cx, sent)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.wrote();
        let sent = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.sent(cx, sent)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sent = Pin::new(&mut self.stream).poll_flush(cx);
        self.sent(cx, sent)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
