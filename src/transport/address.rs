//! Engine addresses: parsing as the Docker CLI does, and display.

use std::{
    fmt,
    net::Ipv6Addr,
    path::{Path, PathBuf},
    str::FromStr,
};

use http::uri::{Authority, PathAndQuery};

use crate::{Error, Result};

mod ssh;

pub(crate) use self::ssh::SshHost;

/// Default host of an address.
pub(super) const LOCALHOST: &str = "localhost";

/// Default socket of an address.
pub(super) const SOCKET: &str = "/var/run/docker.sock";

/// Default named pipe of an address.
pub(super) const PIPE: &str = r"\\.\pipe\docker_engine";

/// Default port of `tcp://` and `http://` addresses. The Docker CLI also uses it with TLS.
pub(super) const PLAIN_PORT: u16 = 2375;

/// Default port of `https://` addresses, and the port of the default engine if TLS is configured.
pub(super) const TLS_PORT: u16 = 2376;

/// The address of an engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// The absolute path of a Unix socket.
    Unix(PathBuf),
    /// The path of a named pipe, with backslashes.
    NamedPipe(PathBuf),
    /// A TCP address, with TLS if it is configured.
    Tcp(Url),
    /// A TCP address without TLS.
    Http(Url),
    /// A TCP address with TLS.
    Https(Url),
    /// An SSH server.
    Ssh(SshHost),
}

/// A host, and the path prefix of all requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    pub(crate) host: Host,
    /// Empty, or a path that begins with a slash and does not end with one.
    pub(crate) prefix: String,
}

/// A host, and a port unless it is the default. IPv6 addresses have no brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    pub(crate) name: String,
    pub(crate) port: Option<u16>,
}

impl Host {
    /// Returns `host:port`, as in a URL.
    pub(crate) fn authority(&self, default_port: u16) -> String {
        format!("{}:{}", self.bracketed(), self.port.unwrap_or(default_port))
    }

    fn bracketed(&self) -> String {
        if self.name.contains(':') { format!("[{}]", self.name) } else { self.name.clone() }
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        // A trailing colon means the default port.
        let authority: Authority =
            text.strip_suffix(':').unwrap_or(text).parse().map_err(|_| "invalid host or port")?;
        let host = authority.host();
        let port = match authority.as_str().strip_prefix(host) {
            Some("") => None,
            Some(port) => Some(parse_port(port).ok_or("invalid port")?),
            None => return Err("invalid host or port"),
        };
        let Some(address) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) else {
            return Ok(Self { name: host.to_owned(), port });
        };
        // A zone identifier follows the percent sign.
        let is_valid = address.split('%').next().is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
        if is_valid { Ok(Self { name: address.to_owned(), port }) } else { Err("invalid IPv6 address") }
    }
}

/// Parses `:port`. Rejects a plus sign, which Rust accepts in numbers.
fn parse_port(port: &str) -> Option<u16> {
    let digits = port.strip_prefix(':').filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))?;
    digits.parse().ok().filter(|&port| port != 0)
}

impl Url {
    /// Parses the part after the scheme.
    fn parse(rest: &str) -> Result<Self, &'static str> {
        if rest.contains('@') {
            return Err("a user name and password are not supported; to authenticate, add a header to each request");
        }
        if rest.contains(['?', '#']) {
            return Err("query and fragment are not supported");
        }
        let (host, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
        let host = match host.strip_prefix(':') {
            None if host.is_empty() => LOCALHOST.to_owned(),
            None => host.to_owned(),
            Some(port) => format!("{LOCALHOST}:{port}"),
        };
        Ok(Self { host: Host::parse(&host)?, prefix: prefix(path)? })
    }

    /// Sets the port if there is none.
    pub(super) fn or_port(mut self, port: u16) -> Self {
        self.host.port.get_or_insert(port);
        self
    }
}

/// Normalizes a path as the Docker CLI does: resolves `.` and `..`, and removes empty segments.
fn prefix(path: &str) -> Result<String, &'static str> {
    let is_valid = path.is_empty() || path.is_ascii() && path.parse::<PathAndQuery>().is_ok();
    if !is_valid {
        return Err("the path is not percent-encoded");
    }
    let mut segments = Vec::new();
    for segment in path.split('/').filter(|segment| !matches!(*segment, "" | ".")) {
        match segment {
            ".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    Ok(segments.iter().map(|segment| format!("/{segment}")).collect())
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        parse(text).map_err(|why| Error::invalid_input(format!("invalid engine address {:?}: {why}", Redacted(text))))
    }
}

fn parse(text: &str) -> Result<Address, &'static str> {
    let (scheme, rest) = match text.split_once("://") {
        Some(parts) => parts,
        None if text.is_empty() => return Err("empty"),
        None if text.starts_with(r"\\") || text.starts_with("//./pipe/") => ("npipe", text),
        None if text.starts_with('/') => ("unix", text),
        None if text.starts_with("npipe:") => {
            return Err("missing scheme; did you mean npipe:////./pipe/docker_engine?");
        }
        None if text.starts_with("unix:") => return Err("missing scheme; did you mean unix:///var/run/docker.sock?"),
        None => ("tcp", text),
    };
    match scheme {
        "unix" if rest.is_empty() => Ok(Address::Unix(SOCKET.into())),
        "unix" => socket(rest).map(Address::Unix),
        "tcp" => Url::parse(rest).map(Address::Tcp),
        "http" => Url::parse(rest).map(Address::Http),
        "https" => Url::parse(rest).map(Address::Https),
        "ssh" => SshHost::parse(rest).map(Address::Ssh),
        "npipe" if rest.is_empty() => Ok(Address::NamedPipe(PIPE.into())),
        "npipe" => pipe(rest).map(Address::NamedPipe),
        _ => Err("unknown scheme; use unix, npipe, tcp, http, https or ssh"),
    }
}

/// Parses the path of a socket.
fn socket(path: &str) -> Result<PathBuf, &'static str> {
    let is_file = Path::new(path).file_name().is_some();
    match path {
        _ if !path.starts_with('/') => Err("the socket path must be absolute, for example unix:///var/run/docker.sock"),
        _ if path.contains('\0') || !is_file => Err("the path does not name a file"),
        _ => Ok(path.into()),
    }
}

/// Parses the path of a named pipe, with slashes or backslashes, of this computer (`.`) or another.
fn pipe(path: &str) -> Result<PathBuf, &'static str> {
    let path = path.replace('/', r"\");
    let parts: Vec<&str> = path.splitn(5, '\\').collect();
    let is_pipe = matches!(parts[..], ["", "", computer, kind, name]
        if !computer.is_empty() && kind.eq_ignore_ascii_case("pipe") && !name.trim_matches('\\').is_empty());
    match is_pipe && !path.contains('\0') {
        true => Ok(path.into()),
        false => Err("the path is not a named pipe, for example npipe:////./pipe/docker_engine"),
    }
}

/// Displays a path of a named pipe as an address, with slashes as the Docker CLI writes it.
pub(super) struct PipeAddress<'a>(pub(super) &'a Path);

impl fmt::Display for PipeAddress<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "npipe://{}", self.0.display().to_string().replace('\\', "/"))
    }
}

/// Displays an address without a password, and without a query or fragment, which may contain a token.
pub(crate) struct Redacted<'a>(pub(crate) &'a str);

impl fmt::Display for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HIDDEN: &str = "***";

        let (scheme, rest) = self.0.split_once("://").unwrap_or(("", self.0));
        if matches!(scheme, "unix" | "npipe") || self.0.starts_with(['/', '\\']) {
            return f.write_str(self.0);
        }
        if !scheme.is_empty() {
            write!(f, "{scheme}://")?;
        }
        // The last `@`, because a password may contain `@`.
        let (user, rest) = rest.rsplit_once('@').map_or((None, rest), |(user, rest)| (Some(user), rest));
        match user {
            Some(user) if scheme == "ssh" && !user.contains(':') => write!(f, "{user}@")?,
            Some(_) => write!(f, "{HIDDEN}@")?,
            None => {}
        }
        match rest.find(['?', '#']) {
            Some(query) => write!(f, "{}{HIDDEN}", &rest[..=query]),
            None => f.write_str(rest),
        }
    }
}

impl fmt::Debug for Redacted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::NamedPipe(path) => PipeAddress(path).fmt(f),
            Self::Tcp(url) => write!(f, "tcp://{url}"),
            Self::Http(url) => write!(f, "http://{url}"),
            Self::Https(url) => write!(f, "https://{url}"),
            Self::Ssh(host) => host.fmt(f),
        }
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.host, self.prefix)
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.bracketed())?;
        self.port.iter().try_for_each(|port| write!(f, ":{port}"))
    }
}

#[cfg(test)]
mod tests;
