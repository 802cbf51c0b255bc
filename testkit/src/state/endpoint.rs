//! A container's places in networks.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::{World, container::Container, ids, network};
use crate::refusal::{Refusal, Result};

/// What joins a container to a network.
#[derive(Clone, Debug, Default)]
pub(crate) struct Endpoint {
    /// The id of the network, since it was first joined.
    pub(crate) network: String,
    /// What was asked for: addresses, links, aliases.
    config: Value,
    aliases: Vec<String>,
    /// There is one while the container runs.
    pub(crate) place: Option<Place>,
}

#[derive(Clone, Debug)]
pub(crate) struct Place {
    id: String,
    address: Option<Ipv4Addr>,
    bits: u32,
    gateway: Option<Ipv4Addr>,
}

impl Endpoint {
    pub(crate) fn new(config: &Value) -> Self {
        Self { config: config.clone(), aliases: crate::image::words(&config["Aliases"]), ..Self::default() }
    }

    fn goes_by(&mut self, alias: &str) {
        if !self.aliases.iter().any(|known| known == alias) {
            self.aliases.push(alias.to_owned());
        }
    }

    /// What `inspect` tells.
    pub(crate) fn document(&self) -> Value {
        let mut document = json!({
            "IPAMConfig": self.config["IPAMConfig"], "Links": self.config["Links"], "NetworkID": self.network,
            "Aliases": if self.aliases.is_empty() { Value::Null } else { json!(self.aliases) },
            "DriverOpts": self.config["DriverOpts"],
        });
        if let (Some(document), Some(place)) = (document.as_object_mut(), &self.place) {
            document.extend(place.document().as_object().cloned().unwrap_or_default());
        }
        document
    }
}

impl Place {
    /// What is told of it at two places.
    pub(crate) fn document(&self) -> Value {
        let text = |address: Option<Ipv4Addr>| address.map(|address| address.to_string()).unwrap_or_default();
        json!({
            "EndpointID": self.id, "IPAddress": text(self.address), "IPPrefixLen": self.bits,
            "Gateway": text(self.gateway), "MacAddress": self.mac(),
        })
    }

    fn mac(&self) -> String {
        let part = |octet: &u8| format!(":{octet:02x}");
        self.address.map_or_else(String::new, |address| {
            format!("02:42{}", address.octets().iter().map(part).collect::<String>())
        })
    }
}

/// What the network is called that is meant.
fn called(network: &str) -> &str {
    if matches!(network, "" | "default") { "bridge" } else { network }
}

impl World {
    /// Where a container with this configuration will be.
    pub(crate) fn endpoints_of(&self, host_config: &Value, asked: &Value) -> Vec<(String, Endpoint)> {
        let mode = called(host_config["NetworkMode"].as_str().unwrap_or_default());
        if mode.starts_with("container:") {
            return Vec::new();
        }
        let name = self.network(mode).map_or(mode, |network| &network.name);
        let asked = asked["EndpointsConfig"].as_object().into_iter().flatten();
        let mut endpoints = vec![(name.to_owned(), Endpoint::default())];
        for (network, config) in asked {
            let network = called(network);
            match endpoints.iter_mut().find(|(known, _)| known == network || network == mode) {
                Some((_, endpoint)) => *endpoint = Endpoint::new(config),
                None => endpoints.push((network.to_owned(), Endpoint::new(config))),
            }
        }
        endpoints
    }

    /// Joins a container to its networks. If one is gone, it is joined to none.
    pub(crate) fn join_all(&mut self, id: &str) -> Result<()> {
        let container = self.container(id)?;
        if let Some(other) =
            container.host_config["NetworkMode"].as_str().and_then(|mode| mode.strip_prefix("container:"))
        {
            self.container(other)?;
        }
        let names: Vec<String> = container.networks.iter().map(|(name, _)| name.clone()).collect();
        for name in names {
            if let Err(refusal) = self.join(id, &name) {
                self.leave_all(id);
                return Err(refusal);
            }
        }
        Ok(())
    }

    /// Gives a container its place in one of its networks.
    fn join(&mut self, id: &str, name: &str) -> Result<()> {
        let endpoint = self.container(id)?.endpoint(name).cloned().unwrap_or_default();
        let known = if endpoint.network.is_empty() { name } else { &endpoint.network };
        let network = self.network(known)?.clone();
        let wanted = endpoint.config["IPAMConfig"]["IPv4Address"].as_str().and_then(|address| address.parse().ok());
        let address = wanted.or_else(|| self.free_address(&network));
        let bits = network.subnet.map_or(0, |subnet| subnet.bits);
        let place = Place { id: self.new_id(), address, bits, gateway: network.gateway() };
        let container = self.container_mut(id)?;
        let short = ids::short(&container.id).to_owned();
        if let Some(endpoint) = container.endpoint_mut(name) {
            endpoint.network.clone_from(&network.id);
            endpoint.place = Some(place);
            if !network.is_predefined() {
                endpoint.goes_by(&short);
            }
        }
        self.network_event("connect", &network.id, Some(id));
        Ok(())
    }

    /// The first address that nobody has. The second is the first that is not the network's own.
    fn free_address(&self, network: &network::Network) -> Option<Ipv4Addr> {
        let subnet = network.subnet?;
        let places = self.places_in(&network.id);
        let taken: Vec<Ipv4Addr> = places.filter_map(|(_, place)| place.address).chain(network.gateway()).collect();
        (1..).map(|number| subnet.address(number)).find(|address| !taken.contains(address))
    }

    /// Who is in a network, and where.
    pub(crate) fn places_in(&self, network: &str) -> impl Iterator<Item = (&Container, &Place)> {
        self.containers.iter().filter_map(move |container| {
            let endpoint = container.networks.iter().find(|(_, endpoint)| endpoint.network == network)?;
            Some((container, endpoint.1.place.as_ref()?))
        })
    }

    /// Who is in a network, as `inspect` tells it.
    pub(crate) fn containers_in(&self, network: &str) -> Value {
        let told = self.places_in(network).map(|(container, place)| {
            let address = place.address.map(|address| format!("{address}/{}", place.bits)).unwrap_or_default();
            let document = json!({
                "Name": container.name, "EndpointID": place.id, "MacAddress": place.mac(), "IPv4Address": address,
                "IPv6Address": "",
            });
            (container.id.clone(), document)
        });
        Value::Object(told.collect())
    }

    /// Takes a container out of its networks, which it stays connected to.
    pub(crate) fn leave_all(&mut self, id: &str) {
        let Ok(container) = self.container_mut(id) else { return };
        let mut left = Vec::new();
        for (_, endpoint) in &mut container.networks {
            left.extend(endpoint.place.take().map(|_| endpoint.network.clone()));
        }
        left.iter().for_each(|network| self.network_event("disconnect", network, Some(id)));
    }

    /// Connects a container to one more network.
    pub(crate) fn connect(&mut self, id: &str, network: &network::Network, config: &Value) -> Result<()> {
        let container = self.container_mut(id)?;
        let (running, short) = (container.is_running(), ids::short(&container.id).to_owned());
        if running && container.endpoint(&network.name).is_some() {
            let message = format!("endpoint with name {} already exists in network {}", container.name, network.name);
            return Err(Refusal::new(403, message));
        }
        let mut endpoint = Endpoint::new(config);
        if !network.is_predefined() {
            endpoint.goes_by(&short);
        }
        container.networks.retain(|(name, _)| *name != network.name);
        container.networks.push((network.name.clone(), endpoint));
        if running { self.join(id, &network.name) } else { Ok(()) }
    }

    /// Disconnects a container from a network.
    pub(crate) fn disconnect(&mut self, id: &str, network: &network::Network) -> Result<()> {
        let container = self.container_mut(id)?;
        let (was, running) = (container.endpoint(&network.name).is_some(), container.is_running());
        container.networks.retain(|(name, _)| *name != network.name);
        self.network_event("disconnect", &network.id, Some(id));
        if !was {
            let article = if running { "" } else { "the " };
            let message = format!("container {id} is not connected to {article}network {}", network.name);
            return Err(Refusal::new(500, message));
        }
        Ok(())
    }
}

impl Container {
    pub(crate) fn endpoint(&self, name: &str) -> Option<&Endpoint> {
        self.networks.iter().find(|(known, _)| known == name).map(|(_, endpoint)| endpoint)
    }

    fn endpoint_mut(&mut self, name: &str) -> Option<&mut Endpoint> {
        self.networks.iter_mut().find(|(known, _)| known == name).map(|(_, endpoint)| endpoint)
    }
}
