//! Opening connections to an endpoint.

use std::{error::Error as StdError, fmt, io, sync::Arc, time::Duration};

use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use tokio::net::TcpStream;
use tower_service::Service as _;

use super::{Endpoint, Headers, Io, endpoint::Tcp, local, within};
use crate::{
    Error, Result,
    error::{self, Kind, Phase},
};

/// Idle time of a TCP connection before the first keepalive probe.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// Interval and number of keepalive probes. With Linux's defaults, probing takes more than ten minutes.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;

/// Opens connections to one engine.
#[derive(Clone)]
pub(crate) struct Connector {
    endpoint: Arc<Endpoint>,
    headers: Arc<Headers>,
    tcp: HttpConnector,
}

/// Whether a connection may go through a proxy. Sessions connect directly, as in the Docker CLI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Direct,
    Proxied,
}

impl Connector {
    /// Creates a connector for `endpoint`. `headers` are added to each request.
    pub(crate) fn new(endpoint: Endpoint, headers: Headers) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        tcp.set_keepalive_interval(Some(KEEPALIVE_INTERVAL));
        tcp.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
        Self { endpoint: Arc::new(endpoint), headers: Arc::new(headers), tcp }
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Returns the headers of every request.
    pub(crate) fn headers(&self) -> &Headers {
        &self.headers
    }

    /// Opens a connection by `route`, within `limit`.
    pub(super) async fn dial(&self, route: Route, limit: Option<Duration>) -> Result<Io> {
        let outer = match &*self.endpoint {
            // The tunnel applies the limit itself, to include the output of `ssh` in its timeout error.
            #[cfg(feature = "ssh")]
            Endpoint::Ssh(_) => None,
            _ => limit,
        };
        within(outer, || Phase::Connect(self.endpoint.to_string()), self.open(route, limit)).await
    }

    #[cfg_attr(not(feature = "ssh"), allow(unused_variables))]
    async fn open(&self, route: Route, limit: Option<Duration>) -> Result<Io> {
        match &*self.endpoint {
            Endpoint::Unix(path) | Endpoint::NamedPipe(path) => local::dial(&self.endpoint, path).await,
            Endpoint::Tcp(tcp) => self.tcp(tcp, route).await.map(Io::new),
            #[cfg(feature = "tls-no-provider")]
            Endpoint::Tls(tcp, handshake) => {
                let stream = self.tcp(tcp, route).await?;
                handshake.connect(stream).await.map(Io::new).map_err(|error| {
                    match error::cause::<tokio_rustls::rustls::Error>(&error) {
                        Some(_) => self.explain(error),
                        // No request has been sent yet, so this is a connect error.
                        None => {
                            let message = format!("TLS handshake with {} failed: connection closed", self.endpoint);
                            Error::with_source(Kind::Connect(message), error)
                        }
                    }
                })
            }
            #[cfg(feature = "ssh")]
            Endpoint::Ssh(ssh) => super::ssh::Tunnel::open(ssh, limit, &self.headers).await.map(Io::new),
            Endpoint::Custom(dial) => dial.0()
                .await
                .map_err(|error| Error::with_source(Kind::Connect("the custom connector failed".into()), error)),
        }
    }

    async fn tcp(&self, tcp: &Tcp, route: Route) -> Result<TcpStream> {
        if let Some(proxy) = tcp.proxy.as_ref().filter(|_| route == Route::Proxied) {
            return proxy.dial(self.tcp.clone(), &tcp.url, self.endpoint.has_tls()).await;
        }
        let uri = format!("http://{}/", self.endpoint.authority());
        let uri = uri.parse().map_err(|error| Error::with_source(Kind::InvalidInput(uri), error))?;
        let stream = self.tcp.clone().call(uri).await;
        stream
            .map(TokioIo::into_inner)
            .map_err(|error| Error::with_source(Kind::Connect(tcp_advice(&self.endpoint, &error)), error))
    }

    /// Returns the error for a connection that failed before the response headers arrived.
    pub(super) fn explain(&self, error: impl StdError + Send + Sync + 'static) -> Error {
        if let Some(own) = error::cause::<Error>(&error) {
            return own.clone();
        }
        let endpoint = &self.endpoint;
        #[cfg(feature = "tls-no-provider")]
        if let (Endpoint::Tls(_, handshake), Some(why)) = (&**endpoint, error::cause(&error)) {
            // In TLS 1.3, engines reject a client certificate after the client has sent its first request, which they do
            // not read.
            let message = format!("TLS handshake with {endpoint} failed: {}", handshake.explain(why));
            return Error::with_source(Kind::Connect(message), error);
        }
        let kind = if error::cause(&error).is_some_and(hyper::Error::is_parse) {
            Kind::ConnectionLost(format!(
                "invalid HTTP response from {endpoint}; is it a Docker engine, and does it need TLS?"
            ))
        } else {
            Kind::NoResponse(format!("the connection to {endpoint} was closed before a response was received"))
        };
        Error::with_source(kind, error)
    }
}

/// Whether `error` is temporary, so that another attempt may succeed: no free file descriptor, a full backlog of a
/// listening socket, or too many unauthenticated connections to an SSH server.
pub(super) fn is_temporary(error: &Error) -> bool {
    error::cause::<io::Error>(error).is_some_and(|cause| {
        local::is_out_of_files(cause)
            || cause.kind() == io::ErrorKind::WouldBlock
            || cause.kind() == io::ErrorKind::ResourceBusy
    })
}

/// Returns the error message for a failed TCP connection, with what to do about it.
fn tcp_advice(endpoint: &Endpoint, error: &(dyn StdError + 'static)) -> String {
    match error::cause::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => {
            format!(
                "cannot connect to the Docker daemon at {endpoint}: connection refused; is the daemon running, and does it listen on this address?"
            )
        }
        _ => format!("cannot connect to {endpoint}; check the address and the network"),
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connector({})", self.endpoint)
    }
}
