//! Requests that resolve to the progress of an operation.

use std::fmt;

use futures_core::future::BoxFuture;

use super::Progress;
use crate::{
    LazyStream, Result,
    request::{self, Settings},
};

/// Begins an operation with these settings.
type Begin<T> = Box<dyn FnOnce(Settings) -> BoxFuture<'static, Result<Progress<T>>> + Send + Sync>;

/// A request that resolves to the [`Progress`] of an operation once the engine has sent response headers, instead of waiting
/// for its end. Returned by `progress()` of requests.
#[must_use = "a request does nothing unless awaited"]
pub struct WatchProgress<T> {
    operation: &'static str,
    begin: Begin<T>,
    settings: Settings,
}

impl<T: 'static> WatchProgress<T> {
    pub(crate) fn new<B, F>(operation: &'static str, settings: Settings, begin: B) -> Self
    where
        B: FnOnce(Settings) -> F + Send + Sync + 'static,
        F: Future<Output = Result<Progress<T>>> + Send + 'static,
    {
        Self { operation, begin: Box::new(|settings| Box::pin(begin(settings))), settings }
    }

    request::settings!();

    /// Sends the request. Awaiting the request itself does the same.
    ///
    /// # Errors
    ///
    /// Fails as the original request does. An operation that fails later is an error of the [`Progress`].
    pub async fn send(self) -> Result<Progress<T>> {
        let limit = self.settings.time_limit();
        request::within(limit, self.operation, None, (self.begin)(self.settings)).await
    }
}

impl<T: 'static> WatchProgress<T> {
    /// Returns the progress as a stream that sends the request when it is first polled.
    pub fn stream(self) -> LazyStream<Progress<T>> {
        LazyStream::new(self.into_future())
    }
}

impl<T: 'static> IntoFuture for WatchProgress<T> {
    type Output = Result<Progress<T>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<T> fmt::Debug for WatchProgress<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WatchProgress")
            .field("operation", &self.operation)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
