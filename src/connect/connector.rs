//! Dialling: an endpoint becomes a stream of bytes.

use std::{
    error::Error as StdError,
    fmt, io,
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use hyperlocal::UnixConnector;
use tokio::net::TcpStream;
use tower_service::Service;

use super::{Endpoint, Stream, pooled::Pooled};
use crate::{
    Error, Result,
    error::{self, Kind, Phase},
};

/// How long a TCP connection is quiet before its other end is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);
/// How long an answer to that takes at most, and how often it is asked. Linux would ask for more than ten minutes.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_RETRIES: u32 = 3;

/// Dials one engine, again and again.
#[derive(Clone)]
pub(crate) struct Connector {
    endpoint: Arc<Endpoint>,
    limit: Option<Duration>,
    tcp: HttpConnector,
}

impl Connector {
    pub(crate) fn new(endpoint: Endpoint, limit: Option<Duration>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        tcp.set_keepalive_interval(Some(KEEPALIVE_INTERVAL));
        tcp.set_keepalive_retries(Some(KEEPALIVE_RETRIES));
        Self { endpoint: Arc::new(endpoint), limit, tcp }
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Opens a connection, within the limit.
    pub(crate) async fn dial(&self) -> Result<Stream> {
        match self.limit {
            Some(limit) => tokio::time::timeout(limit, self.open())
                .await
                .unwrap_or_else(|_| Err(Error::new(Kind::Timeout { phase: Phase::Connect, limit }))),
            None => self.open().await,
        }
    }

    async fn open(&self) -> Result<Stream> {
        match &*self.endpoint {
            Endpoint::Unix(path) => {
                let uri = hyperlocal::Uri::new(path, "/").into();
                let stream = UnixConnector.call(uri).await;
                stream
                    .map(Stream::new)
                    .map_err(|error| Error::with_source(Kind::Connect(unix_advice(path, &error)), error))
            }
            Endpoint::Tcp(_) => self.tcp().await.map(Stream::new),
            #[cfg(feature = "tls")]
            Endpoint::Tls(_, handshake) => {
                let stream = self.tcp().await?;
                handshake.shake(stream).await.map(Stream::new).map_err(|error| {
                    match error::cause::<tokio_rustls::rustls::Error>(&error) {
                        Some(_) => self.explain(error),
                        // Nothing was asked yet.
                        None => {
                            let message = format!("no TLS with {}: the connection broke", self.endpoint);
                            Error::with_source(Kind::Connect(message), error)
                        }
                    }
                })
            }
            #[cfg(feature = "ssh")]
            Endpoint::Ssh(host) => super::ssh::Tunnel::open(host, self.limit).await.map(Stream::new),
            Endpoint::Custom(dial) => dial.0().await.map_err(|error| {
                Error::with_source(Kind::Connect("the connector that was given has failed".into()), error)
            }),
        }
    }

    async fn tcp(&self) -> Result<TcpStream> {
        let uri = format!("http://{}/", self.endpoint.authority());
        let uri = uri.parse().map_err(|error| Error::with_source(Kind::Request(uri), error))?;
        let stream = self.tcp.clone().call(uri).await;
        stream
            .map(TokioIo::into_inner)
            .map_err(|error| Error::with_source(Kind::Connect(tcp_advice(&self.endpoint, &error)), error))
    }

    /// What it means that a connection broke before the engine answered.
    pub(super) fn explain(&self, error: impl StdError + Send + Sync + 'static) -> Error {
        if let Some(own) = error::cause::<Error>(&error) {
            return own.clone();
        }
        let endpoint = &self.endpoint;
        #[cfg(feature = "tls")]
        if let (Endpoint::Tls(_, handshake), Some(why)) = (&**endpoint, error::cause(&error)) {
            // Engines refuse a client's certificate only after TLS 1.3 has let its first request pass, and read none.
            let message = format!("no TLS with {endpoint}: {}", handshake.explain(why));
            return Error::with_source(Kind::Connect(message), error);
        }
        let kind = if error::cause(&error).is_some_and(hyper::Error::is_parse) {
            Kind::Connection(format!("{endpoint} does not answer in HTTP; it is no engine, or it wants TLS"))
        } else {
            Kind::Unanswered(format!("the connection to {endpoint} broke before the engine answered"))
        };
        Error::with_source(kind, error)
    }
}

impl Service<http::Uri> for Connector {
    type Response = TokioIo<Pooled>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move { connector.dial().await.map(Pooled::new).map(TokioIo::new) })
    }
}

/// What to do about a unix socket that cannot be opened.
fn unix_advice(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => {
            format!(
                "no engine at {path}: there is no such socket; start the engine, or set DOCKER_HOST to where it listens"
            )
        }
        io::ErrorKind::ConnectionRefused => {
            format!("no engine at {path}: the socket is there but nobody listens; start the engine")
        }
        io::ErrorKind::PermissionDenied => {
            format!(
                "{path} may not be opened; add your user to the group that owns it (mostly `docker`) and log in anew"
            )
        }
        _ => format!("{path} cannot be opened as a socket"),
    }
}

/// What to do about a port that does not answer.
fn tcp_advice(endpoint: &Endpoint, error: &(dyn StdError + 'static)) -> String {
    match error::cause::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => {
            format!("no engine at {endpoint}: the connection was refused; start the engine, or have it listen there")
        }
        _ => format!("no connection to {endpoint}; check the address and the network"),
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connector({})", self.endpoint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Root, who runs the tests in CI, is never refused; so the words are tested alone.
    #[test]
    fn a_socket_that_may_not_be_opened_is_told_with_what_to_do() {
        let error = io::Error::from(io::ErrorKind::PermissionDenied);
        assert_eq!(
            unix_advice(Path::new("/var/run/docker.sock"), &error),
            "/var/run/docker.sock may not be opened; \
             add your user to the group that owns it (mostly `docker`) and log in anew"
        );
    }
}
