//! Addresses of engines.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use http::uri::Authority;

use crate::{Error, Result};

/// The port of an engine that listens without TLS.
const PLAIN_PORT: u16 = 2375;

/// Where an engine listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// A unix socket, by its absolute path.
    Unix(PathBuf),
    /// A TCP port. An IPv6 address stands without brackets.
    Tcp { host: String, port: u16 },
}

impl Address {
    /// What the `Host` header and the authority of each request say.
    pub(crate) fn authority(&self) -> String {
        match self {
            Self::Unix(_) => "localhost".to_owned(),
            Self::Tcp { host, port } if host.contains(':') => format!("[{host}]:{port}"),
            Self::Tcp { host, port } => format!("{host}:{port}"),
        }
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = |why: &str| Error::request(format!("{text:?} is no address of an engine: {why}"));
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(refused("it needs a scheme, as in unix:///var/run/docker.sock or tcp://127.0.0.1:2375"));
        };
        match scheme {
            "unix" => unix(rest).ok_or_else(|| refused("the path of a socket starts with a slash and names a file")),
            "tcp" | "http" => tcp(rest).ok_or_else(|| refused("behind the scheme stand a host and a port, no more")),
            "https" | "ssh" | "npipe" => Err(refused(&format!("{scheme} is not supported"))),
            _ => Err(refused(&format!("the scheme {scheme:?} is unknown"))),
        }
    }
}

fn unix(rest: &str) -> Option<Address> {
    let path = Path::new(rest);
    let names_a_file = path.is_absolute() && path.file_name().is_some() && !rest.contains('\0');
    names_a_file.then(|| Address::Unix(path.to_owned()))
}

fn tcp(rest: &str) -> Option<Address> {
    let authority: Authority = rest.strip_suffix('/').unwrap_or(rest).parse().ok()?;
    let host = authority.host();
    let port = match authority.port() {
        Some(_) => authority.port_u16().filter(|&port| port != 0)?,
        None => PLAIN_PORT,
    };
    let spelled = authority.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{}", port.as_str()));
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    (spelled == authority.as_str() && !bare.is_empty()).then(|| Address::Tcp { host: bare.to_owned(), port })
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp { .. } => write!(f, "tcp://{}", self.authority()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, display: &str) {
        assert_eq!(text.parse::<Address>().unwrap().to_string(), display);
    }

    #[test]
    fn sockets_and_ports_are_understood() {
        check("unix:///var/run/docker.sock", "unix:///var/run/docker.sock");
        check("unix:///run/user/1000/my docker.sock", "unix:///run/user/1000/my docker.sock");
        check("tcp://127.0.0.1:2375", "tcp://127.0.0.1:2375");
        check("tcp://engine.example", "tcp://engine.example:2375");
        check("http://engine.example:80/", "tcp://engine.example:80");
        check("tcp://[::1]:4243", "tcp://[::1]:4243");
        check("tcp://[::1]", "tcp://[::1]:2375");
    }

    #[test]
    fn what_cannot_be_meant_is_refused_at_once_and_by_name() {
        for text in [
            "",
            "localhost",
            "localhost:2375",
            "127.0.0.1:2375",
            "/var/run/docker.sock",
            "unix:/var/run/docker.sock",
            "unix://",
            "unix:///",
            "unix://relative",
            "unix://var/run/docker.sock",
            "unix:///run/..",
            "tcp://",
            "tcp:///",
            "tcp://:2375",
            "tcp://host:0",
            "tcp://host:99999",
            "tcp://host:port",
            "tcp://host:",
            "tcp://me@host:2375",
            "tcp://host:2375/path",
            "tcp://host:2375?query",
            "tcp://ho st",
            "gopher://host",
            "fd://",
            "https://host:2376",
            "ssh://host",
        ] {
            let error = text.parse::<Address>().unwrap_err();
            assert!(error.is_bad_request(), "{text}");
            assert!(error.to_string().starts_with(&format!("{text:?} is no address of an engine: ")), "{error}");
        }
    }
}
