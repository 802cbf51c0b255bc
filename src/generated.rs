//! The generated client, and the hooks around its calls: version check, limits, decoding, and errors.
//!
//! `build.rs` generates a method per operation and a type per schema from `spec/docker.json`. All of it is private, except
//! for the types that [`models`](crate::models) exports by name.

use std::{borrow::Cow, ops::Deref};

use http::{
    HeaderMap, HeaderValue, Response,
    header::{CONNECTION, UPGRADE},
};
use serde::Serialize;

use crate::{
    ApiVersion, Error, Result,
    error::Kind,
    transport::{Connection, Limits},
};

mod body;
mod decode;
mod error_response;
mod hooks;
mod query;
pub(crate) mod raw;
mod read_timeout;
mod response;
mod response_body;
pub(crate) mod serialize_complete;
mod version_check;

/// The code that progenitor generates: the client, and the types of the OpenAPI document.
#[allow(clippy::all, clippy::pedantic, unused, unreachable_pub, missing_debug_implementations)]
mod progenitor {
    include!(concat!(env!("OUT_DIR"), "/client.rs"));
}

#[cfg(feature = "buildkit")]
pub(crate) use self::read_timeout::ReadTimeout;
pub(crate) use self::{
    body::Body,
    decode::{Budget, Documents, Lenient, Limit, decode},
    hooks::Hooks,
    progenitor::{Client, types},
    response::Received,
    version_check::{NEWEST, OLDEST},
};
#[cfg(fuzzing)]
pub(crate) use self::{
    decode::{List, Object, decode_within},
    error_response::error,
};
use self::{hooks::Slot, version_check::Unchanged};

/// The generated client for one operation, which is named in its errors.
#[derive(Clone, Debug)]
pub(crate) struct Api<'a> {
    client: Cow<'a, Client>,
    operation: &'static str,
    /// The name or id of the object that the operation is for.
    object: Option<&'a str>,
}

impl Deref for Api<'_> {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

/// The result of a generated method.
pub(crate) type Outcome<T> = Result<Received<T>>;

impl<'a> Api<'a> {
    pub(crate) fn new(client: &'a Client, operation: &'static str) -> Self {
        Self { client: Cow::Borrowed(client), operation, object: None }
    }

    /// The generated client for a call with its own headers or limits.
    pub(crate) fn with(
        client: &'a Client,
        operation: &'static str,
        headers: Option<&HeaderMap>,
        limits: Option<Limits>,
    ) -> Self {
        let mut client = client.clone();
        client.inner.set(headers, limits);
        Self { client: Cow::Owned(client), operation, object: None }
    }

    /// Names the object that the operation is for, in errors.
    pub(crate) fn of(self, object: &'a str) -> Self {
        Self { object: Some(object), ..self }
    }

    /// Whether the version can lack fields that engines accept, see [`changing`](Self::changing).
    pub(crate) fn checks_unchanged_fields(&self) -> bool {
        Unchanged::may_exist(self.version())
    }

    /// For a call with a body that the engine ignores: its fields are sent, even if the version lacks them.
    pub(crate) fn ignoring_fields(&self) -> Self {
        self.with_unchanged(Unchanged::Ignored)
    }

    /// For a call that sends an object back that was `read` and changed: its unchanged fields are sent, even if the version
    /// lacks them.
    pub(crate) fn changing(&self, read: &impl Serialize) -> Result<Self> {
        if !self.checks_unchanged_fields() {
            return Ok(self.clone());
        }
        self.during(Unchanged::new(read)).map(|unchanged| self.with_unchanged(unchanged))
    }

    fn with_unchanged(&self, unchanged: Unchanged) -> Self {
        let mut client = self.client.clone().into_owned();
        client.inner.send_unchanged(unchanged);
        Self { client: Cow::Owned(client), ..*self }
    }

    /// The negotiated API version.
    pub(crate) fn version(&self) -> ApiVersion {
        self.client.inner.version()
    }

    /// Maximum size of an item of a stream, in bytes.
    pub(crate) fn max_item_size(&self) -> usize {
        self.client.inner.limits().max_item_size
    }

    /// Returns the decoded response: an object, or a list of objects.
    pub(crate) fn document<T>(&self, outcome: Outcome<T>) -> Result<T> {
        self.value(outcome).map(|response| response.value)
    }

    /// Returns whether the call succeeded, without a value.
    pub(crate) fn done(&self, outcome: Outcome<()>) -> Result<()> {
        self.value(outcome).map(|_| ())
    }

    /// Returns the result of `read` for the response headers.
    pub(crate) fn head<T, R>(&self, outcome: Outcome<T>, read: impl FnOnce(&HeaderMap) -> R) -> Result<R> {
        self.value(outcome).map(|response| read(&response.headers))
    }

    /// Makes `call`, and returns the response headers and the body as a stream.
    ///
    /// Uses a dedicated connection if one is cheap to open: see [`Connection`].
    pub(crate) async fn stream(&self, call: impl AsyncFnOnce(&Client) -> Outcome<Body>) -> Result<(HeaderMap, Body)> {
        if !self.client.inner.is_cheap_to_connect() {
            let response = self.value(call(&self.client).await)?;
            return Ok((response.headers, response.value));
        }
        let (head, connection) = self.dedicated(HeaderMap::new(), call).await?.into_parts();
        Ok((head.headers, Body::dedicated(connection.split().0)))
    }

    /// Returns the response body as it is received over a pooled connection.
    pub(crate) fn bytes(&self, outcome: Outcome<Body>) -> Result<Body> {
        self.document(outcome)
    }

    /// Makes `call` on a dedicated connection, with `headers` that request an upgrade, and returns the response headers and
    /// the connection.
    pub(crate) async fn dedicated<T>(
        &self,
        headers: HeaderMap,
        call: impl AsyncFnOnce(&Client) -> Outcome<T>,
    ) -> Result<Response<Connection>> {
        let slot = Slot::default();
        let mut client = self.client.clone().into_owned();
        client.inner.take_connection(slot.clone(), headers);
        self.value(call(&client).await)?;
        slot.take().ok_or_else(|| Error::internal("the request was not sent").during(self.operation).about(self.object))
    }

    /// Makes `call`, and returns the hijacked connection.
    pub(crate) async fn hijack(&self, call: impl AsyncFnOnce(&Client) -> Outcome<()>) -> Result<Connection> {
        let raw = [(CONNECTION, "Upgrade"), (UPGRADE, "tcp")];
        let raw = raw.map(|(name, value)| (name, HeaderValue::from_static(value)));
        Ok(self.dedicated(HeaderMap::from_iter(raw), call).await?.into_body())
    }

    /// Names the operation in an error that occurs before it is called.
    pub(crate) fn during<T>(&self, outcome: Result<T>) -> Result<T> {
        outcome.map_err(|error| error.during(self.operation).about(self.object))
    }

    fn value<T>(&self, outcome: Outcome<T>) -> Result<Received<T>> {
        outcome.map_err(|error| error.during(self.operation).about(self.object))
    }
}

/// For generated methods: converts an error of reqwest when a request is built.
pub(crate) fn invalid_request(error: reqwest::Error) -> Error {
    // The URL holds options of the call, such as build arguments.
    Error::with_source(Kind::InvalidInput("failed to build the request".into()), error.without_url())
}

/// The error that the connection was lost after the response headers.
fn connection_lost(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::with_source(Kind::ConnectionLost("connection lost before the end of the response".into()), error)
}
