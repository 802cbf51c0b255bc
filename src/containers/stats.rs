//! Measuring the resource usage of a container.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::Stream;
use futures_util::TryStreamExt;

use super::Container;
use crate::{
    LazyStream, Result,
    generated::{Body, Client},
    models::Stats,
    request::{Settings, request},
    stream::{Decoded, Document, DocumentDecoder},
};

impl Container {
    /// Measures the resource usage of the container about once per second, until it is removed, as `docker stats` does.
    ///
    /// Resolves once the engine has responded. Calls `GET /containers/{id}/stats`, since API 1.17.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404). Engines before 1.7 send no response for a container that is not
    /// running, so the call fails with a timeout.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let mut samples = docker.container("web").stats().await?;
    /// let mut previous = None;
    /// while let Some(sample) = samples.try_next().await? {
    ///     // `None` % for the first sample: CPU usage is the difference of two samples.
    ///     println!("{:?} %, {:?} bytes", sample.cpu_percent(previous.as_ref()), sample.memory_used());
    ///     previous = Some(sample);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerStats")]
    pub fn stats(&self) -> ReadStats {
        ReadStats { container: self.clone(), settings: Settings::default() }
    }
}

/// A request to measure the resource usage of a container. Returned by [`Container::stats`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ReadStats {
    container: Container,
    settings: Settings,
}

request!(ReadStats => StatsStream, "container_stats", container.id);

impl ReadStats {
    /// Returns the samples as a stream that sends the request when it is first polled.
    pub fn stream(self) -> LazyStream<StatsStream> {
        LazyStream::new(self.into_future())
    }

    async fn call(self) -> Result<StatsStream> {
        let (api, id) = self.container.api("container_stats", &self.settings).await?;
        let (_, body) = api.stream(async |client: &Client| client.container_stats(id, None, None).await).await?;
        Ok(StatsStream::new(body, api.max_item_size()))
    }
}

/// The resource usage of a container, measured about once per second. Returned by [`Container::stats`].
///
/// Ends when the container is removed, or with the first error. If the container is not running, newer engines send
/// samples of zeros, and old ones send none.
///
/// # Cancellation
///
/// Dropping this closes its connection. Waiting for the next sample is cancel safe: none is lost when the wait is dropped.
#[doc(alias = "StatsOrError")]
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct StatsStream(Decoded<DocumentDecoder<Stats>>);

impl StatsStream {
    pub(super) fn new(body: Body, limit: usize) -> Self {
        Self(Decoded::new(body, DocumentDecoder::new(limit), "container_stats"))
    }

    /// Fails if nothing arrives for longer than `limit`. Defaults to `None`: no limit.
    pub fn read_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.0.set_read_timeout(limit.into());
        self
    }

    /// Waits for the next sample. Returns `None` once the container is removed. Cancel safe.
    ///
    /// # Errors
    ///
    /// Fails if the connection is lost or the response is not valid. The stream ends after an error.
    pub async fn try_next(&mut self) -> Result<Option<Stats>> {
        TryStreamExt::try_next(self).await
    }
}

impl Document for Stats {
    type Api = Self;

    fn read(api: Self) -> Result<Self> {
        Ok(api)
    }
}

impl Stream for StatsStream {
    type Item = Result<Stats>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0).poll_next(cx)
    }
}
