//! Output that is split into standard output and standard error.

use std::{
    fmt, mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Wake, Waker, ready},
};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;

use super::{LogOutput, OutputStream, Reader};
use crate::Result;

/// Maximum size of output that is kept for one half while the other is read, in bytes. A single chunk may be larger.
const CAPACITY: usize = 64 << 10;

/// The bytes that a container or command wrote to stdout, or to stderr. Returned by [`OutputStream::split`], in a [`Reader`].
///
/// Both halves return an error of the stream. Dropping both closes the connection; the output of a half that is dropped is
/// discarded.
pub struct OutputHalf {
    shared: Arc<Mutex<Shared>>,
    wakers: Arc<Wakers>,
    half: Half,
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
    end: Option<Result<()>>,
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
    pub(super) fn pair(stream: OutputStream) -> (Reader<Self>, Reader<Self>) {
        let shared = Arc::new(Mutex::new(Shared { stream, pending: Default::default(), has_news: false, end: None }));
        let wakers = Arc::new(Wakers::default());
        let reader = |half| Reader::new(Self { shared: shared.clone(), wakers: wakers.clone(), half });
        (reader(Half::Stdout), reader(Half::Stderr))
    }
}

impl Shared {
    /// Returns the next bytes of `half`.
    fn poll_bytes(&mut self, half: Half, wakers: &Arc<Wakers>) -> Poll<Option<Result<Bytes>>> {
        let waker = wakers.clone().into();
        let mut cx = Context::from_waker(&waker);
        loop {
            let pending = &mut self.pending[half as usize].bytes;
            if !pending.is_empty() {
                return Poll::Ready(Some(Ok(pending.split().freeze())));
            }
            if let Some(end) = &self.end {
                return Poll::Ready(end.clone().err().map(Err));
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

impl Stream for OutputHalf {
    type Item = Result<Bytes>;

    /// Returns the next bytes of this half.
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
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

impl fmt::Debug for OutputHalf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutputHalf").field("half", &self.half).finish_non_exhaustive()
    }
}
