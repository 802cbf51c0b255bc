//! Dialling: an address becomes a stream of bytes.

use std::{
    error::Error as StdError,
    fmt, io,
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use hyper_util::{
    client::legacy::connect::{Connected, Connection, HttpConnector},
    rt::TokioIo,
};
use hyperlocal::UnixConnector;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tower_service::Service;

use super::Address;
use crate::{
    Error, Result,
    error::{self, Kind, Phase},
};

/// How often a quiet TCP connection is asked whether its other end is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// Dials one engine, again and again.
#[derive(Clone)]
pub(crate) struct Connector {
    address: Arc<Address>,
    limit: Option<Duration>,
    tcp: HttpConnector,
}

impl Connector {
    pub(crate) fn new(address: Address, limit: Option<Duration>) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        Self { address: Arc::new(address), limit, tcp }
    }

    pub(crate) fn address(&self) -> &Address {
        &self.address
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
        match &*self.address {
            Address::Unix(path) => {
                let uri = hyperlocal::Uri::new(path, "/").into();
                let stream = UnixConnector.call(uri).await;
                stream
                    .map(Stream::new)
                    .map_err(|error| Error::with_source(Kind::Connect(unix_advice(path, &error)), error))
            }
            Address::Tcp { .. } => {
                let uri = format!("http://{}/", self.address.authority());
                let uri = uri.parse().map_err(|error| Error::with_source(Kind::Request(uri), error))?;
                let stream = self.tcp.clone().call(uri).await;
                stream
                    .map(|stream| Stream::new(stream.into_inner()))
                    .map_err(|error| Error::with_source(Kind::Connect(tcp_advice(&self.address, &error)), error))
            }
        }
    }
}

impl Service<http::Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: http::Uri) -> Self::Future {
        let connector = self.clone();
        Box::pin(async move { connector.dial().await.map(TokioIo::new) })
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
fn tcp_advice(address: &Address, error: &(dyn StdError + 'static)) -> String {
    match error::cause::<io::Error>(error).map(io::Error::kind) {
        Some(io::ErrorKind::ConnectionRefused) => {
            format!("no engine at {address}: the connection was refused; start the engine, or have it listen there")
        }
        _ => format!("no connection to {address}; check the address and the network"),
    }
}

/// A connection to the engine, of whatever kind.
pub(crate) struct Stream(Box<dyn Io>);

trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

impl Stream {
    fn new(io: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Self {
        Self(Box::new(io))
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream")
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connector({})", self.address)
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
