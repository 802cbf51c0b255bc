//! Common parts of all requests to the engine: settings, sending, and `IntoFuture`.
//!
//! A request is a struct with a field `settings`, a method for each of its options, and a private `async fn call(self)`
//! that calls the generated client; [`request!`] adds the rest.

use std::time::Duration;

use futures_util::future::BoxFuture;
use http::HeaderMap;

use crate::{
    Result,
    error::Phase,
    transport::{self, Limits},
};

mod lazy;
mod optional;

pub use self::{
    lazy::LazyStream,
    optional::{Exists, Optional},
};

/// Settings that every request has: a time limit for the whole call, and headers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    /// Replaces the client's limits if set; `Some(None)` is no limit.
    time_limit: Option<Option<Duration>>,
    headers: Option<Box<Headers>>,
}

/// The headers of a request, or the error of an invalid one.
type Headers = Result<HeaderMap>;

impl Settings {
    pub(crate) fn set_time_limit(&mut self, limit: Option<Duration>) {
        self.time_limit = Some(limit);
    }

    pub(crate) fn add_header(&mut self, name: &str, value: &str) {
        let headers = self.headers.get_or_insert_with(|| Box::new(Ok(HeaderMap::new())));
        let Ok(map) = headers.as_mut() else { return };
        match transport::custom_header(name, value) {
            Ok((name, value)) => _ = map.insert(name, value),
            Err(error) => **headers = Err(error),
        }
    }

    /// Removes the time limit: the client's limits apply.
    pub(crate) fn without_time_limit(self) -> Self {
        Self { time_limit: None, ..self }
    }

    /// Returns the headers, if any are set, or the error of an invalid one.
    pub(crate) fn headers(&self) -> Result<Option<&HeaderMap>> {
        match self.headers.as_deref() {
            Some(headers) => headers.as_ref().map(Some).map_err(Clone::clone),
            None => Ok(None),
        }
    }

    /// Returns the time limit for the whole call.
    pub(crate) fn time_limit(&self) -> Option<Duration> {
        self.time_limit.flatten()
    }

    /// Returns the limits of the call, if they differ from those of the client.
    pub(crate) fn limits(&self, client: &Limits) -> Option<Limits> {
        self.time_limit.map(|_| Limits { response_timeout: None, read_timeout: None, ..*client })
    }
}

/// Waits for `call`, for at most `limit`. Errors name the `object`, if there is one.
///
/// The call is boxed, so that this is compiled once for each type of response, and not for each request.
pub(crate) fn within<T: 'static>(
    limit: Option<Duration>,
    operation: &'static str,
    object: Option<String>,
    call: BoxFuture<'static, Result<T>>,
) -> BoxFuture<'static, Result<T>> {
    if limit.is_none() {
        return call;
    }
    Box::pin(async move {
        let outcome = transport::within(limit, || Phase::Call, call).await;
        outcome.map_err(|error| error.during(operation).about(object.as_deref()))
    })
}

/// Implements the common parts of a request for a type with a field `settings` and a method `call`. The last argument is the
/// field with the name or id of the object, for example `container.id`.
macro_rules! request {
    ($name:ident => $response:ty, $operation:literal $(, $($object:ident).+)?) => {
        impl $name {
            crate::request::settings!();

            /// Sends the request. Awaiting the request itself does the same.
            ///
            /// # Errors
            ///
            /// Fails as the method that returned the request documents it.
            pub fn send(self) -> impl Future<Output = crate::Result<$response>> + Send + 'static {
                self.into_future()
            }
        }

        impl IntoFuture for $name {
            type Output = crate::Result<$response>;
            type IntoFuture = futures_core::future::BoxFuture<'static, Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                let limit = self.settings.time_limit();
                let object: Option<String> = None $(.or(limit.map(|_| self.$($object).+.clone())))?;
                crate::request::within(limit, $operation, object, Box::pin(self.call()))
            }
        }
    };
}

/// Defines the methods of a request that set its `settings`.
macro_rules! settings {
    () => {
        /// Limits the time of the whole call: connecting, sending the request, and waiting for the response or, if the
        /// call returns a stream, for its beginning. A call that takes longer fails
        /// ([`is_timeout`](crate::Error::is_timeout)).
        ///
        /// Replaces the [`response_timeout`](crate::DockerClientBuilder::response_timeout) and the
        /// [`read_timeout`](crate::DockerClientBuilder::read_timeout) of the client for this call; `None` is no limit.
        /// Defaults to those limits of the client.
        #[doc(alias = "timeout")]
        pub fn time_limit(mut self, limit: impl Into<Option<std::time::Duration>>) -> Self {
            self.settings.set_time_limit(limit.into());
            self
        }

        /// Adds a header to the request. It replaces the [client's](crate::DockerClientBuilder::header) header of that name.
        ///
        /// `Debug` output redacts the value. A header that is not valid, or that belongs to the transport, makes the call fail
        /// with [`InvalidInput`](crate::ErrorKind::InvalidInput).
        pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
            self.settings.add_header(name.as_ref(), value.as_ref());
            self
        }
    };
}

pub(crate) use {request, settings};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_invalid_header_is_the_error() {
        let mut settings = Settings::default();
        assert!(settings.headers().unwrap().is_none());
        settings.add_header("X-Trace", "1");
        settings.add_header("X-Trace", "2");
        assert_eq!(settings.headers().unwrap().unwrap()["x-trace"], "2");
        settings.add_header("Host", "elsewhere");
        settings.add_header("X Trace", "3");
        assert!(settings.headers().unwrap_err().to_string().contains("\"host\""));
    }

    #[test]
    fn header_values_are_not_in_debug() {
        let mut settings = Settings::default();
        settings.add_header("Authorization", "hunter2");
        let debug = format!("{settings:?}");
        assert!(debug.contains("authorization") && !debug.contains("hunter2"), "{debug}");
    }
}
