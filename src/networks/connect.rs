//! Connecting a container to a network.

use std::fmt;

use super::Network;
use crate::{
    Result,
    models::{EndpointIpamConfig, EndpointSettings, NetworkConnect},
    request::{Settings, request},
};

impl Network {
    /// Connects a container, by name or id, to the network, as `docker network connect` does.
    ///
    /// Calls `POST /networks/{id}/connect`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404), or if it is connected already (403).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.network("back").connect("web").alias("api").ip("172.31.250.5").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "NetworkConnect")]
    #[doc(alias = "ConnectNetwork")]
    pub fn connect(&self, container: impl Into<String>) -> ConnectNetwork {
        let endpoint = EndpointSettings::default();
        ConnectNetwork { network: self.clone(), container: container.into(), endpoint, settings: Settings::default() }
    }
}

/// A request to connect a container to a network. Returned by [`Network::connect`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ConnectNetwork {
    network: Network,
    container: String,
    endpoint: EndpointSettings,
    settings: Settings,
}

request!(ConnectNetwork => (), "network_connect", network.id);

impl ConnectNetwork {
    /// Adds a DNS name of the container on the network. Requires API 1.22.
    pub fn alias(mut self, alias: impl Into<String>) -> Self {
        self.endpoint.aliases.push(alias.into());
        self
    }

    /// Sets the IPv4 address. Defaults to one that the engine selects. Requires API 1.22.
    pub fn ip(mut self, address: impl fmt::Display) -> Self {
        self.addresses().ipv4_address = address.to_string();
        self
    }

    /// Sets the IPv6 address. Defaults to one that the engine selects. Requires API 1.22.
    pub fn ip6(mut self, address: impl fmt::Display) -> Self {
        self.addresses().ipv6_address = address.to_string();
        self
    }

    /// Adds a link to another container, as `name` or `name:alias`. Requires API 1.22.
    pub fn link(mut self, link: impl Into<String>) -> Self {
        self.endpoint.links.push(link.into());
        self
    }

    /// Adds an option of the driver. Requires API 1.30.
    pub fn driver_opt(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.endpoint.driver_opts.insert(key.into(), value.into());
        self
    }

    /// Replaces all settings of the endpoint, for fields that have no setter here. Requires API 1.22 if any is set.
    pub fn endpoint(mut self, endpoint: EndpointSettings) -> Self {
        self.endpoint = endpoint;
        self
    }

    fn addresses(&mut self) -> &mut EndpointIpamConfig {
        self.endpoint.ipam_config.get_or_insert_default()
    }

    async fn call(self) -> Result<()> {
        let (api, id) = self.network.api("network_connect", &self.settings).await?;
        let endpoint_config = Some(self.endpoint).filter(|endpoint| *endpoint != EndpointSettings::default());
        api.done(api.network_connect(id, &NetworkConnect { container: self.container, endpoint_config }).await)
    }
}
