//! Clients that share connections but have different limits.

use std::time::Duration;

use super::DockerClient;
use crate::transport::Limits;

/// The time and size limits of a client. Passed to the closure of [`DockerClient::with_limits`].
///
/// Each method replaces one limit; the others stay as they are.
#[derive(Clone, Copy, Debug)]
#[must_use]
pub struct ClientLimits(Limits);

impl ClientLimits {
    /// Sets the timeout for opening a connection. See
    /// [`DockerClientBuilder::connect_timeout`](super::DockerClientBuilder::connect_timeout).
    pub fn connect_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.0.connect_timeout = limit.into();
        self
    }

    /// Sets the timeout for the response headers. See
    /// [`DockerClientBuilder::response_timeout`](super::DockerClientBuilder::response_timeout).
    pub fn response_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.0.response_timeout = limit.into();
        self
    }

    /// Sets the maximum idle time while the body of a response is read. See
    /// [`DockerClientBuilder::read_timeout`](super::DockerClientBuilder::read_timeout).
    pub fn read_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.0.read_timeout = limit.into();
        self
    }

    /// Sets the maximum size of a response that is not a stream, in bytes. See
    /// [`DockerClientBuilder::max_response_size`](super::DockerClientBuilder::max_response_size).
    pub fn max_response_size(mut self, bytes: usize) -> Self {
        self.0.max_response_size = bytes;
        self
    }

    /// Sets the maximum size of a stream item, in bytes. See
    /// [`DockerClientBuilder::max_item_size`](super::DockerClientBuilder::max_item_size).
    pub fn max_item_size(mut self, bytes: usize) -> Self {
        self.0.max_item_size = bytes;
        self
    }
}

impl DockerClient {
    /// Returns a client for the same engine with other limits. The clients share connections, and the API version if it was
    /// negotiated before, but are not equal to each other.
    ///
    /// To limit the time of one call, use the `time_limit` of its request.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use dockerclient::DockerClient;
    ///
    /// let docker = DockerClient::connect("tcp://127.0.0.1:2375")?;
    /// let slow = docker.with_limits(|limits| limits.response_timeout(Duration::from_secs(600)).read_timeout(None));
    /// # assert_ne!(docker, slow);
    /// # Ok::<(), dockerclient::Error>(())
    /// ```
    #[doc(alias = "set_timeout")]
    #[doc(alias = "with_timeout")]
    #[must_use]
    pub fn with_limits(&self, change: impl FnOnce(ClientLimits) -> ClientLimits) -> Self {
        let inner = &self.0;
        let ClientLimits(limits) = change(ClientLimits(inner.limits));
        let version = inner.api.get().map(|client| client.inner.version()).or(inner.pinned);
        Self::new(inner.http.clone(), limits, version, inner.store.clone(), inner.proxies.clone())
    }
}
