//! Progress of pulls, pushes, builds, imports and loads.

use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use futures_core::Stream;
use futures_util::TryStreamExt;
#[cfg(feature = "buildkit")]
use futures_util::future::BoxFuture;

use self::items::Items;
#[cfg(feature = "buildkit")]
use super::build::{Response, SolveStream};
use crate::{Error, Result, error::Kind, generated::Body};

#[cfg(feature = "buildkit")]
mod graph;
mod item;
mod items;
#[cfg(feature = "buildkit")]
mod plain;
#[cfg(feature = "buildkit")]
pub(super) mod text;
#[cfg(feature = "buildkit")]
mod trace;
mod watch;

#[cfg(feature = "buildkit")]
pub use self::{
    graph::{BuildGraph, BuildStep, StepState, StepTransfer},
    plain::PlainTrace,
    trace::{BuildTrace, Vertex, VertexGroup, VertexLog, VertexStatus, VertexWarning},
};
pub use self::{
    item::{ProgressItem, ProgressStatus, ProgressUnits},
    watch::WatchProgress,
};

/// The progress of a pull, push, build, import or load, as a stream, and its result.
///
/// Ends when the operation is complete. If the operation fails, the last item is an error with the engine's message
/// ([`is_operation_failed`](Error::is_operation_failed)) and its [`code`](Error::code).
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// let mut progress = docker.image("busybox").pull().progress().await?;
/// while let Some(item) = progress.try_next().await? {
///     println!("{item:?}");
/// }
/// println!("{:?}", progress.finish().await?.digest);
/// # Ok(())
/// # }
/// ```
///
/// # Cancellation
///
/// Dropping this closes its connection. Engines since 1.6 then cancel a build, and since 1.10 also a pull or a push; older
/// engines continue. Waiting for the next item is cancel safe.
#[must_use = "streams do nothing unless polled"]
pub struct Progress<T> {
    items: Items,
    outcome: Box<dyn ProgressResult<T>>,
    failure: Option<Error>,
}

/// A result of the operation that is collected from its progress items.
pub(crate) trait ProgressResult<T>: Send {
    /// Updates the result from `item`.
    fn add_item(&mut self, item: &ProgressItem) -> Result<()>;

    /// Updates the result from what BuildKit has reported, once the operation is complete.
    #[cfg(feature = "buildkit")]
    fn add_response(&mut self, _: Response) {}

    /// Adds to the error of the operation what the items have reported about it.
    fn explain(&self, error: Error) -> Error {
        error
    }

    /// Returns the result, once the operation is complete.
    fn finish(self: Box<Self>) -> Result<T>;
}

impl<T> Progress<T> {
    pub(crate) fn new(
        body: Body,
        limit: usize,
        operation: &'static str,
        outcome: impl ProgressResult<T> + 'static,
    ) -> Self {
        let items = Items::documents(body, limit, operation);
        Self { items, outcome: Box::new(outcome), failure: None }
    }

    /// The progress of a build that BuildKit solves.
    #[cfg(feature = "buildkit")]
    pub(super) fn of_solve(items: SolveStream, outcome: impl ProgressResult<T> + 'static) -> Self {
        Self { items: Items::Solve(items), outcome: Box::new(outcome), failure: None }
    }

    /// Serves the session of the operation while the progress is polled.
    #[cfg(feature = "buildkit")]
    pub(super) fn with_session(self, session: Option<BoxFuture<'static, Error>>) -> Self {
        Self { items: self.items.with_session(session), ..self }
    }

    /// Names the image or plugin, in errors.
    pub(crate) fn of(self, name: &str) -> Self {
        Self { items: self.items.of(name), ..self }
    }

    /// Fails if nothing arrives for longer than `limit`. Defaults to `None`: no limit.
    pub fn read_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.items.set_read_timeout(limit.into());
        self
    }

    /// Waits until the operation is complete, and returns its result: that of the request without `progress()`.
    ///
    /// # Errors
    ///
    /// Fails if the operation fails, or has failed before.
    pub async fn finish(mut self) -> Result<T> {
        while self.try_next().await?.is_some() {}
        match self.failure {
            Some(failure) => Err(failure),
            None => self.outcome.finish(),
        }
    }

    /// Waits for the next item. Returns `None` once the operation is complete. Cancel safe.
    ///
    /// # Errors
    ///
    /// Fails if the operation or the connection does. The stream ends after an error.
    pub async fn try_next(&mut self) -> Result<Option<ProgressItem>> {
        TryStreamExt::try_next(self).await
    }
}

impl<T> Stream for Progress<T> {
    type Item = Result<ProgressItem>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let error = match ready!(self.items.poll(cx)) {
            Some(Ok(item)) => match self.outcome.add_item(&item) {
                Ok(()) => return Poll::Ready(Some(Ok(item))),
                Err(error) => self.items.fail(error),
            },
            Some(Err(error)) => self.outcome.explain(error),
            None => {
                #[cfg(feature = "buildkit")]
                {
                    let response = self.items.take_response();
                    self.outcome.add_response(response);
                }
                return Poll::Ready(None);
            }
        };
        self.failure = Some(error.clone());
        Poll::Ready(Some(Err(error)))
    }
}

impl<T> fmt::Debug for Progress<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Progress").field(&self.items).finish()
    }
}

/// A list that is collected from progress items, with a limit for its size in memory.
pub(super) struct Collected<T> {
    items: Vec<T>,
    /// Number of bytes that further items may take.
    remaining: usize,
    limit: usize,
}

impl<T> Collected<T> {
    pub(super) fn new(limit: usize) -> Self {
        Self { items: Vec::new(), remaining: limit, limit }
    }

    /// Adds an item with `bytes` bytes of text, or returns an error if the limit is exceeded.
    pub(super) fn push(&mut self, item: T, bytes: usize) -> Result<()> {
        let size = bytes.saturating_add(size_of::<T>());
        let Some(remaining) = self.remaining.checked_sub(size) else {
            let message = format!("the results are larger than {} bytes (max_item_size)", self.limit);
            return Err(Error::new(Kind::Decode(message)));
        };
        self.remaining = remaining;
        self.items.push(item);
        Ok(())
    }

    pub(super) fn last(&self) -> Option<&T> {
        self.items.last()
    }

    pub(super) fn into_items(self) -> Vec<T> {
        self.items
    }
}
