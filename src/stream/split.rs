//! Output that is split into standard output and standard error.

use std::{
    fmt, io, mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker, ready},
};

use bytes::{Buf as _, Bytes, BytesMut};
use futures_core::Stream as _;
use tokio::io::{AsyncBufRead, AsyncRead, ReadBuf};

use super::{LogOutput, OutputStream};

/// Maximum size of output that is kept for one half while the other is read, in bytes. A single chunk may be larger.
const CAPACITY: usize = 64 << 10;

/// The standard output or the standard error of a container or command. Returned by [`OutputStream::split`].
///
/// An error of the stream is the source of the [`io::Error`]; both halves return it. Dropping both halves closes the connection;
/// the output of a half that is dropped is discarded.
pub struct OutputHalf {
    shared: Arc<Mutex<Shared>>,
    wakers: Arc<Wakers>,
    half: Half,
    /// The rest of the last chunk.
    bytes: Bytes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Half {
    Stdout,
    Stderr,
}

impl Half {
    fn other(self) -> Self {
        match self {
            Self::Stdout => Self::Stderr,
            Self::Stderr => Self::Stdout,
        }
    }
}

/// The stream, and output that was received for a half that did not request it yet.
struct Shared {
    stream: OutputStream,
    pending: [Pending; 2],
    /// Whether output was received for the other half than the one that was polled.
    has_news: bool,
    end: Option<crate::Result<()>>,
}

/// Output that was received for one half.
#[derive(Default)]
struct Pending {
    bytes: BytesMut,
    is_dropped: bool,
}

/// The tasks that wait for the halves: output for one half can be received while the other waits.
#[derive(Default)]
struct Wakers([Mutex<Option<Waker>>; 2]);

impl Wakers {
    fn wake_half(&self, half: Half) {
        let waker = lock(&self.0[half as usize]).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Wake for Wakers {
    fn wake(self: Arc<Self>) {
        self.wake_half(Half::Stdout);
        self.wake_half(Half::Stderr);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl OutputHalf {
    pub(super) fn pair(stream: OutputStream) -> (Self, Self) {
        let shared = Arc::new(Mutex::new(Shared { stream, pending: Default::default(), has_news: false, end: None }));
        let wakers = Arc::new(Wakers::default());
        let half = |half| Self { shared: shared.clone(), wakers: wakers.clone(), half, bytes: Bytes::new() };
        (half(Half::Stdout), half(Half::Stderr))
    }

    /// Waits for the next bytes of this half; `None` is the end.
    fn poll_bytes(&self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        let previous = lock(&self.wakers.0[self.half as usize]).replace(cx.waker().clone());
        drop(previous);
        let mut shared = lock(&self.shared);
        let polled = shared.poll_bytes(self.half, &self.wakers);
        let has_news = mem::take(&mut shared.has_news) || polled.is_ready();
        drop(shared);
        if has_news {
            // It may wait for what was received, for the end, or for this half to be read.
            self.wakers.wake_half(self.half.other());
        }
        polled
    }
}

impl Shared {
    fn poll_bytes(&mut self, half: Half, wakers: &Arc<Wakers>) -> Poll<io::Result<Option<Bytes>>> {
        let waker = wakers.clone().into();
        let mut cx = Context::from_waker(&waker);
        loop {
            let pending = &mut self.pending[half as usize].bytes;
            if !pending.is_empty() {
                return Poll::Ready(Ok(Some(pending.split().freeze())));
            }
            if let Some(end) = &self.end {
                return Poll::Ready(end.clone().map(|()| None).map_err(io::Error::from));
            }
            let other = &self.pending[half.other() as usize];
            if !other.is_dropped && other.bytes.len() >= CAPACITY {
                return Poll::Pending;
            }
            match ready!(Pin::new(&mut self.stream).poll_next(&mut cx)) {
                Some(Ok(output)) => self.has_news |= self.keep(&output) == Some(half.other()),
                Some(Err(error)) => self.end = Some(Err(error)),
                None => self.end = Some(Ok(())),
            }
        }
    }

    /// Keeps output until its half requests it, unless the half is dropped. Returns the half.
    fn keep(&mut self, output: &LogOutput) -> Option<Half> {
        let half = match output {
            LogOutput::Stdout(_) | LogOutput::Tty(_) => Half::Stdout,
            LogOutput::Stderr(_) => Half::Stderr,
            LogOutput::Stdin(_) => return None,
        };
        let pending = &mut self.pending[half as usize];
        if !pending.is_dropped {
            pending.bytes.extend_from_slice(output.bytes());
        }
        Some(half)
    }
}

impl Drop for OutputHalf {
    fn drop(&mut self) {
        lock(&self.shared).pending[self.half as usize] = Pending { bytes: BytesMut::new(), is_dropped: true };
        let waker = lock(&self.wakers.0[self.half as usize]).take();
        drop(waker);
        self.wakers.wake_half(self.half.other());
    }
}

impl AsyncBufRead for OutputHalf {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        if this.bytes.is_empty()
            && let Some(bytes) = ready!(this.poll_bytes(cx))?
        {
            this.bytes = bytes;
        }
        Poll::Ready(Ok(&this.bytes))
    }

    fn consume(mut self: Pin<&mut Self>, amount: usize) {
        self.bytes.advance(amount);
    }
}

impl AsyncRead for OutputHalf {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let bytes = ready!(self.as_mut().poll_fill_buf(cx))?;
        let amount = bytes.len().min(buffer.remaining());
        buffer.put_slice(&bytes[..amount]);
        self.consume(amount);
        Poll::Ready(Ok(()))
    }
}

impl fmt::Debug for OutputHalf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutputHalf").field("half", &self.half).finish_non_exhaustive()
    }
}
