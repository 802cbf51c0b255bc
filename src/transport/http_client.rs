//! HTTP client for one engine: sends requests over pooled and dedicated connections.

use std::{convert::Infallible, fmt, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::future::Either;
use http::{
    HeaderValue, Request, Response, Uri,
    header::{HOST, PROXY_AUTHORIZATION},
};
use tokio::{
    runtime::{Handle, Id},
    time::{Instant, sleep},
};

use super::{
    Connection, Connector, Endpoint, Io, Limits, ResponseBody,
    body::Lease,
    body_framing::is_chunked,
    call_limit::CallLimit,
    connector::{Route, is_temporary},
    http1::{Failure, Http1},
    limits::within,
    pool::Pool,
};
use crate::{
    Error, Result,
    error::{Kind, Phase},
};

/// Initial and maximum delay before another attempt to connect.
const RETRY_DELAY: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// Returns the default for the maximum number of connections that calls use at once.
pub(crate) fn default_max_connections(endpoint: &Endpoint) -> usize {
    match endpoint {
        // Each connection is a process, and SSH servers start to reject connections when ten are unauthenticated.
        #[cfg(feature = "ssh")]
        Endpoint::Ssh(_) => 8,
        _ => 100,
    }
}

/// How long the engine works on a call. Calls of the same duration share a limit on connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CallDuration {
    /// The engine responds immediately.
    Short,
    /// The engine responds when its work is done.
    Long,
    /// The call lasts as long as its caller or a container needs, and has no limit on connections.
    Unlimited,
}

/// An HTTP client for one engine.
#[derive(Clone)]
pub(crate) struct HttpClient {
    connector: Connector,
    /// The value of the `Host` header.
    host: HeaderValue,
    pool: Arc<Pool>,
    short_calls: Arc<CallLimit>,
    long_calls: Arc<CallLimit>,
}

impl HttpClient {
    /// Creates a client that uses up to `max_connections` for calls of each limited [`CallDuration`].
    pub(crate) fn new(connector: Connector, max_connections: Option<usize>) -> Result<Self> {
        let host = connector.endpoint().authority();
        let host = host
            .parse()
            .map_err(|error| Error::with_source(Kind::InvalidInput(format!("invalid host {host:?}")), error))?;
        let limit = || Arc::new(CallLimit::new(max_connections));
        Ok(Self { connector, host, pool: Arc::default(), short_calls: limit(), long_calls: limit() })
    }

    /// Returns the endpoint of the engine.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        self.connector.endpoint()
    }

    /// Sends `request` over a pooled connection, and returns the response once its headers have arrived.
    pub(crate) async fn send(
        &self,
        mut request: Request<reqwest::Body>,
        duration: CallDuration,
        limits: &Limits,
    ) -> Result<Response<ResponseBody>> {
        let limit = match duration {
            CallDuration::Short => Some(&self.short_calls),
            CallDuration::Long => Some(&self.long_calls),
            CallDuration::Unlimited => None,
        };
        let permit = match limit {
            Some(limit) => Some(limit.acquire().await),
            None => None,
        };
        self.prepare(&mut request);
        // Pinned here, because a future that is passed on is moved.
        let exchange = pin!(self.exchange(request, limits.connect_timeout));
        let (connection, response) = within(limits.response_timeout, || Phase::Headers, exchange).await?;
        is_chunked(&response)?;
        Ok(response.map(|body| ResponseBody::new(body, Lease { connection, pool: self.pool.clone(), permit })))
    }

    /// Adds the headers of every request. Sets the request target to the absolute form for a proxy, otherwise to the path.
    fn prepare(&self, request: &mut Request<reqwest::Body>) {
        self.connector.headers().apply(request.headers_mut());
        request.headers_mut().entry(HOST).or_insert_with(|| self.host.clone());
        match (self.endpoint().forwarding_proxy(), request.uri().path_and_query()) {
            (Some(proxy), _) => {
                if let Some(authorization) = proxy.authorization() {
                    request.headers_mut().insert(PROXY_AUTHORIZATION, authorization.clone());
                }
            }
            (None, Some(path)) => *request.uri_mut() = Uri::from(path.clone()),
            (None, None) => {}
        }
    }

    /// Sends `request`. Retries if a reused connection was closed before the request was written to it, or if it was closed
    /// without a byte of a response and the request has a safe method and no body.
    async fn exchange(
        &self,
        mut request: Request<reqwest::Body>,
        limit: Option<Duration>,
    ) -> Result<(Box<Http1>, Response<hyper::body::Incoming>)> {
        let runtime = Handle::current().id();
        loop {
            let mut connection = self.connection(runtime, limit).await?;
            let retry = if connection.is_reused() { clone_if_safe(&request) } else { None };
            match connection.send(request).await {
                Ok(response) => return Ok((connection, response)),
                Err(Failure::Unsent(unsent)) => request = *unsent,
                Err(Failure::Stale(error)) => match retry {
                    Some(retry) => request = retry,
                    None => return Err(self.connector.explain(error)),
                },
                Err(Failure::Broken(error)) => return Err(self.connector.explain(error)),
                Err(Failure::Invalid(error)) => return Err(error),
            }
        }
    }

    /// Returns a connection that belongs to `runtime`: an idle one, otherwise a new one.
    async fn connection(&self, runtime: Id, limit: Option<Duration>) -> Result<Box<Http1>> {
        let idle = || self.pool.take(runtime);
        if let Some(connection) = idle() {
            return Ok(connection);
        }
        // Boxed, to keep calls that reuse a connection small.
        match Box::pin(self.dial(Route::Proxied, limit, idle)).await? {
            Either::Left(stream) => Http1::new(stream, runtime).await.map_err(|error| self.connector.explain(error)),
            Either::Right(connection) => Ok(connection),
        }
    }

    /// Sends `request` over a dedicated connection, and returns the response headers and that connection.
    pub(crate) async fn open(&self, mut request: Request<Bytes>, limits: &Limits) -> Result<Response<Connection>> {
        self.connector.headers().apply(request.headers_mut());
        let open = async {
            let Either::Left(stream) =
                Box::pin(self.dial(Route::Direct, limits.connect_timeout, || None::<Infallible>)).await?;
            Connection::open(&self.connector, stream, request).await
        };
        within(limits.response_timeout, || Phase::Headers, open).await
    }

    /// Opens a connection within `limit`, or returns one that becomes `idle` before that.
    ///
    /// Retries with a random delay after temporary errors; no request has been sent at this point.
    async fn dial<T>(
        &self,
        route: Route,
        limit: Option<Duration>,
        idle: impl Fn() -> Option<T>,
    ) -> Result<Either<Io, T>> {
        let (begin, mut max_delay) = (Instant::now(), RETRY_DELAY.0);
        let (mut left, mut last_error) = (limit, None);
        loop {
            let error = match self.connector.dial(route, left).await {
                Ok(stream) => return Ok(Either::Left(stream)),
                Err(error) => error,
            };
            if !is_temporary(&error) {
                return Err(last_error.filter(|_| error.is_timeout()).unwrap_or(error));
            }
            let delay = max_delay.mul_f64(fastrand::f64());
            if limit.is_some_and(|limit| begin.elapsed() + delay >= limit) {
                return Err(error);
            }
            last_error = Some(error);
            // Frees the file descriptors of idle connections.
            self.pool.clear();
            sleep(delay).await;
            left = limit.map(|limit| limit.saturating_sub(begin.elapsed()));
            max_delay = (max_delay * 2).min(RETRY_DELAY.1);
            if let Some(idle) = idle() {
                return Ok(Either::Right(idle));
            }
        }
    }
}

/// Clones `request` if its method is safe and it has no body.
fn clone_if_safe(request: &Request<reqwest::Body>) -> Option<Request<reqwest::Body>> {
    let is_safe = request.method().is_safe() && request.body().as_bytes().is_some_and(<[u8]>::is_empty);
    is_safe.then(|| {
        let mut copy = Request::new(reqwest::Body::default());
        request.method().clone_into(copy.method_mut());
        request.uri().clone_into(copy.uri_mut());
        request.headers().clone_into(copy.headers_mut());
        copy
    })
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient").field("endpoint", &self.endpoint().to_string()).finish_non_exhaustive()
    }
}
