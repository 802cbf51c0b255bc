//! Looking up the host ports of a container's port.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use super::{Container, ContainerPort};
use crate::{
    Result,
    models::{ContainerInspect, PortBinding},
    request::{Settings, request},
};

impl Container {
    /// Returns the host addresses to which a port of the container is published, as `docker port` does; empty if it is not
    /// published, or if the container is not running, which [`wait_until_listening`](Self::wait_until_listening) reports as an
    /// error.
    ///
    /// The addresses are those that the engine binds, and not always ones to connect to: `0.0.0.0` and `::` stand for all
    /// IPv4 or IPv6 addresses of the engine's host, so connect to that [host](crate::DockerClient::host) instead. If the engine reports no
    /// address, `0.0.0.0` is returned. Calls `GET /containers/{id}/json`.
    ///
    /// # Errors
    ///
    /// Fails if the port is not valid, or if there is no such container (404).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if let [address, ..] = docker.container("web").port(80).await?[..] {
    ///     println!("http://{}:{}", docker.host(), address.port());
    /// }
    /// println!("{:?}", docker.container("dns").port("53/udp").await?);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ports")]
    pub fn port(&self, port: impl Into<ContainerPort>) -> LookUpPort {
        LookUpPort { container: self.clone(), port: port.into(), settings: Settings::default() }
    }
}

/// A request to look up the host addresses of a port. Returned by [`Container::port`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct LookUpPort {
    container: Container,
    port: ContainerPort,
    settings: Settings,
}

request!(LookUpPort => Vec<SocketAddr>, "container_port", container.id);

impl LookUpPort {
    async fn call(self) -> Result<Vec<SocketAddr>> {
        let key = self.port.to_key().map_err(|error| error.during("container_port"))?;
        let seen = self.container.inspect_for("container_port", &self.settings).await?;
        Ok(published(&seen, &key).iter().map(Binding::address).collect())
    }
}

/// A host port that is mapped to a port of the container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Binding {
    /// The address that the engine listens on; `None` if it reports none, which old engines and Podman do for any address.
    pub(super) ip: Option<IpAddr>,
    pub(super) port: u16,
}

impl Binding {
    fn address(&self) -> SocketAddr {
        (self.ip.unwrap_or(Ipv4Addr::UNSPECIFIED.into()), self.port).into()
    }
}

/// The host ports that the port `key`, for example `80/tcp`, is published at.
pub(super) fn published(seen: &ContainerInspect, key: &str) -> Vec<Binding> {
    let bindings = seen.network_settings.ports.get(key).map(Vec::as_slice).unwrap_or_default();
    let read = |binding: &PortBinding| {
        let ip = Some(&*binding.host_ip).filter(|ip| !ip.is_empty());
        Some(Binding { ip: ip.map(str::parse).transpose().ok()?, port: binding.host_port.parse().ok()? })
    };
    bindings.iter().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(ports: &str) -> Vec<String> {
        let container = format!(r#"{{"Id":"f43c","NetworkSettings":{{"Ports":{ports}}}}}"#);
        let bindings = published(&serde_json::from_str(&container).unwrap(), "53/udp");
        bindings.iter().map(|binding| binding.address().to_string()).collect()
    }

    #[test]
    fn port_has_the_addresses_that_it_is_published_at() {
        let both = r#"{"53/udp":[{"HostIp":"127.0.0.1","HostPort":"1"},{"HostIp":"::","HostPort":"2"}]}"#;
        assert_eq!(addresses(both), ["127.0.0.1:1", "[::]:2"]);
        assert_eq!(addresses(r#"{"53/udp":[{"HostIp":"","HostPort":"8053"}]}"#), ["0.0.0.0:8053"]);
    }

    #[test]
    fn ports_without_bindings_are_not_published() {
        assert!(addresses(r#"{"53/udp":null,"53/tcp":[{"HostIp":"","HostPort":"8053"}]}"#).is_empty());
        let invalid = r#"{"53/udp":[{"HostIp":"0.0.0.0","HostPort":""},{"HostIp":"eth0","HostPort":"1"}]}"#;
        assert!(addresses(invalid).is_empty());
    }
}
