//! Requests and responses without the generated client: any method and path.

use bytes::Bytes;
use http::{Method, Request, Response};
use serde::de::DeserializeOwned;
use tracing::Span;

use super::{
    body::Body,
    decode,
    response_body::{self, LimitedBody},
};
use crate::{
    Error, Result,
    error::{Kind, Phase},
    transport::{CallDuration, Connection, HttpClient, Limits, ResponseBody, within},
};

/// A request for `target`, which begins with a slash and may end with a query.
pub(crate) fn request<B>(http: &HttpClient, method: Method, target: &str, body: B) -> Result<Request<B>> {
    let uri = format!("{}{target}", http.endpoint().base());
    Request::builder()
        .method(method)
        .uri(uri)
        .body(body)
        .map_err(|error| Error::with_source(Kind::InvalidInput("failed to build the request".into()), error))
}

/// The statuses of responses that are not errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExpectedStatus {
    Success,
    Any,
}

/// Sends `request`, and returns its response if its status is expected. Records the status in `span`.
pub(crate) async fn send(
    http: &HttpClient,
    request: Request<reqwest::Body>,
    expected: ExpectedStatus,
    limits: Limits,
    span: &Span,
) -> Result<Response<RawBody>> {
    let duration = match request.body().as_bytes() {
        // The end of an upload depends on the caller.
        None => CallDuration::Unlimited,
        // The engine may take any time before it responds.
        Some(_) => CallDuration::Long,
    };
    let response = http.send(request, duration, &limits).await?;
    span.record("status", response.status().as_u16());
    let response = match expected {
        ExpectedStatus::Success => response_body::checked(response, &limits).await?,
        ExpectedStatus::Any => response,
    };
    Ok(response.map(|body| RawBody { body, limits }))
}

/// Sends `request` on a dedicated connection, which remains open after the response headers. Records the status in `span`.
pub(crate) async fn open(
    http: &HttpClient,
    request: Request<Bytes>,
    expected: ExpectedStatus,
    limits: &Limits,
    span: &Span,
) -> Result<Response<Connection>> {
    let response = http.open(request, limits).await?;
    span.record("status", response.status().as_u16());
    match expected {
        ExpectedStatus::Success => response_body::checked_session(response, limits).await,
        ExpectedStatus::Any => Ok(response),
    }
}

/// Requests `path` without a version, and decodes the response. The limit for the response headers applies to the whole
/// response.
pub(crate) async fn unversioned<T: DeserializeOwned>(http: &HttpClient, limits: Limits, path: &str) -> Result<T> {
    let request = request(http, Method::GET, path, reqwest::Body::default())?;
    let response = async {
        let response = http.send(request, CallDuration::Unlimited, &limits).await?;
        let body = response_body::checked(response, &limits).await?.into_body();
        RawBody { body, limits }.json().await
    };
    within(limits.response_timeout, || Phase::Headers, response).await
}

/// The body of a response, not yet read.
pub(crate) struct RawBody {
    body: ResponseBody,
    limits: Limits,
}

impl RawBody {
    /// Reads the whole body.
    pub(crate) async fn bytes(self) -> Result<Bytes> {
        let body = LimitedBody::document(self.body, self.limits.read_timeout, self.limits.response());
        response_body::collect(body).await
    }

    /// Reads and decodes the whole body.
    pub(crate) async fn json<T: DeserializeOwned>(self) -> Result<T> {
        let limit = self.limits.response();
        decode::decode_unbudgeted(&self.bytes().await?, limit)
    }

    /// Returns the body as a stream.
    pub(crate) fn into_stream(mut self) -> Body {
        self.body.release_permit();
        Body::http(Some(self.body))
    }
}
