//! What happens around every generated call: the gate, the time limit, the span, the transport.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, USER_AGENT},
};
use progenitor_client::{ClientHooks, OperationInfo};
use reqwest::{Request, Response, ResponseBuilderExt as _, Url};
use tracing::{Instrument, Span, debug_span, field};

use super::{
    answer::{self, Watched},
    gate::{self, Operation},
    generated::Client,
};
use crate::{
    ApiVersion, Error, Result,
    connect::{Connection, HttpClient, Limits},
};

/// What the generated client holds: the way to the engine, and the version spoken on it.
#[derive(Clone, Debug)]
pub(crate) struct Hooks {
    http: HttpClient,
    version: ApiVersion,
    limits: Limits,
    /// Where to put the connection of a session, and the headers that ask for one. Without, the pool is used.
    session: Option<(Slot, HeaderMap)>,
}

/// A place for the connection behind an answer. Generated code has no way to return it.
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
        Self { http, version, limits, session: None }
    }

    /// Makes calls on connections of their own, asking for `protocol`, and puts the answer into `slot`.
    pub(super) fn take_connection(&mut self, slot: Slot, protocol: HeaderMap) {
        self.session = Some((slot, protocol));
    }

    pub(crate) fn version(&self) -> ApiVersion {
        self.version
    }

    pub(super) fn dials_cheaply(&self) -> bool {
        self.http.endpoint().dials_cheaply()
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    async fn call(&self, mut request: Request, operation: &Operation) -> Result<Response> {
        gate::check(operation, self.version, &request)?;
        tidy(&mut request, operation);
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
        let request: http::Request<reqwest::Body> = request.try_into().map_err(super::body_error)?;
        let limit = self.limits.answer.filter(|_| !operation.is_late(self.version));
        if let Some((slot, protocol)) = &self.session {
            let mut request = request.map(|body| body.as_bytes().map(Bytes::copy_from_slice).unwrap_or_default());
            request.headers_mut().extend(protocol.clone());
            return self.open(request, limit, slot).await;
        }
        let response = self.http.send(request, limit).await?;
        Span::current().record("status", response.status().as_u16());
        if !response.status().is_success() {
            return Err(answer::engine_error(response, self.limits.body).await);
        }
        answer::plain(response.headers())?;
        let response = response.map(|body| match operation.streams {
            true => reqwest::Body::wrap(body),
            false => reqwest::Body::wrap(Watched::document(body, self.limits.body)),
        });
        Ok(answer_of(url, response))
    }
}

impl Hooks {
    /// Makes a session: any success leaves a connection behind.
    async fn open(&self, request: http::Request<Bytes>, limit: Option<Duration>, slot: &Slot) -> Result<Response> {
        let response = self.http.open(request, limit).await?;
        let status = response.status();
        Span::current().record("status", status.as_u16());
        if status != StatusCode::SWITCHING_PROTOCOLS && !status.is_success() {
            return Err(answer::session_error(response, self.limits.body).await);
        }
        answer::plain(response.headers())?;
        slot.put(response);
        Ok(http::Response::new(reqwest::Body::default()).into())
    }
}

impl ClientHooks<Hooks> for Client {
    /// Runs the call. A failure travels on as a response that no operation expects, see [`carried`].
    async fn exec(&self, request: Request, info: &OperationInfo) -> reqwest::Result<Response> {
        let outcome = match gate::operation(info.operation_id) {
            Some(operation) => self.inner.call(request, operation).await,
            None => Err(Error::request("an operation that is not in the document")),
        };
        Ok(outcome.unwrap_or_else(carry))
    }
}

/// What this client calls itself.
const USER_AGENT_NAME: HeaderValue = HeaderValue::from_static(concat!("dockerclient-rs/", env!("CARGO_PKG_VERSION")));

/// Takes out of a request what the generator puts in and no engine asked for.
fn tidy(request: &mut Request, operation: &Operation) {
    request.headers_mut().remove("api-version");
    request.headers_mut().insert(USER_AGENT, USER_AGENT_NAME);
    let body = request.body().and_then(reqwest::Body::as_bytes);
    if operation.body_is_optional && body.is_some_and(gate::says_nothing) {
        *request.body_mut() = None;
        request.headers_mut().remove(CONTENT_TYPE);
        request.headers_mut().remove(CONTENT_LENGTH);
    }
}

/// The response that came for `url`. Without one, reqwest parses one of its own, each time.
fn answer_of(url: Url, mut response: http::Response<reqwest::Body>) -> Response {
    if let Some(extensions) = http::Response::builder().url(url).extensions_mut() {
        response.extensions_mut().extend(std::mem::take(extensions));
    }
    response.into()
}

/// The status of a response that carries an error of ours; no engine answers with it.
const CARRIER: u16 = 599;

/// Packs `error` into a response, so that it passes through generated code unharmed.
pub(super) fn carry(error: Error) -> Response {
    let mut response = http::Response::new(reqwest::Body::default());
    *response.status_mut() = StatusCode::from_u16(CARRIER).unwrap_or_default();
    response.extensions_mut().insert(error);
    response.into()
}

/// The error that `response` carries, if it is one of [`carry`].
pub(super) fn carried(response: &mut Response) -> Option<Error> {
    response.extensions_mut().remove()
}
