//! The hooks around each generated call: version check, limits, tracing span, and transport.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{
    HeaderMap, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use progenitor_client::{ClientHooks, OperationInfo};
use reqwest::{Request, Response, ResponseBuilderExt as _, Url};
use tracing::{Instrument, Span, debug_span, field};

use super::{
    progenitor::Client,
    response_body::{self, LimitedBody},
    version_check::{self, Operation},
};
use crate::{
    ApiVersion, Error, Result,
    transport::{CallDuration, Connection, HttpClient, Limits},
};

/// The state of the generated client: the HTTP client, the negotiated API version, and the limits.
#[derive(Clone, Debug)]
pub(crate) struct Hooks {
    http: HttpClient,
    version: ApiVersion,
    limits: Limits,
    /// Additional headers of the call.
    headers: HeaderMap,
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
    pub(crate) fn new(http: HttpClient, version: ApiVersion, limits: Limits) -> Self {
        Self { http, version, limits, headers: HeaderMap::new(), slot: None }
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

    pub(crate) fn version(&self) -> ApiVersion {
        self.version
    }

    pub(super) fn is_cheap_to_connect(&self) -> bool {
        self.http.endpoint().is_cheap_to_connect()
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    async fn call(&self, mut request: Request, operation: &Operation) -> Result<Response> {
        version_check::check(operation, self.version, &request)?;
        adapt(&mut request, operation);
        let span = debug_span!(
            "docker",
            operation = operation.id,
            api_version = %self.version,
            status = field::Empty,
        );
        self.send(request, operation).instrument(span).await
    }

    async fn send(&self, request: Request, operation: &Operation) -> Result<Response> {
        let url = request.url().clone();
        let mut request: http::Request<reqwest::Body> = request.try_into().map_err(super::body_error)?;
        request.headers_mut().extend(self.headers.clone());
        let is_late = operation.is_late(&url);
        let limits = Limits { response_timeout: self.limits.response_timeout.filter(|_| !is_late), ..self.limits };
        if let Some(slot) = &self.slot {
            let request = request.map(|body| body.as_bytes().map(Bytes::copy_from_slice).unwrap_or_default());
            // Boxed, because it would make the future of every call larger.
            return Box::pin(self.open(request, &limits, slot)).await;
        }
        let duration = match request.body().as_bytes() {
            // The end of an upload, and of a stream, depends on the caller.
            None => CallDuration::Unlimited,
            Some(_) if operation.streams => CallDuration::Unlimited,
            Some(_) if is_late => CallDuration::Long,
            Some(_) => CallDuration::Short,
        };
        let response = self.http.send(request, duration, &limits).await?;
        Span::current().record("status", response.status().as_u16());
        let response = response_body::checked(response, &self.limits).await?.map(|body| match operation.streams {
            true => reqwest::Body::wrap(body),
            false => reqwest::Body::wrap(LimitedBody::document(body, self.limits.read_timeout, self.limits.response())),
        });
        Ok(into_reqwest(url, response))
    }
}

impl Hooks {
    /// Makes the call on a dedicated connection, which is open after any successful response.
    async fn open(&self, request: http::Request<Bytes>, limits: &Limits, slot: &Slot) -> Result<Response> {
        let response = self.http.open(request, limits).await?;
        Span::current().record("status", response.status().as_u16());
        slot.put(response_body::checked_session(response, &self.limits).await?);
        Ok(http::Response::new(reqwest::Body::default()).into())
    }
}

impl ClientHooks<Hooks> for Client {
    /// Makes the call. An error is passed on as a response that no operation expects, see [`carried`].
    async fn exec(&self, request: Request, info: &OperationInfo) -> reqwest::Result<Response> {
        let outcome = match version_check::operation(info.operation_id) {
            Some(operation) => self.inner.call(request, operation).await,
            None => Err(Error::internal("the operation is not in the OpenAPI document")),
        };
        Ok(outcome.unwrap_or_else(carry))
    }
}

/// Removes the parts of a request that the generator adds and engines do not need. Replaces an empty list by `null`, as
/// Go clients do: Docker 1.13 to 17.03 reject `[]` as the privileges of a plugin that requires none.
fn adapt(request: &mut Request, operation: &Operation) {
    request.headers_mut().remove("api-version");
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

/// Converts a response. Without `url`, reqwest would parse a placeholder URL for each response.
fn into_reqwest(url: Url, mut response: http::Response<reqwest::Body>) -> Response {
    if let Some(extensions) = http::Response::builder().url(url).extensions_mut() {
        response.extensions_mut().extend(std::mem::take(extensions));
    }
    response.into()
}

/// The status of a response that carries an [`Error`]; engines do not send it.
const CARRIER_STATUS: u16 = 599;

/// Puts `error` into a response, so that generated methods return it unchanged.
pub(super) fn carry(error: Error) -> Response {
    let mut response = http::Response::new(reqwest::Body::default());
    *response.status_mut() = StatusCode::from_u16(CARRIER_STATUS).unwrap_or_default();
    response.extensions_mut().insert(error);
    response.into()
}

/// Takes out the error of a response that was made by [`carry`].
pub(super) fn carried(response: &mut Response) -> Option<Error> {
    response.extensions_mut().remove()
}
