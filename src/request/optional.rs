//! Requests whose object may not exist.

use std::fmt;

use futures_core::future::BoxFuture;

use super::{Settings, settings};
use crate::Result;

/// Sends a request with these settings.
type Inspect<T> = Box<dyn FnOnce(Settings) -> BoxFuture<'static, Result<T>> + Send + Sync>;

/// A request that resolves to `None` if the object does not exist (404), instead of failing.
///
/// Returned by `try_inspect()` of handles, and by `optional()` of requests that inspect.
#[must_use = "a request does nothing unless awaited"]
pub struct Optional<T> {
    inspect: Inspect<T>,
    settings: Settings,
}

impl<T> Optional<T> {
    pub(crate) fn new<F, R>(settings: Settings, request: F) -> Self
    where
        F: FnOnce(Settings) -> R + Send + Sync + 'static,
        R: IntoFuture<Output = Result<T>, IntoFuture = BoxFuture<'static, Result<T>>>,
    {
        Self { inspect: Box::new(|settings| request(settings).into_future()), settings }
    }

    settings!();

    /// Sends the request. Awaiting the request itself does the same.
    ///
    /// # Errors
    ///
    /// Fails as the original request does, except if the object does not exist.
    pub async fn send(self) -> Result<Option<T>> {
        match (self.inspect)(self.settings).await {
            Ok(object) => Ok(Some(object)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl<T: 'static> IntoFuture for Optional<T> {
    type Output = Result<Option<T>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// A request that resolves to whether an object exists. Returned by `exists()` of handles.
#[must_use = "a request does nothing unless awaited"]
pub struct Exists {
    inspect: Inspect<()>,
    settings: Settings,
}

impl Exists {
    pub(crate) fn new<T: 'static>(optional: Optional<T>) -> Self {
        let Optional { inspect, settings } = optional;
        let inspect = |settings| -> BoxFuture<'static, Result<()>> {
            let inspected = inspect(settings);
            Box::pin(async { inspected.await.map(drop) })
        };
        Self { inspect: Box::new(inspect), settings }
    }

    settings!();

    /// Sends the request. Awaiting the request itself does the same.
    ///
    /// # Errors
    ///
    /// Fails as the original request does, except if the object does not exist.
    pub async fn send(self) -> Result<bool> {
        let optional = Optional { inspect: self.inspect, settings: self.settings };
        Ok(optional.send().await?.is_some())
    }
}

impl IntoFuture for Exists {
    type Output = Result<bool>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl<T> fmt::Debug for Optional<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Optional").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl fmt::Debug for Exists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exists").field("settings", &self.settings).finish_non_exhaustive()
    }
}
