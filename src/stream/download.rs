//! Downloads of archives and other response bodies.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::TryStreamExt;

use super::{Reader, archive_end::ArchiveEnd};
use crate::{Error, Result, error::Operation, generated::Body};

/// An archive or other response body, as a stream of chunks.
///
/// Ends when the body is complete, or after the first error. A truncated body is an error. So is an archive that lacks the zeros
/// at its end: an engine that fails after it has sent the response headers cannot report that otherwise.
///
/// # Cancellation
///
/// Dropping this closes its connection. Waiting for the next chunk is cancel safe: no bytes are lost when the wait is
/// dropped.
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
/// use tokio::{fs::File, io};
///
/// let mut archive = docker.container("web").export().await?.into_reader();
/// io::copy(&mut archive, &mut File::create("web.tar").await?).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct Download {
    body: Option<Body>,
    /// Checks that the body is a complete archive.
    archive_end: Option<ArchiveEnd>,
    pub(super) operation: Operation,
}

impl Download {
    pub(crate) fn new(body: Body, operation: impl Into<Operation>) -> Self {
        Self { body: Some(body), archive_end: None, operation: operation.into() }
    }

    /// Creates a download whose body is a tar archive.
    pub(crate) fn archive(body: Body, operation: impl Into<Operation>) -> Self {
        Self { archive_end: Some(ArchiveEnd::default()), ..Self::new(body, operation) }
    }

    /// Fails if nothing arrives for longer than `limit`. Defaults to `None`: no limit.
    pub fn read_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        if let Some(body) = &mut self.body {
            body.set_read_timeout(limit.into());
        }
        self
    }

    /// Returns a reader of the bytes.
    #[must_use]
    pub fn into_reader(self) -> Reader<Self> {
        Reader::new(self)
    }

    /// Waits for the next chunk of bytes. Returns `None` at the end of the archive. Cancel safe.
    ///
    /// # Errors
    ///
    /// Fails if the connection is lost, or if the archive is incomplete ([`is_truncated`](crate::Error::is_truncated)). The
    /// stream ends after an error.
    pub async fn try_next(&mut self) -> Result<Option<Bytes>> {
        TryStreamExt::try_next(self).await
    }
}

impl Stream for Download {
    type Item = Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let Some(body) = &mut this.body else { return Poll::Ready(None) };
        let outcome = match ready!(Pin::new(body).poll_next(cx)) {
            Some(Ok(bytes)) => {
                if let Some(end) = &mut this.archive_end {
                    end.add(&bytes);
                }
                return Poll::Ready(Some(Ok(bytes)));
            }
            Some(Err(error)) => Some(error),
            None if this.archive_end.as_ref().is_some_and(|end| !end.is_complete()) => {
                Some(Error::truncated("unexpected end of the archive"))
            }
            None => None,
        };
        this.body = None;
        Poll::Ready(outcome.map(|error| Err(error.during(this.operation.clone()))))
    }
}
