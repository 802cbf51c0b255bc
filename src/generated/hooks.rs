//! The hooks around each generated call: version check, limits, tracing span, and transport.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Uri,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
    uri::PathAndQuery,
};
use reqwest::{Request, Url};
use tracing::{Instrument, Span, debug_span, field};

use super::{
    response::Response,
    response_body,
    version_check::{self, Operation, Unchanged},
};
use crate::{
    ApiVersion, Error, Result,
    error::Kind,
    transport::{CallDuration, Connection, HttpClient, Limits},
};

/// The state of the generated client: the HTTP client, the negotiated API version, and the limits.
#[derive(Clone, Debug)]
pub(crate) struct Hooks {
    http: HttpClient,
    /// The URL that precedes the path of each operation. It is parsed once.
    base: Url,
    version: ApiVersion,
    limits: Limits,
    /// Additional headers of the call.
    headers: HeaderMap,
    /// The fields that the version need not support.
    unchanged: Option<Unchanged>,
    /// Receives the dedicated connection of the call. If none, the pool is used.
    slot: Option<Slot>,
}

/// Returns the connection of a response to the caller, which generated methods cannot do.
#[derive(Clone, Debug, Default)]
pub(super) struct Slot(Arc<Mutex<Option<http::Response<Connection>>>>);

impl Slot {
    pub(super) fn take(&self) -> Option<http::Response<Connection>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn put(&self, response: http::Response<Connection>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(response);
    }
}

impl Hooks {
    pub(crate) fn new(http: HttpClient, version: ApiVersion, limits: Limits) -> Result<Self> {
        let base = format!("{}/v{version}", http.endpoint().base());
        let base = base.parse().map_err(|error| {
            Error::with_source(Kind::InvalidInput("failed to build the URL of the engine".into()), error)
        })?;
        Ok(Self { http, base, version, limits, headers: HeaderMap::new(), unchanged: None, slot: None })
    }

    /// Makes calls on dedicated connections, with the `protocol` headers, and puts the response into `slot`.
    pub(super) fn take_connection(&mut self, slot: Slot, protocol: HeaderMap) {
        self.slot = Some(slot);
        self.headers.extend(protocol);
    }

    /// Sets the headers and limits of calls.
    pub(super) fn set(&mut self, headers: Option<&HeaderMap>, limits: Option<Limits>) {
        self.headers.extend(headers.cloned().unwrap_or_default());
        self.limits = limits.unwrap_or(self.limits);
    }

    /// Lets calls send the fields of `unchanged` at versions that lack them.
    pub(super) fn send_unchanged(&mut self, unchanged: Unchanged) {
        self.unchanged = Some(unchanged);
    }

    pub(crate) fn version(&self) -> ApiVersion {
        self.version
    }

    pub(super) fn is_cheap_to_connect(&self) -> bool {
        self.http.endpoint().is_cheap_to_connect()
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// For generated methods: returns the URL with the path that consists of `parts`.
    pub(super) fn url(&self, parts: &[&str]) -> Url {
        let prefix = self.base.path();
        let mut path = String::with_capacity(prefix.len() + parts.iter().map(|part| part.len()).sum::<usize>());
        path.push_str(prefix);
        path.extend(parts.iter().copied());
        let mut url = self.base.clone();
        url.set_path(&path);
        url
    }

    /// For generated methods: makes the call.
    pub(super) async fn call(&self, mut request: Request, operation: &'static Operation) -> Result<Response> {
        version_check::check(operation, self.version, &request, self.unchanged.as_ref())?;
        adapt(&mut request, operation);
        let span = debug_span!(
            "docker",
            operation = operation.id,
            api_version = %self.version,
            status = field::Empty,
        );
        if span.is_disabled() {
            return self.send(request, operation, &span).await;
        }
        // Boxed, because an instrumented future would make the future of every call larger.
        Box::pin(self.send(request, operation, &span).instrument(span.clone())).await
    }

    /// Makes the call, and records the status in `span`. (If `span` is disabled, the current span belongs to the caller.)
    async fn send(&self, mut request: Request, operation: &Operation, span: &Span) -> Result<Response> {
        if !self.headers.is_empty() {
            request.headers_mut().extend(self.headers.clone());
        }
        let is_late = operation.is_late(request.url());
        let limits = Limits { response_timeout: self.limits.response_timeout.filter(|_| !is_late), ..self.limits };
        if let Some(slot) = &self.slot {
            return Box::pin(self.open(request, &limits, slot, span)).await;
        }
        let duration = match request.body().map(reqwest::Body::as_bytes) {
            // The end of an upload, and of a stream, depends on the caller.
            Some(None) => CallDuration::Unlimited,
            _ if operation.streams => CallDuration::Unlimited,
            _ if is_late => CallDuration::Long,
            _ => CallDuration::Short,
        };
        let target = match self.http.endpoint().forwarding_proxy() {
            Some(_) => absolute(request.url())?,
            None => relative(request.url())?,
        };
        let body = request.body_mut().take().unwrap_or_default();
        let response = self.http.send(into_http(request, target, body), duration, &limits).await?;
        span.record("status", response.status().as_u16());
        Ok(response_body::checked(response, &self.limits).await?.map(Some))
    }

    /// Makes the call on a dedicated connection, which is open after any successful response.
    async fn open(&self, mut request: Request, limits: &Limits, slot: &Slot, span: &Span) -> Result<Response> {
        let body = request.body_mut().take();
        let body = body.as_ref().and_then(reqwest::Body::as_bytes).map(Bytes::copy_from_slice).unwrap_or_default();
        let target = absolute(request.url())?;
        let response = self.http.open(into_http(request, target, body), limits).await?;
        span.record("status", response.status().as_u16());
        slot.put(response_body::checked_session(response, &self.limits).await?);
        // The status of the placeholder is 200, which generated methods accept. The engine's, which can be 101, was checked.
        Ok(Response::new(None))
    }
}

/// Converts a request whose body was taken out. The conversion of reqwest parses its URL again and copies the request.
fn into_http<B>(mut request: Request, target: Uri, body: B) -> http::Request<B> {
    let mut converted = http::Request::new(body);
    request.method().clone_into(converted.method_mut());
    *converted.headers_mut() = std::mem::take(request.headers_mut());
    *converted.uri_mut() = target;
    converted
}

/// The path and query of `url`, which has no fragment.
fn relative(url: &Url) -> Result<Uri> {
    let length = url.path().len() + url.query().map_or(0, |query| query.len() + 1);
    let start = url.as_str().len().saturating_sub(length);
    PathAndQuery::try_from(&url.as_str()[start..]).map(Uri::from).map_err(invalid_uri)
}

/// The whole `url`.
fn absolute(url: &Url) -> Result<Uri> {
    Uri::try_from(url.as_str()).map_err(invalid_uri)
}

/// The error source does not quote the URL, which holds options of the call, such as build arguments.
fn invalid_uri(error: http::uri::InvalidUri) -> Error {
    Error::with_source(Kind::InvalidInput("failed to build the request".into()), error)
}

/// For generated methods: the value of a header.
pub(super) fn header(value: &str) -> Result<HeaderValue> {
    value.parse().map_err(|error: http::header::InvalidHeaderValue| Error::invalid_input(error.to_string()))
}

/// Removes the parts of a request that the generator adds and engines do not need. Replaces an empty list by `null`, as
/// Go clients do: Docker 1.13 to 17.03 reject `[]` as the privileges of a plugin that requires none.
fn adapt(request: &mut Request, operation: &Operation) {
    let body = request.body().and_then(reqwest::Body::as_bytes);
    if operation.body_is_optional && body.is_some_and(version_check::is_empty_body) {
        *request.body_mut() = None;
        request.headers_mut().remove(CONTENT_TYPE);
        request.headers_mut().remove(CONTENT_LENGTH);
    } else if body == Some(b"[]".as_slice()) {
        *request.body_mut() = Some("null".into());
        request.headers_mut().remove(CONTENT_LENGTH);
    }
}
