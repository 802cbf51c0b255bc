//! The one place a client talks to: an address, and what it takes to use it.

use std::{fmt, io, path::PathBuf, pin::Pin, sync::Arc};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    Stream, Tls,
    address::{Address, Host, SshHost},
};
use crate::{Error, Result};

/// The port of an engine that listens without TLS.
const PLAIN_PORT: u16 = 2375;

/// The port of an engine that listens with TLS.
const TLS_PORT: u16 = 2376;

/// Where an engine listens, and how to talk to it.
#[derive(Clone, Debug)]
pub(crate) enum Endpoint {
    Unix(PathBuf),
    Tcp(Host),
    #[cfg(feature = "tls")]
    Tls(Host, super::tls::Handshake),
    #[cfg(feature = "ssh")]
    Ssh(SshHost),
    Custom(Dial),
}

/// A user's own way to the engine.
#[derive(Clone)]
pub(crate) struct Dial(pub(super) Arc<dyn Fn() -> Dialling + Send + Sync>);

/// A connection on its way.
pub(super) type Dialling = Pin<Box<dyn Future<Output = io::Result<Stream>> + Send>>;

impl Endpoint {
    /// The engine at `address`, with `tls` if the address leaves the choice.
    pub(crate) fn new(address: Address, tls: Option<&Tls>) -> Result<Self> {
        match (address, tls) {
            (Address::Unix(path), _) => Ok(Self::Unix(path)),
            (Address::Ssh(host), _) => ssh(&host),
            (Address::Http(host), Some(_)) => {
                Err(Error::request(format!("http://{host} is without TLS, which is wanted; write https:// or tcp://")))
            }
            (Address::Http(host) | Address::Tcp(host), None) => Ok(Self::Tcp(host)),
            (Address::Https(host) | Address::Tcp(host), Some(given)) => self::tls(&host, given),
            (Address::Https(host), None) => self::tls(&host, &Tls::default()),
        }
    }

    /// What the `Host` header and the authority of each request say.
    pub(crate) fn authority(&self) -> String {
        match self {
            Self::Tcp(host) => host.authority(PLAIN_PORT),
            #[cfg(feature = "tls")]
            Self::Tls(host, _) => host.authority(TLS_PORT),
            _ => "localhost".to_owned(),
        }
    }

    /// The host that the engine runs on, as far as it is known: this one, if it is not named.
    pub(crate) fn host(&self) -> String {
        match self {
            Self::Tcp(host) => host.name.clone(),
            #[cfg(feature = "tls")]
            Self::Tls(host, _) => host.name.clone(),
            #[cfg(feature = "ssh")]
            Self::Ssh(host) => host.host.name.clone(),
            Self::Unix(_) | Self::Custom(_) => "localhost".to_owned(),
        }
    }

    /// Whether a connection costs next to nothing.
    pub(crate) fn dials_cheaply(&self) -> bool {
        matches!(self, Self::Unix(_) | Self::Tcp(_))
    }

    /// Whether TLS is spoken.
    pub(crate) fn has_tls(&self) -> bool {
        match self {
            #[cfg(feature = "tls")]
            Self::Tls(..) => true,
            _ => false,
        }
    }
}

#[cfg(feature = "tls")]
fn tls(host: &Host, tls: &Tls) -> Result<Endpoint> {
    let handshake = super::tls::Handshake::new(tls, &host.name)?;
    Ok(Endpoint::Tls(host.clone(), handshake))
}

#[cfg(not(feature = "tls"))]
fn tls(host: &Host, _: &Tls) -> Result<Endpoint> {
    let port = host.authority(TLS_PORT);
    Err(Error::request(format!("TLS is wanted with {port}, but dockerclient was built without its feature `tls`")))
}

#[cfg(feature = "ssh")]
fn ssh(host: &SshHost) -> Result<Endpoint> {
    Ok(Endpoint::Ssh(host.clone()))
}

#[cfg(not(feature = "ssh"))]
fn ssh(host: &SshHost) -> Result<Endpoint> {
    Err(Error::request(format!("{host} cannot be reached: dockerclient was built without its feature `ssh`")))
}

impl Dial {
    pub(crate) fn new<F, R, S>(dial: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = io::Result<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Self(Arc::new(move || {
            let dialling = dial();
            Box::pin(async move { dialling.await.map(Stream::new) })
        }))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(_) => write!(f, "tcp://{}", self.authority()),
            #[cfg(feature = "tls")]
            Self::Tls(..) => write!(f, "https://{}", self.authority()),
            #[cfg(feature = "ssh")]
            Self::Ssh(host) => host.fmt(f),
            Self::Custom(_) => f.write_str("the engine behind the connector"),
        }
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dial")
    }
}
