//! Addresses of engines, as people write them.

use std::{
    fmt,
    net::Ipv6Addr,
    path::{Path, PathBuf},
    str::FromStr,
};

use http::uri::Authority;

use crate::{Error, Result};

/// Where an engine listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// A unix socket, by its absolute path.
    Unix(PathBuf),
    /// A TCP port, with TLS if something else says so.
    Tcp(Host),
    /// A TCP port without TLS.
    Http(Host),
    /// A TCP port with TLS.
    Https(Host),
    /// The engine of another machine, or a socket there, by way of its SSH server.
    Ssh(SshHost),
}

/// A host, and a port unless it is the usual one. An IPv6 address stands without brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) port: Option<u16>,
}

/// What the system's `ssh` is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SshHost {
    pub(crate) user: Option<String>,
    pub(crate) host: Host,
    /// A socket that is not the usual one there.
    pub(crate) socket: Option<String>,
}

impl Host {
    /// As it stands in URLs.
    pub(crate) fn authority(&self, usual_port: u16) -> String {
        format!("{}:{}", self.bracketed(), self.port.unwrap_or(usual_port))
    }

    fn bracketed(&self) -> String {
        if self.name.contains(':') { format!("[{}]", self.name) } else { self.name.clone() }
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = |why: &str| Error::request(format!("{text:?} is no address of an engine: {why}"));
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(refused("it needs a scheme, as in unix:///var/run/docker.sock or tcp://127.0.0.1:2375"));
        };
        let host = || host(rest).ok_or_else(|| refused("behind the scheme stand a host and a port, no more"));
        match scheme {
            "unix" => unix(rest)
                .map(Self::Unix)
                .ok_or_else(|| refused("the path of a socket starts with a slash and names a file")),
            "tcp" => host().map(Self::Tcp),
            "http" => host().map(Self::Http),
            "https" => host().map(Self::Https),
            "ssh" => ssh(rest)
                .map(Self::Ssh)
                .ok_or_else(|| refused("it reads ssh://user@host:port/socket; all but the host may be left out")),
            "npipe" => Err(refused("named pipes are not supported")),
            _ => Err(refused(&format!("the scheme {scheme:?} is unknown"))),
        }
    }
}

fn unix(rest: &str) -> Option<PathBuf> {
    let path = Path::new(rest);
    let names_a_file = path.is_absolute() && path.file_name().is_some() && !rest.contains('\0');
    names_a_file.then(|| path.to_owned())
}

fn host(rest: &str) -> Option<Host> {
    let authority: Authority = rest.strip_suffix('/').unwrap_or(rest).parse().ok()?;
    let host = authority.host();
    let port = match authority.port() {
        Some(_) => Some(authority.port_u16().filter(|&port| port != 0)?),
        None => None,
    };
    let spelled = authority.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{}", port.as_str()));
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_host = match bracketed {
        Some(address) => address.split('%').next().is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()),
        None => !host.is_empty(),
    };
    let bare = bracketed.unwrap_or(host);
    (spelled == authority.as_str() && is_host).then(|| Host { name: bare.to_owned(), port })
}

/// Passwords are not for addresses: ssh takes none, and addresses are printed.
fn ssh(rest: &str) -> Option<SshHost> {
    let (machine, socket) = match rest.find('/') {
        Some(slash) => (&rest[..slash], Some(&rest[slash..]).filter(|path| *path != "/")),
        None => (rest, None),
    };
    let (user, machine) = match machine.rsplit_once('@') {
        Some((user, machine)) => (Some(user), machine),
        None => (None, machine),
    };
    let is_user = |user: &str| !user.is_empty() && !user.starts_with('-') && !user.contains([':', '\0', ' ']);
    let host = host(machine)?;
    if host.name.starts_with('-') || user.is_some_and(|user| !is_user(user)) {
        return None;
    }
    let socket = socket.map(|path| unix(path)?.to_str().map(str::to_owned));
    match socket {
        Some(None) => None,
        socket => Some(SshHost { user: user.map(str::to_owned), host, socket: socket.flatten() }),
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp(host) => write!(f, "tcp://{host}"),
            Self::Http(host) => write!(f, "http://{host}"),
            Self::Https(host) => write!(f, "https://{host}"),
            Self::Ssh(host) => host.fmt(f),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.bracketed())?;
        self.port.iter().try_for_each(|port| write!(f, ":{port}"))
    }
}

impl fmt::Display for SshHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ssh://")?;
        self.user.iter().try_for_each(|user| write!(f, "{user}@"))?;
        self.host.fmt(f)?;
        self.socket.iter().try_for_each(|socket| f.write_str(socket))
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
        check("tcp://engine.example", "tcp://engine.example");
        check("http://engine.example:80/", "http://engine.example:80");
        check("https://engine.example/", "https://engine.example");
        check("tcp://[::1]:4243", "tcp://[::1]:4243");
        check("tcp://[::1]", "tcp://[::1]");
        check("ssh://engine.example", "ssh://engine.example");
        check("ssh://me@engine.example:2222/", "ssh://me@engine.example:2222");
        check("ssh://me@[::1]:22/run/my docker.sock", "ssh://me@[::1]:22/run/my docker.sock");
    }

    #[test]
    fn the_usual_port_is_added_where_a_url_wants_one() {
        let Ok(Address::Tcp(host)) = "tcp://[::1]".parse() else { panic!("it is a TCP address") };
        assert_eq!(host.authority(2376), "[::1]:2376");
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
            "tcp://[host]:2375",
            "tcp://[%j]",
            "tcp://me@host:2375",
            "tcp://host:2375/path",
            "tcp://host:2375?query",
            "tcp://ho st",
            "https://host:2376/path",
            "gopher://host",
            "fd://",
            "npipe:////./pipe/docker_engine",
            "ssh://",
            "ssh:///run/docker.sock",
            "ssh://@host",
            "ssh://-oProxyCommand=x@host",
            "ssh://-oProxyCommand=x",
            "ssh://me:secret@host",
            "ssh://host/run/..",
        ] {
            let error = text.parse::<Address>().unwrap_err();
            assert!(error.is_bad_request(), "{text}");
            assert!(error.to_string().starts_with(&format!("{text:?} is no address of an engine: ")), "{error}");
        }
    }
}
