//! Requests by method and path, for operations that this crate has no method for.
//!
//! [`DockerClient::request`] and its short forms [`get`](DockerClient::get), [`head`](DockerClient::head),
//! [`post`](DockerClient::post), [`put`](DockerClient::put) and [`delete`](DockerClient::delete) take a path and return a
//! [`RawRequest`]. It is sent over the connections of the client, with its API version, its headers and its limits, and its
//! errors are the same as for all other calls. The request is not checked against the API version: engines ignore unknown
//! parameters and fields.

use std::{fmt, future::IntoFuture, time::Duration};

use futures_util::future::BoxFuture;
use http::{
    HeaderValue, Request,
    header::{CONNECTION, CONTENT_TYPE, UPGRADE},
};
use serde::Serialize;
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument as _, Span, debug_span, field};

use crate::{
    DockerClient, Error, Result, Upload,
    error::{Kind, Operation, Phase},
    generated::{self, raw::ExpectedStatus},
    transport::{Limits, custom_header},
};

mod connection;
mod response;
mod target;

pub use http::{HeaderMap, Method};

pub use self::{connection::RawConnection, response::RawResponse};

impl DockerClient {
    /// Creates a request by method and path, for operations that this crate has no method for.
    ///
    /// The path begins with a slash and has no API version and no query, for example `/containers/web/json`. A name in it
    /// that has special characters must be percent-encoded.
    ///
    /// # Errors
    ///
    /// The request fails before it is sent if the path or a setting is not valid
    /// ([`InvalidInput`](crate::ErrorKind::InvalidInput)). If the engine responds with a status that is not a success, it
    /// fails as other calls do.
    ///
    /// # Examples
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dockerclient::Result<()> {
    /// # let engine = dockerclient_testkit::FakeEngine::new();
    /// # let docker = engine.client("1.41");
    /// use dockerclient::raw::Method;
    ///
    /// let response = docker.request(Method::GET, "/containers/json").query("all", true).await?;
    /// let containers: Vec<serde_json::Value> = response.json().await?;
    /// assert!(containers.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(&self, method: Method, path: impl Into<String>) -> RawRequest {
        RawRequest {
            docker: self.clone(),
            method,
            path: path.into(),
            query: String::new(),
            headers: HeaderMap::new(),
            body: Upload::empty(),
            is_versioned: true,
            any_status: false,
            time_limit: TimeLimit::OfClient,
            fault: None,
        }
    }

    /// Creates a `GET` request, see [`request`](Self::request).
    pub fn get(&self, path: impl Into<String>) -> RawRequest {
        self.request(Method::GET, path)
    }

    /// Creates a `HEAD` request, see [`request`](Self::request).
    pub fn head(&self, path: impl Into<String>) -> RawRequest {
        self.request(Method::HEAD, path)
    }

    /// Creates a `POST` request, see [`request`](Self::request).
    pub fn post(&self, path: impl Into<String>) -> RawRequest {
        self.request(Method::POST, path)
    }

    /// Creates a `PUT` request, see [`request`](Self::request).
    pub fn put(&self, path: impl Into<String>) -> RawRequest {
        self.request(Method::PUT, path)
    }

    /// Creates a `DELETE` request, see [`request`](Self::request).
    pub fn delete(&self, path: impl Into<String>) -> RawRequest {
        self.request(Method::DELETE, path)
    }
}

/// A request by method and path. Returned by [`DockerClient::request`], and sent when it is awaited.
///
/// # Cancellation
///
/// Dropping the future closes the connection; the engine may still execute the request.
#[must_use = "a request does nothing unless it is awaited"]
pub struct RawRequest {
    docker: DockerClient,
    method: Method,
    path: String,
    query: String,
    headers: HeaderMap,
    body: Upload,
    is_versioned: bool,
    any_status: bool,
    time_limit: TimeLimit,
    /// The first setting that is not valid.
    fault: Option<Error>,
}

/// The time limit for the response headers.
#[derive(Clone, Copy)]
enum TimeLimit {
    /// The response timeout of the client.
    OfClient,
    Own(Duration),
    None,
}

impl RawRequest {
    /// Adds a query parameter. Can be repeated, also with the same key.
    #[expect(clippy::needless_pass_by_value, reason = "most values are numbers, flags and literals")]
    pub fn query(mut self, key: impl AsRef<str>, value: impl ToString) -> Self {
        target::append(&mut self.query, key.as_ref(), &value.to_string());
        self
    }

    /// Sets the body to `value` as JSON, and the content type to `application/json` unless
    /// [`content_type`](Self::content_type) sets another.
    pub fn json(mut self, value: &(impl Serialize + ?Sized)) -> Self {
        match serde_json::to_vec(value) {
            Ok(body) => {
                self.headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
                self.body(body)
            }
            // The error may quote the value.
            Err(_) => self.fail(Error::invalid_input("failed to serialize the body as JSON")),
        }
    }

    /// Sets the body: bytes, or an [`Upload`] from a file, a reader or a stream.
    pub fn body(mut self, body: impl Into<Upload>) -> Self {
        self.body = body.into();
        self
    }

    /// Sets the content type of the body. Defaults to none, or to `application/json` with [`json`](Self::json).
    pub fn content_type(mut self, content_type: &str) -> Self {
        match content_type.parse::<HeaderValue>() {
            Ok(value) => {
                self.headers.insert(CONTENT_TYPE, value);
                self
            }
            Err(_) => self.fail(Error::invalid_input(format!("invalid content type {content_type:?}"))),
        }
    }

    /// Requests the path as it is, without the API version before it: for operations that have none, such as `/_ping`,
    /// and for paths with another version, such as `/v4.0.0/libpod/info` of Podman. Nothing is negotiated.
    pub fn unversioned(mut self) -> Self {
        self.is_versioned = false;
        self
    }

    /// Returns the response whatever its status, such as 404 or 304, instead of an error: for proxies, and for responses whose
    /// body is needed.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> dockerclient::Result<()> {
    /// # let engine = dockerclient_testkit::FakeEngine::new();
    /// # let docker = engine.client("1.41");
    /// let response = docker.get("/volumes/data").any_status(true).await?;
    /// assert_eq!(response.status(), 404);
    /// assert_eq!(response.text().await?, "{\"message\":\"get data: no such volume\"}\n");
    /// # Ok(())
    /// # }
    /// ```
    pub fn any_status(mut self, any: bool) -> Self {
        self.any_status = any;
        self
    }

    /// Sets a header. Replaces a header of the client with the same name. Its value is not logged.
    ///
    /// Headers of the transport, such as `Host`, `Connection` and `Content-Length`, are rejected.
    pub fn header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        match custom_header(name.as_ref(), value.as_ref()) {
            Ok((name, value)) => {
                self.headers.insert(name, value);
                self
            }
            Err(error) => self.fail(error),
        }
    }

    /// Limits the time until the response headers are received, including negotiation, connecting and sending the body.
    /// `None` is no limit, for operations that respond when their work is done.
    ///
    /// Defaults to the client's [`response_timeout`](crate::DockerClientBuilder::response_timeout), and to no limit if the
    /// body is not in memory.
    pub fn time_limit(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.time_limit = limit.into().map_or(TimeLimit::None, TimeLimit::Own);
        self
    }

    /// Requests an upgrade of the connection to `protocol` after the response headers, for example `tcp` to attach to a
    /// container or `h2c` for a BuildKit session. The body must be in memory.
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
    /// use tokio::io::AsyncWriteExt as _;
    ///
    /// let attach = docker.post("/containers/web/attach").query("stream", 1).query("stdin", 1);
    /// let mut connection = attach.upgrade("tcp").await?;
    /// connection.write_all(b"hello").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn upgrade(mut self, protocol: &str) -> RawUpgrade {
        match protocol.parse::<HeaderValue>() {
            Ok(protocol) => {
                self.headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
                self.headers.insert(UPGRADE, protocol);
            }
            Err(_) => self = self.fail(Error::invalid_input(format!("invalid protocol {protocol:?}"))),
        }
        RawUpgrade(self)
    }

    /// Sends the request, and returns the response once its headers are received.
    ///
    /// # Errors
    ///
    /// See [`DockerClient::request`].
    pub async fn send(self) -> Result<RawResponse> {
        let operation = self.operation();
        let named = |error: Error| error.during(operation.clone());
        let prepared = self.prepare().await.map_err(named)?;
        let span = prepared.span;
        let request = prepared.request.map(Upload::into_body);
        let sent = generated::raw::send(prepared.docker.http(), request, prepared.expected, prepared.limits, &span);
        let response = prepared.deadline.apply(sent.instrument(span.clone())).await.map_err(named)?;
        Ok(RawResponse::new(response, operation))
    }

    fn fail(mut self, error: Error) -> Self {
        self.fault.get_or_insert(error);
        self
    }

    /// Returns the operation that errors name: method and path.
    fn operation(&self) -> Operation {
        Operation::Raw(format!("{} {}", self.method, self.path).into())
    }

    /// Checks the request, and negotiates the version if it needs one.
    async fn prepare(self) -> Result<Prepared> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let path = target::path(&self.path, self.is_versioned)?;
        let deadline = Deadline::new(match self.time_limit {
            TimeLimit::Own(limit) => Some(limit),
            TimeLimit::OfClient | TimeLimit::None => None,
        });
        let version = match self.is_versioned {
            true => {
                let negotiated = deadline.apply(self.docker.negotiated_version()).await;
                Some(negotiated.map_err(Error::before_request)?)
            }
            false => None,
        };
        let mut limits = *self.docker.limits();
        if !matches!(self.time_limit, TimeLimit::OfClient) || !self.body.is_in_memory() {
            limits.response_timeout = None;
        }
        let span = debug_span!(
            "docker",
            method = %self.method,
            path = %self.path,
            api_version = field::Empty,
            status = field::Empty,
        );
        let prefix = version.map(|version| format!("/v{version}")).unwrap_or_default();
        if let Some(version) = version {
            span.record("api_version", field::display(version));
        }
        let target = format!("{prefix}{path}{}", self.query);
        let mut request = generated::raw::request(self.docker.http(), self.method, &target, self.body)?;
        *request.headers_mut() = self.headers;
        let expected = if self.any_status { ExpectedStatus::Any } else { ExpectedStatus::Success };
        Ok(Prepared { docker: self.docker, request, expected, limits, deadline, span })
    }
}

impl IntoFuture for RawRequest {
    type Output = Result<RawResponse>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl fmt::Debug for RawRequest {
    /// Omits the query, the body and the values of headers, which may contain secrets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawRequest")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("headers", &self.headers.keys())
            .finish_non_exhaustive()
    }
}

/// A request to upgrade the connection to another protocol. Returned by [`RawRequest::upgrade`], and sent when it is
/// awaited.
///
/// # Cancellation
///
/// Dropping the future closes the connection; the engine may still execute the request.
#[derive(Debug)]
#[must_use = "a request does nothing unless it is awaited"]
pub struct RawUpgrade(RawRequest);

impl RawUpgrade {
    /// Sends the request, and returns the connection once the response headers are received.
    ///
    /// # Errors
    ///
    /// Fails if the engine rejects the request. An engine that responds with a success status instead of 101, as engines
    /// before 1.5 do when they switch, is not an error: see [`RawConnection::status`].
    pub async fn send(self) -> Result<RawConnection> {
        let operation = self.0.operation();
        let named = |error: Error| error.during(operation.clone());
        let Prepared { docker, request, expected, limits, span, deadline } = self.0.prepare().await.map_err(named)?;
        let (parts, body) = request.into_parts();
        let Some(body) = body.into_bytes() else {
            return Err(named(Error::invalid_input("the body of an upgrade request must be in memory")));
        };
        let request = Request::from_parts(parts, body);
        let opened = generated::raw::open(docker.http(), request, expected, &limits, &span);
        let response = deadline.apply(opened.instrument(span.clone())).await.map_err(named)?;
        Ok(RawConnection::new(response))
    }
}

impl IntoFuture for RawUpgrade {
    type Output = Result<RawConnection>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// A checked request, ready to be sent.
struct Prepared {
    docker: DockerClient,
    request: Request<Upload>,
    expected: ExpectedStatus,
    limits: Limits,
    deadline: Deadline,
    span: Span,
}

/// The end of a time limit, and the limit.
#[derive(Clone, Copy)]
struct Deadline(Option<(Instant, Duration)>);

impl Deadline {
    fn new(limit: Option<Duration>) -> Self {
        // A deadline that cannot be represented is no limit.
        Self(limit.and_then(|limit| Some((Instant::now().checked_add(limit)?, limit))))
    }

    async fn apply<T>(self, outcome: impl Future<Output = Result<T>>) -> Result<T> {
        match self.0 {
            Some((end, limit)) => timeout_at(end, outcome)
                .await
                .unwrap_or_else(|_| Err(Error::new(Kind::Timeout { phase: Phase::Call, limit }))),
            None => outcome.await,
        }
    }
}
