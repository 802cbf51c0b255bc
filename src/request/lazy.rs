//! Streams whose first poll sends the request.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::{Stream, future::BoxFuture};
use futures_util::{TryFutureExt as _, TryStreamExt};

use crate::{
    Error, Result,
    stream::{Lines, OutputStream, Reader},
};

/// A stream that sends its request when it is first polled. Returned by `stream()` of requests that resolve to a stream,
/// for code that is not async.
///
/// If the request fails, its error is the only item.
///
/// # Cancellation
///
/// Dropping this closes its connection. Waiting for the next item is cancel safe.
#[must_use = "streams do nothing unless polled"]
pub struct LazyStream<S>(State<S>);

enum State<S> {
    /// The request is not sent, or its response headers have not been received.
    Opening(BoxFuture<'static, Result<S>>),
    Open(S),
    Failed,
}

impl<S> LazyStream<S> {
    pub(crate) fn new(open: BoxFuture<'static, Result<S>>) -> Self {
        Self(State::Opening(open))
    }
}

impl<S, T> LazyStream<S>
where
    S: Stream<Item = Result<T, Error>> + Unpin,
{
    /// Waits for the next item; the first call sends the request. Returns `None` at the end of the stream. Cancel safe.
    ///
    /// # Errors
    ///
    /// Fails if the request or its stream does. The stream ends after an error.
    pub async fn try_next(&mut self) -> Result<Option<T>> {
        TryStreamExt::try_next(self).await
    }
}

impl LazyStream<OutputStream> {
    /// Splits the output into lines, see [`OutputStream::lines`].
    pub fn lines(self) -> LazyStream<Lines> {
        match self.0 {
            State::Opening(open) => LazyStream(State::Opening(Box::pin(open.map_ok(OutputStream::lines)))),
            State::Open(output) => LazyStream(State::Open(output.lines())),
            State::Failed => LazyStream(State::Failed),
        }
    }

    /// Returns a reader of the bytes of all sources.
    #[must_use]
    pub fn into_reader(self) -> Reader<Self> {
        Reader::new(self)
    }
}

impl<S, T> Stream for LazyStream<S>
where
    S: Stream<Item = Result<T, Error>> + Unpin,
{
    type Item = Result<T, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            match &mut self.0 {
                State::Opening(open) => match ready!(open.as_mut().poll(cx)) {
                    Ok(stream) => self.0 = State::Open(stream),
                    Err(error) => {
                        self.0 = State::Failed;
                        return Poll::Ready(Some(Err(error)));
                    }
                },
                State::Open(stream) => return Pin::new(stream).poll_next(cx),
                State::Failed => return Poll::Ready(None),
            }
        }
    }
}

impl<S> fmt::Debug for LazyStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LazyStream").field("is_open", &matches!(self.0, State::Open(_))).finish()
    }
}
