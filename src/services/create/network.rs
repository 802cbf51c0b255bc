//! Ports, networks and names of a service.

use std::fmt;

use super::CreateService;
use crate::{
    Error, Result,
    containers::{ContainerPort, Protocol},
    models::{DnsConfig, EndpointMode, EndpointSpec, NetworkAttachmentConfig, PortConfig, PortProtocol, PublishMode},
};

impl CreateService {
    /// Publishes a port of the containers, as `docker service create --publish` does. Can be called repeatedly.
    ///
    /// The published port comes first, as in the Docker CLI; with 0, the swarm selects a free port, which is part of
    /// `endpoint.ports` of [`inspect`](crate::services::Service::inspect). It is published on every node (routing mesh), see
    /// [`publish_with`](Self::publish_with).
    ///
    /// ```
    /// # fn example(docker: dockerclient::DockerClient) {
    /// let service = docker.services().create("web:1").publish(8080, 80).publish(0, "53/udp");
    /// # drop(service);
    /// # }
    /// ```
    #[doc(alias = "port")]
    pub fn publish(self, published: u16, target: impl Into<ContainerPort>) -> Self {
        self.publish_port(published, &target.into(), None)
    }

    /// Publishes a port of the containers as [`publish`](Self::publish) does: on every node
    /// ([`Ingress`](PublishMode::Ingress)), or on the nodes that run a task ([`Host`](PublishMode::Host)). Requires API 1.25.
    ///
    /// ```
    /// # fn example(docker: dockerclient::DockerClient) {
    /// let service = docker.services().create("web:1").global().publish_with(8080, 80, "host");
    /// # drop(service);
    /// # }
    /// ```
    pub fn publish_with(self, published: u16, target: impl Into<ContainerPort>, mode: impl Into<PublishMode>) -> Self {
        self.publish_port(published, &target.into(), Some(mode.into()))
    }

    /// Attaches the containers to a network of the swarm, by its name or id. Can be called repeatedly.
    pub fn network(self, network: impl Into<String>) -> Self {
        self.network_with(NetworkAttachmentConfig { target: network.into(), ..Default::default() })
    }

    /// Attaches the containers to a network of the swarm, with other names of the service in it, or options of its driver.
    pub fn network_with(mut self, network: NetworkAttachmentConfig) -> Self {
        self.spec.task_template.networks.push(network);
        self
    }

    /// Sets how containers find the service: by a virtual IP address (`vip`), or by the addresses of all tasks (`dnsrr`).
    /// Defaults to `vip`.
    pub fn endpoint_mode(mut self, mode: impl Into<EndpointMode>) -> Self {
        self.endpoint().mode = Some(mode.into());
        self
    }

    /// Sets the hostname of the containers, for example `{{.Node.Hostname}}-{{.Task.Slot}}`. Defaults to the beginning of
    /// the id of the container. Requires API 1.25.
    pub fn hostname(mut self, hostname: impl Into<String>) -> Self {
        self.container().hostname = hostname.into();
        self
    }

    /// Adds a host to `/etc/hosts` of the containers. Requires API 1.25.
    #[doc(alias = "host")]
    pub fn add_host(mut self, host: impl fmt::Display, address: impl fmt::Display) -> Self {
        self.container().hosts.push(format!("{address} {host}"));
        self
    }

    /// Adds a DNS server. Defaults to those of the engine. Requires API 1.25.
    pub fn dns(mut self, server: impl fmt::Display) -> Self {
        self.dns_config().nameservers.push(server.to_string());
        self
    }

    /// Adds a DNS search domain. Requires API 1.25.
    pub fn dns_search(mut self, domain: impl Into<String>) -> Self {
        self.dns_config().search.push(domain.into());
        self
    }

    /// Adds an option of the DNS resolver, for example `ndots:2`. Requires API 1.25.
    pub fn dns_option(mut self, option: impl Into<String>) -> Self {
        self.dns_config().options.push(option.into());
        self
    }

    fn dns_config(&mut self) -> &mut DnsConfig {
        self.container().dns_config.get_or_insert_default()
    }

    fn publish_port(self, published: u16, target: &ContainerPort, mode: Option<PublishMode>) -> Self {
        let port = port(published, target, mode);
        self.try_set(port, |this, port| this.endpoint().ports.push(port))
    }

    fn endpoint(&mut self) -> &mut EndpointSpec {
        self.spec.endpoint_spec.get_or_insert_default()
    }
}

fn port(published: u16, target: &ContainerPort, mode: Option<PublishMode>) -> Result<PortConfig> {
    let (number, protocol) = target.parts()?;
    if number == 0 {
        return Err(Error::invalid_input("invalid port of the containers to publish: 0"));
    }
    let protocol = match protocol {
        Protocol::Tcp => PortProtocol::Tcp,
        Protocol::Udp => PortProtocol::Udp,
        Protocol::Sctp => PortProtocol::Sctp,
    };
    Ok(PortConfig {
        protocol: Some(protocol),
        target_port: number.into(),
        published_port: published.into(),
        publish_mode: mode,
        ..Default::default()
    })
}
