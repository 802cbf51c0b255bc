//! Downloads of archives and other response bodies.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use futures_util::TryStreamExt;

use super::Reader;
use crate::{Result, error::Operation, generated::Body};

/// An archive or other response body, as a stream of chunks.
///
/// Ends when the body is complete, or after the first error. A truncated body is an error.
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
    pub(super) operation: Operation,
}

impl Download {
    pub(crate) fn new(body: Body, operation: impl Into<Operation>) -> Self {
        Self { body: Some(body), operation: operation.into() }
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
    /// Fails if the connection is lost. The stream ends after an error.
    pub async fn try_next(&mut self) -> Result<Option<Bytes>> {
        TryStreamExt::try_next(self).await
    }
}

impl Stream for Download {
    type Item = Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let bytes = ready!(Pin::new(body).poll_next(cx));
        if !matches!(bytes, Some(Ok(_))) {
            self.body = None;
        }
        Poll::Ready(bytes.map(|bytes| bytes.map_err(|error| error.during(self.operation.clone()))))
    }
}
