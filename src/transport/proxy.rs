//! HTTP and SOCKS proxies, selected as Go's `http.ProxyFromEnvironment` does for the Docker CLI.
//!
//! Requests without TLS are sent to an HTTP proxy in absolute form; TLS uses a tunnel (`CONNECT`). A SOCKS proxy is used
//! for both.

use std::{
    fmt,
    future::{Ready, ready},
    io,
    net::IpAddr,
    task::{Context, Poll},
};

use http::{HeaderValue, Uri};
use hyper_util::{
    client::{
        legacy::connect::{
            HttpConnector,
            proxy::{SocksV5, Tunnel},
        },
        proxy::matcher::{Intercept, Matcher},
    },
    rt::TokioIo,
};
use ipnet::IpNet;
use tokio::net::TcpStream;
use tower_service::Service;

use super::address::Url;
use crate::{Error, Result, environment::Environment, error::Kind};

/// A proxy. `Debug` and `Display` do not show its password.
#[derive(Clone, Debug)]
pub(crate) struct Proxy {
    /// The environment variable that configures it.
    variable: &'static str,
    /// The address and the credentials of the proxy.
    intercept: Intercept,
}

impl Proxy {
    /// Returns the proxy for the engine at `url`, if there is one. `url` must have a port.
    pub(super) fn find(environment: &Environment, url: &Url, tls: bool) -> Result<Option<Self>> {
        let variables = if tls { ["HTTPS_PROXY", "https_proxy"] } else { ["HTTP_PROXY", "http_proxy"] };
        let Some(variable) = variables.into_iter().find(|name| environment.is_set(name)) else { return Ok(None) };
        let no_proxy = match environment.get("NO_PROXY")? {
            Some(list) => Some(list),
            None => environment.get("no_proxy")?,
        };
        if is_direct(no_proxy.unwrap_or_default(), &url.host.name, url.host.port) {
            return Ok(None);
        }
        if !tls && environment.is_set("REQUEST_METHOD") {
            // In a CGI program, HTTP_PROXY is set from the `Proxy` header of the HTTP client.
            return Err(Error::invalid_input(format!(
                "{variable} is ignored in a CGI program (REQUEST_METHOD is set)"
            )));
        }
        let value = environment.get(variable)?.unwrap_or_default();
        let proxy = Matcher::builder().all(value).build().intercept(&Uri::from_static("http://engine/"));
        // The error does not contain the value, which may hold a password.
        let intercept = proxy.ok_or_else(|| Error::invalid_input(format!("invalid proxy address in {variable}")))?;
        match intercept.uri().scheme_str() {
            Some("http" | "socks5" | "socks5h") => Ok(Some(Self { variable, intercept })),
            other => {
                let scheme = other.unwrap_or_default();
                Err(Error::invalid_input(format!("unsupported proxy scheme {scheme:?} in {variable}")))
            }
        }
    }

    /// Whether requests without TLS are sent to the proxy itself, in absolute form.
    pub(super) fn forwards(&self) -> bool {
        self.intercept.uri().scheme_str() == Some("http")
    }

    /// Returns the `Proxy-Authorization` header for an HTTP proxy.
    pub(super) fn authorization(&self) -> Option<&HeaderValue> {
        self.intercept.basic_auth()
    }

    /// Connects to the proxy, and opens a tunnel to the engine at `url`, unless requests are sent to the proxy itself.
    pub(super) async fn dial(&self, mut tcp: HttpConnector, url: &Url, tls: bool) -> Result<TcpStream> {
        let connected = tcp.call(self.uri()?).await.map_err(|error| {
            let message = format!("cannot connect to the proxy {self}; check the address and the network");
            Error::with_source(Kind::Connect(message), error)
        })?;
        if self.forwards() && !tls {
            return Ok(connected.into_inner());
        }
        let engine = uri(&url.host.authority(super::address::PLAIN_PORT))?;
        let connected = Connected(Some(connected));
        let failed = |error: &dyn fmt::Display| {
            Error::new(Kind::Connect(format!("cannot connect to {url} through the proxy {self}: {error}")))
        };
        let stream = if self.forwards() {
            let tunnel = Tunnel::new(engine.clone(), connected);
            let mut tunnel = match self.authorization() {
                Some(authorization) => tunnel.with_auth(authorization.clone()),
                None => tunnel,
            };
            tunnel.call(engine).await.map_err(|error| failed(&error))?
        } else {
            let socks = SocksV5::new(engine.clone(), connected);
            let mut socks = match self.intercept.raw_auth() {
                Some((user, password)) => socks.with_auth(user.to_owned(), password.to_owned()),
                None => socks,
            };
            socks.call(engine).await.map_err(|error| failed(&error))?
        };
        Ok(stream.into_inner())
    }

    /// Returns the URI of the proxy, with its port.
    fn uri(&self) -> Result<Uri> {
        let address = self.intercept.uri();
        let default = if self.forwards() { 80 } else { 1080 };
        uri(&format!("{}:{}", address.host().unwrap_or_default(), address.port_u16().unwrap_or(default)))
    }
}

fn uri(authority: &str) -> Result<Uri> {
    let uri = Uri::builder().scheme("http").authority(authority).path_and_query("/").build();
    uri.map_err(|error| Error::with_source(Kind::InvalidInput(format!("invalid address {authority:?}")), error))
}

/// A connector that returns an open connection, for the tunnels of hyper-util, which expect a connector.
struct Connected(Option<TokioIo<TcpStream>>);

impl Service<Uri> for Connected {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = Ready<io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        ready(self.0.take().ok_or_else(|| io::ErrorKind::NotConnected.into()))
    }
}

/// Whether the engine is reached without a proxy, because it is on this machine or in the list `no_proxy`.
fn is_direct(no_proxy: &str, host: &str, port: Option<u16>) -> bool {
    let address: Option<IpAddr> = host.parse().ok();
    let is_local = host == "localhost" || address.is_some_and(|address| address.to_canonical().is_loopback());
    let mut entries = no_proxy.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    is_local || entries.any(|entry| matches(entry, host, address, port))
}

/// Whether an entry of `NO_PROXY` matches a host: `*`, a network, or an address or domain with an optional port.
fn matches(entry: &str, host: &str, address: Option<IpAddr>, port: Option<u16>) -> bool {
    if let Ok(network) = entry.parse::<IpNet>() {
        return address.is_some_and(|address| network.contains(&address));
    }
    let (name, entry_port) = match entry.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, port),
        _ => (entry, ""),
    };
    if !entry_port.is_empty() && entry_port.parse().ok() != port {
        return false;
    }
    if let Ok(listed) = name.trim_matches(['[', ']']).parse::<IpAddr>() {
        return address == Some(listed);
    }
    let is_subdomain = |domain: &str| {
        let rest = host.len().checked_sub(domain.len()).and_then(|end| Some((host.get(..end)?, host.get(end..)?)));
        rest.is_some_and(|(start, end)| start.ends_with('.') && end.eq_ignore_ascii_case(domain))
    };
    let domain = if name.starts_with("*.") { &name[1..] } else { name };
    match domain.strip_prefix('.') {
        Some(domain) => is_subdomain(domain),
        None => domain == "*" || host.eq_ignore_ascii_case(domain) || is_subdomain(domain),
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let address = self.intercept.uri();
        let (scheme, authority) = (address.scheme_str().unwrap_or_default(), address.authority());
        write!(f, "{scheme}://{} ({})", authority.map_or("", |authority| authority.as_str()), self.variable)
    }
}

#[cfg(test)]
mod tests;
