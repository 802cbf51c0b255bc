//! Networks, names and addresses of a container.

use std::{
    fmt,
    net::{Ipv4Addr, Ipv6Addr},
};

use super::ContainerBuilder;
use crate::{
    ApiVersion, Error, Result,
    models::{ContainerCreate, EndpointIpamConfig, EndpointSettings},
};

/// Since this version, the MAC address is a setting of the network.
const MAC_ADDRESS_OF_NETWORK: ApiVersion = ApiVersion::new(1, 44);

/// Since this version, a container can be created in networks with settings.
const NETWORKING: ApiVersion = ApiVersion::new(1, 22);

impl<V> ContainerBuilder<V> {
    /// Connects the container to a network, by its name or id, or sets the network mode `host`, `none` or
    /// `container:web`. Can be called repeatedly, for several networks, since API 1.44. Defaults to the bridge
    /// network.
    #[doc(alias = "network_mode")]
    pub fn network(mut self, network: impl Into<String>) -> Self {
        self.attachment.networks.push((network.into(), None));
        self
    }

    /// Connects the container to a network, with settings for its endpoint. Requires API 1.22.
    #[doc(alias = "endpoint")]
    pub fn network_with(mut self, network: impl Into<String>, endpoint: EndpointSettings) -> Self {
        self.attachment.networks.push((network.into(), Some(endpoint)));
        self
    }

    /// Adds a name by which containers on the (first) network find this one, as `docker run --network-alias` does. Requires
    /// API 1.22.
    #[doc(alias = "network_alias")]
    pub fn alias(mut self, alias: impl Into<String>) -> Self {
        self.attachment.endpoint.aliases.push(alias.into());
        self
    }

    /// Sets the IPv4 address in the (first) network, whose subnet must have been configured. Requires API 1.22.
    pub fn ip(self, address: impl fmt::Display) -> Self {
        let address = parsed::<Ipv4Addr>("IPv4 address", &address);
        self.try_set(address, |this, address| this.attachment.ipam().ipv4_address = address)
    }

    /// Sets the IPv6 address in the (first) network, whose subnet must have been configured. Requires API 1.22.
    pub fn ip6(self, address: impl fmt::Display) -> Self {
        let address = parsed::<Ipv6Addr>("IPv6 address", &address);
        self.try_set(address, |this, address| this.attachment.ipam().ipv6_address = address)
    }

    /// Sets the MAC address, for example `02:42:ac:11:00:02`, in the (first) network. Requires API 1.16.
    pub fn mac_address(mut self, address: impl Into<String>) -> Self {
        self.attachment.mac_address = address.into();
        self
    }

    /// Links to another container, whose name in this one is then `alias`. Links are a legacy feature of Docker: on
    /// user-defined networks, containers resolve each other's names.
    pub fn link(mut self, container: impl fmt::Display, alias: impl fmt::Display) -> Self {
        let link = format!("{container}:{alias}");
        self.host().links.push(link.clone());
        self.attachment.links.push(link);
        self
    }

    /// Sets the hostname of the container. Defaults to the beginning of its id.
    pub fn hostname(mut self, hostname: impl Into<String>) -> Self {
        self.body.config.hostname = hostname.into();
        self
    }

    /// Sets the NIS domain name of the container.
    pub fn domainname(mut self, domainname: impl Into<String>) -> Self {
        self.body.config.domainname = domainname.into();
        self
    }

    /// Adds a DNS server. Defaults to the engine's.
    pub fn dns(mut self, server: impl fmt::Display) -> Self {
        self.host().dns.push(server.to_string());
        self
    }

    /// Adds a DNS search domain.
    pub fn dns_search(mut self, domain: impl Into<String>) -> Self {
        self.host().dns_search.push(domain.into());
        self
    }

    /// Adds an option of the DNS resolver, for example `ndots:2`. Requires API 1.21.
    pub fn dns_option(mut self, option: impl Into<String>) -> Self {
        self.host().dns_options.push(option.into());
        self
    }

    /// Adds a host to `/etc/hosts`. The address `host-gateway` resolves to the engine's host (Docker 20.10 and later).
    #[doc(alias = "extra_hosts")]
    pub fn add_host(mut self, host: impl fmt::Display, address: impl fmt::Display) -> Self {
        self.host().extra_hosts.push(format!("{host}:{address}"));
        self
    }
}

fn parsed<T: std::str::FromStr + ToString>(what: &str, text: &impl ToString) -> Result<String> {
    let text = text.to_string();
    let address = text.parse::<T>();
    address
        .map(|address| address.to_string())
        .map_err(|_| Error::invalid_input(format!("invalid {what} \"{}\"", text.escape_debug())))
}

/// The networks of a new container, and settings of the first.
#[derive(Clone, Debug, Default)]
pub(super) struct Attachment {
    networks: Vec<(String, Option<EndpointSettings>)>,
    endpoint: EndpointSettings,
    mac_address: String,
    links: Vec<String>,
}

impl Attachment {
    pub(super) fn is_empty(&self) -> bool {
        self.networks.is_empty() && self.endpoint == EndpointSettings::default() && self.mac_address.is_empty()
    }

    fn ipam(&mut self) -> &mut EndpointIpamConfig {
        self.endpoint.ipam_config.get_or_insert_default()
    }

    /// Adds the network settings to the body of a request, in the fields that engines of this version read.
    pub(super) fn apply(&self, body: &mut ContainerCreate, version: ApiVersion) {
        let host = body.host_config.get_or_insert_default();
        if let Some((network, _)) = self.networks.first() {
            host.network_mode.clone_from(network);
        }
        let first = match &*host.network_mode {
            "" => "default".to_owned(),
            network => network.to_owned(),
        };
        let given = self.networks.first().and_then(|(_, endpoint)| endpoint.clone());
        let mut endpoint = given.clone().unwrap_or_default();
        endpoint.aliases.extend(self.endpoint.aliases.iter().cloned());
        if let Some(own) = &self.endpoint.ipam_config {
            let ipam = endpoint.ipam_config.get_or_insert_default();
            for (mine, theirs) in
                [(&own.ipv4_address, &mut ipam.ipv4_address), (&own.ipv6_address, &mut ipam.ipv6_address)]
            {
                if !mine.is_empty() {
                    theirs.clone_from(mine);
                }
            }
        }
        if self.is_user_defined(&first) && version >= NETWORKING {
            endpoint.links.extend(self.links.iter().cloned());
        }
        if !self.mac_address.is_empty() {
            let place =
                if version < MAC_ADDRESS_OF_NETWORK { &mut body.config.mac_address } else { &mut endpoint.mac_address };
            place.clone_from(&self.mac_address);
        }
        if given.is_none() && endpoint == EndpointSettings::default() && self.networks.len() < 2 {
            return;
        }
        let endpoints = &mut body.networking_config.get_or_insert_default().endpoints_config;
        let others = self.networks.iter().skip(1).cloned();
        endpoints.extend(others.map(|(network, endpoint)| (network, endpoint.unwrap_or_default())));
        endpoints.insert(first, endpoint);
    }

    /// Whether the network is one in which links are settings of the endpoint.
    fn is_user_defined(&self, network: &str) -> bool {
        !matches!(network, "default" | "bridge" | "host" | "none") && !network.starts_with("container:")
    }
}
