//! Creating a network.

use std::{fmt, ops::Deref};

use super::{Network, Networks};
use crate::{
    Result,
    models::{IpamConfig, NetworkCreate},
    request::{Settings, request},
};

impl Networks {
    /// Creates a network, as `docker network create` does.
    ///
    /// Calls `POST /networks/create`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails if the name is in use (409), if there is no such driver (404), or if the addresses overlap with those of
    /// another network (403 or 500).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let back = docker.networks().create("back").internal(true).subnet("172.31.250.0/24").await?;
    /// back.connect("web").alias("api").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "NetworkCreate")]
    #[doc(alias = "CreateNetwork")]
    pub fn create(&self, name: impl Into<String>) -> CreateNetwork {
        let body = NetworkCreate { name: name.into(), ..Default::default() };
        CreateNetwork { networks: self.clone(), body, settings: Settings::default() }
    }
}

/// A request to create a network. Returned by [`Networks::create`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct CreateNetwork {
    networks: Networks,
    body: NetworkCreate,
    settings: Settings,
}

request!(CreateNetwork => CreatedNetwork, "network_create");

impl CreateNetwork {
    /// Sets the driver. Defaults to `bridge`.
    pub fn driver(mut self, driver: impl Into<String>) -> Self {
        self.body.driver = driver.into();
        self
    }

    /// Adds an option of the driver, as `docker network create --opt` does.
    #[doc(alias = "opt")]
    pub fn driver_opt(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.body.options.insert(key.into(), value.into());
        self
    }

    /// Adds a label. Requires API 1.23.
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.body.labels.insert(key.into(), value.into());
        self
    }

    /// Adds labels. Requires API 1.23.
    pub fn labels<K: Into<String>, T: Into<String>>(mut self, labels: impl IntoIterator<Item = (K, T)>) -> Self {
        self.body.labels.extend(labels.into_iter().map(|(key, value)| (key.into(), value.into())));
        self
    }

    /// Adds a subnet, in CIDR notation. Defaults to one that the engine selects.
    pub fn subnet(mut self, subnet: impl Into<String>) -> Self {
        let config = IpamConfig { subnet: subnet.into(), ..Default::default() };
        self.body.ipam.get_or_insert_default().config.push(config);
        self
    }

    /// Sets the range of the last [`subnet`](Self::subnet) that containers get their addresses from, in CIDR notation.
    pub fn ip_range(mut self, range: impl Into<String>) -> Self {
        self.last_subnet().ip_range = range.into();
        self
    }

    /// Sets the gateway of the last [`subnet`](Self::subnet).
    pub fn gateway(mut self, gateway: impl fmt::Display) -> Self {
        self.last_subnet().gateway = gateway.to_string();
        self
    }

    /// Sets the driver that assigns addresses. Defaults to `default`.
    pub fn ipam_driver(mut self, driver: impl Into<String>) -> Self {
        self.body.ipam.get_or_insert_default().driver = driver.into();
        self
    }

    /// Sets whether external access to the network is restricted. Defaults to `false`. Requires API 1.22.
    pub fn internal(mut self, internal: bool) -> Self {
        self.body.internal = internal;
        self
    }

    /// Sets whether standalone containers can be connected to a network of swarm services. Defaults to `false`.
    /// Requires API 1.25.
    pub fn attachable(mut self, attachable: bool) -> Self {
        self.body.attachable = attachable;
        self
    }

    /// Sets whether the network has IPv6 addresses. Defaults to the engine's setting. Requires API 1.23.
    pub fn ipv6(mut self, ipv6: bool) -> Self {
        self.body.enable_ipv6 = Some(ipv6);
        self
    }

    /// Sets whether the network has IPv4 addresses. Defaults to `true`. Requires API 1.48.
    pub fn ipv4(mut self, ipv4: bool) -> Self {
        self.body.enable_ipv4 = Some(ipv4);
        self
    }

    /// Replaces the whole body of the request, the name included, for fields that have no setter here.
    pub fn config(mut self, config: NetworkCreate) -> Self {
        self.body = config;
        self
    }

    fn last_subnet(&mut self) -> &mut IpamConfig {
        let config = &mut self.body.ipam.get_or_insert_default().config;
        if config.is_empty() {
            config.push(IpamConfig::default());
        }
        let last = config.len() - 1;
        &mut config[last]
    }

    async fn call(self) -> Result<CreatedNetwork> {
        let docker = &self.networks.docker;
        let api = docker.api("network_create", &self.settings).await?;
        let created = api.document(api.network_create(&self.body).await)?;
        let warnings = Some(created.warning).filter(|warning| !warning.is_empty());
        Ok(CreatedNetwork { network: docker.network(created.id), warnings: Vec::from_iter(warnings) })
    }
}

/// A new network. Dereferences to its handle.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreatedNetwork {
    /// Handle of the network, by its id.
    pub network: Network,
    /// Warnings of the engine.
    pub warnings: Vec<String>,
}

impl Deref for CreatedNetwork {
    type Target = Network;

    fn deref(&self) -> &Network {
        &self.network
    }
}

#[cfg(test)]
mod tests {
    use crate::DockerClient;

    #[test]
    fn addresses_belong_to_the_last_subnet() {
        let docker = DockerClient::builder().address("tcp://127.0.0.1:1").build().unwrap();
        let request =
            docker.networks().create("back").gateway("10.0.0.1").subnet("10.1.0.0/16").ip_range("10.1.2.0/24");
        let config = &request.body.ipam.as_ref().unwrap().config;
        assert_eq!(config.len(), 2);
        assert_eq!((&*config[0].subnet, &*config[0].gateway), ("", "10.0.0.1"));
        assert_eq!((&*config[1].subnet, &*config[1].ip_range), ("10.1.0.0/16", "10.1.2.0/24"));
    }
}
