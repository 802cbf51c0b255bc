//! Endpoint of an engine: its address, with TLS, proxy and SSH settings.

use std::{ffi::OsString, fmt, io, path::PathBuf, pin::Pin, sync::Arc};

use tokio::io::{AsyncRead, AsyncWrite};

use super::{
    Io, SshOptions, Tls,
    address::{Address, PLAIN_PORT, PipeAddress, SshHost, TLS_PORT, Url},
    local,
    proxy::Proxy,
};
use crate::{Error, Result, environment::Environment};

/// The address of an engine, and the settings to connect to it.
#[derive(Clone, Debug)]
pub(crate) enum Endpoint {
    Unix(PathBuf),
    NamedPipe(PathBuf),
    Tcp(Tcp),
    #[cfg(feature = "tls-no-provider")]
    Tls(Tcp, super::tls::Handshake),
    #[cfg(feature = "ssh")]
    Ssh(Ssh),
    Custom(CustomConnector),
}

/// A TCP address, and the proxy to reach it through.
#[derive(Clone, Debug)]
pub(crate) struct Tcp {
    pub(super) url: Url,
    pub(super) proxy: Option<Proxy>,
}

/// An SSH server, and the directories to search for the program `ssh`.
#[derive(Clone, Debug)]
#[cfg_attr(not(feature = "ssh"), allow(dead_code, reason = "it is rejected as a whole"))]
pub(crate) struct Ssh {
    pub(super) host: SshHost,
    pub(super) path: OsString,
    pub(super) options: SshOptions,
}

/// A function of the program that opens a connection to the engine.
#[derive(Clone)]
pub(crate) struct CustomConnector(pub(super) Arc<dyn Fn() -> Connecting + Send + Sync>);

/// A future that opens a connection.
pub(super) type Connecting = Pin<Box<dyn Future<Output = io::Result<Io>> + Send>>;

impl Endpoint {
    /// Creates the endpoint for `address`. `tls` enables TLS for `tcp://` addresses, and is an error for `http://` ones.
    /// Fails for a Unix socket on Windows, and for a named pipe on other systems.
    pub(crate) fn new(address: Address, tls: Option<&Tls>, environment: &Environment) -> Result<Self> {
        match (address, tls) {
            (address @ (Address::Unix(_) | Address::NamedPipe(_)), _) => local::checked(address),
            (Address::Ssh(host), _) => {
                ssh(Ssh { host, path: environment.program_path().to_owned(), options: SshOptions::default() })
            }
            (Address::Http(url), Some(_)) => Err(Error::invalid_input(format!(
                "TLS was configured, but http://{url} does not use TLS; use https:// or tcp://"
            ))),
            (Address::Http(url) | Address::Tcp(url), None) => {
                Ok(Self::Tcp(Tcp::new(url.or_port(PLAIN_PORT), environment, false)?))
            }
            (Address::Tcp(url), Some(given)) => self::tls(Tcp::new(url.or_port(PLAIN_PORT), environment, true)?, given),
            (Address::Https(url), given) => {
                let tcp = Tcp::new(url.or_port(TLS_PORT), environment, true)?;
                self::tls(tcp, given.unwrap_or(&Tls::default()))
            }
        }
    }

    /// Returns the `Host` header of requests, which is also the authority of their URLs.
    pub(crate) fn authority(&self) -> String {
        match self.tcp() {
            Some(tcp) => tcp.url.host.authority(PLAIN_PORT),
            None => "localhost".to_owned(),
        }
    }

    /// Returns the URL that precedes the path of each request. Its scheme is `http` even if TLS is used.
    pub(crate) fn base(&self) -> String {
        let prefix = self.tcp().map_or("", |tcp| &tcp.url.prefix);
        format!("http://{}{prefix}", self.authority())
    }

    /// Returns the key of this engine under `proxies` in `config.json`, as the Docker CLI spells it.
    pub(crate) fn config_key(&self) -> String {
        match self {
            Self::Unix(_) | Self::NamedPipe(_) => self.to_string(),
            // The address that the Docker CLI uses for all SSH connections.
            #[cfg(feature = "ssh")]
            Self::Ssh(_) => "http://docker.example.com".to_owned(),
            Self::Custom(_) => String::new(),
            #[cfg(feature = "tls-no-provider")]
            Self::Tls(tcp, _) => format!("tcp://{}", tcp.url),
            Self::Tcp(tcp) => format!("tcp://{}", tcp.url),
        }
    }

    /// Returns the host that the engine runs on; `localhost` if the address has none.
    pub(crate) fn host(&self) -> String {
        match self {
            Self::Tcp(tcp) => tcp.url.host.name.clone(),
            #[cfg(feature = "tls-no-provider")]
            Self::Tls(tcp, _) => tcp.url.host.name.clone(),
            #[cfg(feature = "ssh")]
            Self::Ssh(ssh) => ssh.host.host.name.clone(),
            Self::Unix(_) | Self::NamedPipe(_) | Self::Custom(_) => "localhost".to_owned(),
        }
    }

    /// Whether opening a connection is cheap: a Unix socket, a named pipe, or TCP without TLS and proxy.
    pub(crate) fn is_cheap_to_connect(&self) -> bool {
        matches!(self, Self::Unix(_) | Self::NamedPipe(_)) || matches!(self, Self::Tcp(tcp) if tcp.proxy.is_none())
    }

    /// Returns the HTTP proxy that requests without TLS are sent to, in absolute form.
    pub(crate) fn forwarding_proxy(&self) -> Option<&Proxy> {
        match self {
            Self::Tcp(tcp) => tcp.proxy.as_ref().filter(|proxy| proxy.forwards()),
            _ => None,
        }
    }

    /// Whether connections use TLS.
    pub(crate) fn has_tls(&self) -> bool {
        match self {
            #[cfg(feature = "tls-no-provider")]
            Self::Tls(..) => true,
            _ => false,
        }
    }

    fn tcp(&self) -> Option<&Tcp> {
        match self {
            Self::Tcp(tcp) => Some(tcp),
            #[cfg(feature = "tls-no-provider")]
            Self::Tls(tcp, _) => Some(tcp),
            _ => None,
        }
    }
}

impl Tcp {
    fn new(url: Url, environment: &Environment, tls: bool) -> Result<Self> {
        let proxy = Proxy::find(environment, &url, tls)?;
        Ok(Self { url, proxy })
    }
}

#[cfg(feature = "tls-no-provider")]
fn tls(tcp: Tcp, tls: &Tls) -> Result<Endpoint> {
    let handshake = super::tls::Handshake::new(tls, &tcp.url.host.name)?;
    Ok(Endpoint::Tls(tcp, handshake))
}

#[cfg(not(feature = "tls-no-provider"))]
fn tls(tcp: Tcp, _: &Tls) -> Result<Endpoint> {
    let host = tcp.url.host;
    Err(Error::invalid_input(format!("{host} requires TLS; enable the feature `tls` of dockerclient")))
}

#[cfg(feature = "ssh")]
fn ssh(ssh: Ssh) -> Result<Endpoint> {
    Ok(Endpoint::Ssh(ssh))
}

#[cfg(not(feature = "ssh"))]
fn ssh(ssh: Ssh) -> Result<Endpoint> {
    let host = ssh.host;
    Err(Error::invalid_input(format!("{host} requires SSH; enable the feature `ssh` of dockerclient")))
}

impl CustomConnector {
    pub(crate) fn new<F, R, S>(dial: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = io::Result<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Self(Arc::new(move || {
            let connecting = dial();
            Box::pin(async move { connecting.await.map(Io::new) })
        }))
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::NamedPipe(path) => PipeAddress(path).fmt(f),
            Self::Tcp(tcp) => write!(f, "tcp://{}", tcp.url),
            #[cfg(feature = "tls-no-provider")]
            Self::Tls(tcp, _) => write!(f, "https://{}", tcp.url),
            #[cfg(feature = "ssh")]
            Self::Ssh(ssh) => ssh.host.fmt(f),
            Self::Custom(_) => f.write_str("the custom connector"),
        }
    }
}

impl fmt::Debug for CustomConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomConnector")
    }
}
