//! Time and size limits of calls.

use std::time::Duration;

use crate::{
    Error, Result,
    error::{Kind, Phase},
};

/// Time and size limits of calls. A timeout of `None` is no limit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Timeout for opening a connection.
    pub(crate) connect_timeout: Option<Duration>,
    /// Timeout for the response headers.
    pub(crate) response_timeout: Option<Duration>,
    /// Maximum idle time while a response body that is not a stream is read; timeout for the whole body of an error
    /// response.
    pub(crate) read_timeout: Option<Duration>,
    /// Timeout for a credential helper, including the time that the user may need to unlock a keychain.
    pub(crate) helper_timeout: Option<Duration>,
    /// Maximum size of a response that is not a stream, in bytes.
    pub(crate) max_response_size: usize,
    /// Maximum size of a stream item, in bytes.
    pub(crate) max_item_size: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect_timeout: Some(Duration::from_secs(10)),
            response_timeout: Some(Duration::from_secs(60)),
            read_timeout: Some(Duration::from_secs(60)),
            helper_timeout: Some(Duration::from_secs(60)),
            max_response_size: 64 << 20,
            max_item_size: 16 << 20,
        }
    }
}

/// Awaits `outcome` for at most `limit`. A timeout is an error that names `phase`.
pub(crate) async fn within<T>(
    limit: Option<Duration>,
    phase: impl FnOnce() -> Phase,
    outcome: impl Future<Output = Result<T>>,
) -> Result<T> {
    match limit {
        Some(limit) => tokio::time::timeout(limit, outcome)
            .await
            .unwrap_or_else(|_| Err(Error::new(Kind::Timeout { phase: phase(), limit }))),
        None => outcome.await,
    }
}
