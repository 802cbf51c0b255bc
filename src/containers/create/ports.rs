//! Ports of a container: exposed, and published on the host.

use std::{
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
};

use super::ContainerBuilder;
use crate::{Error, Result, containers::ContainerPort, models::PortBinding};

impl<V> ContainerBuilder<V> {
    /// Publishes a port of the container on the host, as `docker run --publish` does. Can be called repeatedly.
    ///
    /// The host port comes first, as in the Docker CLI; 0 selects a free port, see
    /// [`port`](crate::containers::Container::port). Both sides can be ranges of the same length. If only the host side
    /// is a range, the engine chooses a free port in it.
    ///
    /// ```
    /// # fn example(docker: dockerclient::DockerClient) {
    /// let container = docker
    ///     .containers()
    ///     .create("web:1")
    ///     .publish(8080, 80)
    ///     .publish(0, "53/udp")
    ///     .publish("127.0.0.1:5432", 5432)
    ///     .publish("8000-8010", "80-90");
    /// # drop(container);
    /// # }
    /// ```
    #[doc(alias = "port_bindings")]
    pub fn publish(self, host: impl Into<HostPorts>, container: impl Into<ContainerPorts>) -> Self {
        let bindings = bindings(&host.into(), &container.into());
        self.try_set(bindings, |this, bindings| {
            for (port, binding) in bindings {
                this.body.config.exposed_ports.insert(port.clone());
                this.host().port_bindings.entry(port).or_default().push(binding);
            }
        })
    }

    /// Sets whether to publish all exposed ports to random host ports (`docker run --publish-all`). Defaults to `false`.
    pub fn publish_all(mut self, publish_all: bool) -> Self {
        self.host().publish_all_ports = publish_all;
        self
    }

    /// Exposes a port, or a range of ports, in addition to those that the image exposes (`docker run --expose`).
    pub fn expose(self, ports: impl Into<ContainerPorts>) -> Self {
        let keys = ports.into().keys();
        self.try_set(keys, |this, keys| this.body.config.exposed_ports.extend(keys))
    }
}

/// A port of a container, or a range of ports: `80`, `"53/udp"`, `"80-90/tcp"`, `80..=90`. The default protocol is TCP.
///
/// An invalid string makes the call fail with [`InvalidInput`](crate::ErrorKind::InvalidInput).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ContainerPorts(Result<(Range, String), String>);

/// A port of the host, or a range of ports, optionally with an address to listen on: `8080`, `"127.0.0.1:8080"`,
/// `"[::1]:8080"`, `"8000-8010"`, `8000..=8010`. Port 0, or an address without a port (`"127.0.0.1:"`), selects a free
/// port.
///
/// An invalid string makes the call fail with [`InvalidInput`](crate::ErrorKind::InvalidInput).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HostPorts(Result<(Option<IpAddr>, Range), String>);

/// The first port and the last.
type Range = (u16, u16);

/// Parses `80` or `80-90`.
fn parse_range(text: &str) -> Option<Range> {
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u16>().ok()).flatten();
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some((first, last))
}

fn parse_container(text: &str) -> Option<(Range, String)> {
    let (ports, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
    let protocol = protocol.to_ascii_lowercase();
    let range = parse_range(ports).filter(|(first, _)| *first > 0)?;
    matches!(&*protocol, "tcp" | "udp" | "sctp").then_some((range, protocol))
}

fn parse_host(text: &str) -> Option<(Option<IpAddr>, Range)> {
    let Some((ip, ports)) = text.rsplit_once(':') else { return Some((None, parse_range(text)?)) };
    let ip = match ip.strip_prefix('[') {
        Some(ip) => IpAddr::V6(ip.strip_suffix(']')?.parse().ok()?),
        None => IpAddr::V4(ip.parse().ok()?),
    };
    Some((Some(ip), if ports.is_empty() { (0, 0) } else { parse_range(ports)? }))
}

impl ContainerPorts {
    /// Returns each port in the form of requests.
    fn keys(&self) -> Result<Vec<String>> {
        let ((first, last), protocol) = self.0.as_ref().map_err(|text| {
            Error::invalid_input(format!(
                "invalid container port \"{}\": expected a port or a range, optionally with a protocol, for example 80, \
                 53/udp or 80-90",
                text.escape_debug()
            ))
        })?;
        Ok((*first..=*last).map(|port| format!("{port}/{protocol}")).collect())
    }
}

impl HostPorts {
    fn parts(&self) -> Result<(Option<IpAddr>, Range)> {
        self.0.clone().map_err(|text| {
            Error::invalid_input(format!(
                "invalid host port \"{}\": expected a port or a range, optionally with an IP address, for example 8080, \
                 127.0.0.1:8080 or 8000-8010",
                text.escape_debug()
            ))
        })
    }
}

/// Returns the port bindings, by container port.
fn bindings(host: &HostPorts, container: &ContainerPorts) -> Result<Vec<(String, PortBinding)>> {
    let keys = container.keys()?;
    let (ip, (first, last)) = host.parts()?;
    let binding =
        |host_port: String| PortBinding { host_ip: ip.map_or_else(String::new, |ip| ip.to_string()), host_port };
    let length = usize::from(last - first) + 1;
    if (first, last) == (0, 0) {
        return Ok(keys.into_iter().map(|key| (key, binding(String::new()))).collect());
    }
    if length == keys.len() {
        return Ok(keys.into_iter().zip(first..=last).map(|(key, port)| (key, binding(port.to_string()))).collect());
    }
    if let [key] = &*keys {
        return Ok(vec![(key.clone(), binding(format!("{first}-{last}")))]);
    }
    Err(Error::invalid_input(format!(
        "{length} host ports ({first}-{last}) cannot be published for {} container ports: ranges must have the same length",
        keys.len()
    )))
}

impl From<u16> for ContainerPorts {
    fn from(port: u16) -> Self {
        Self::from(port..=port)
    }
}

impl From<RangeInclusive<u16>> for ContainerPorts {
    fn from(ports: RangeInclusive<u16>) -> Self {
        Self::from(format!("{}-{}", ports.start(), ports.end()))
    }
}

impl From<&str> for ContainerPorts {
    fn from(text: &str) -> Self {
        Self(parse_container(text).ok_or_else(|| text.to_owned()))
    }
}

impl From<String> for ContainerPorts {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<ContainerPort> for ContainerPorts {
    fn from(port: ContainerPort) -> Self {
        Self::from(port.to_string())
    }
}

impl From<u16> for HostPorts {
    fn from(port: u16) -> Self {
        Self(Ok((None, (port, port))))
    }
}

impl From<RangeInclusive<u16>> for HostPorts {
    fn from(ports: RangeInclusive<u16>) -> Self {
        Self::from(format!("{}-{}", ports.start(), ports.end()))
    }
}

impl From<&str> for HostPorts {
    fn from(text: &str) -> Self {
        Self(parse_host(text).ok_or_else(|| text.to_owned()))
    }
}

impl From<String> for HostPorts {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<SocketAddr> for HostPorts {
    fn from(address: SocketAddr) -> Self {
        Self(Ok((Some(address.ip()), (address.port(), address.port()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn published(host: impl Into<HostPorts>, container: impl Into<ContainerPorts>) -> String {
        let bindings = bindings(&host.into(), &container.into()).unwrap();
        let text =
            bindings.iter().map(|(port, PortBinding { host_ip, host_port })| format!("{host_ip}|{host_port}>{port}"));
        text.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn published_ports_match_the_docker_cli() {
        assert_eq!(published(8080, 80), "|8080>80/tcp");
        assert_eq!(published(0, "53/UDP"), "|>53/udp");
        assert_eq!(published("0", "80-81"), "|>80/tcp |>81/tcp");
        assert_eq!(published("127.0.0.1:8080", "80/sctp"), "127.0.0.1|8080>80/sctp");
        assert_eq!(published("127.0.0.1:", 80), "127.0.0.1|>80/tcp");
        assert_eq!(published("[::1]:8080", 80), "::1|8080>80/tcp");
        assert_eq!(published("8000-8001", "80-81"), "|8000>80/tcp |8001>81/tcp");
        assert_eq!(published(8000..=8010, 80), "|8000-8010>80/tcp");
        assert_eq!(published(SocketAddr::from(([127, 0, 0, 1], 1)), ContainerPort::from(80)), "127.0.0.1|1>80/tcp");
    }

    #[test]
    fn invalid_published_port_error_contains_the_value() {
        for text in ["", "http", "80/", "/tcp", "80/tls", "65536", "-1", "+1", "90-80", "80-", "0", "80:80", "80 "] {
            let error = ContainerPorts::from(text).keys().unwrap_err();
            assert!(error.is_bad_request() && error.to_string().contains(&format!("{text:?}")), "{error}");
        }
        for text in
            ["", "http", "localhost:80", "::1:80", "[::1]", "[::1:80", "1.2.3:80", "65536", "9-8", "80/tcp", ":80"]
        {
            let error = HostPorts::from(text).parts().unwrap_err();
            assert!(error.is_bad_request() && error.to_string().contains(&format!("{text:?}")), "{error}");
        }
        let error = bindings(&"8000-8002".into(), &"80-81".into()).unwrap_err();
        assert!(
            error.to_string().contains("3 host ports (8000-8002) cannot be published for 2 container ports"),
            "{error}"
        );
    }
}
