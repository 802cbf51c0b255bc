//! Attaches containers to networks.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

use super::{
    State,
    container::Container,
    endpoint::{Attachment, Endpoint},
    ids,
    network::Network,
};
use crate::api_error::{ApiError, Result};

/// The name of the network that `network` stands for.
fn resolve_name(network: &str) -> &str {
    if matches!(network, "" | "default") { "bridge" } else { network }
}

impl State {
    /// The endpoints of a container with this configuration, by network name.
    pub(crate) fn endpoints_of(&self, host_config: &Value, networking: &Value) -> Vec<(String, Endpoint)> {
        let mode = resolve_name(host_config["NetworkMode"].as_str().unwrap_or_default());
        if mode.starts_with("container:") {
            return Vec::new();
        }
        let name = self.network(mode).map_or(mode, |network| &network.name);
        let configs = networking["EndpointsConfig"].as_object().into_iter().flatten();
        let mut endpoints = vec![(name.to_owned(), Endpoint::default())];
        for (network, config) in configs {
            let network = resolve_name(network);
            match endpoints.iter_mut().find(|(known, _)| known == network || network == mode) {
                Some((_, endpoint)) => *endpoint = Endpoint::new(config),
                None => endpoints.push((network.to_owned(), Endpoint::new(config))),
            }
        }
        endpoints
    }

    /// Attaches a container to all its networks, or to none if one does not exist.
    pub(crate) fn attach_all(&mut self, id: &str) -> Result<()> {
        let container = self.container(id)?;
        if let Some(other) =
            container.host_config["NetworkMode"].as_str().and_then(|mode| mode.strip_prefix("container:"))
        {
            self.container(other)?;
        }
        let names: Vec<String> = container.networks.iter().map(|(name, _)| name.clone()).collect();
        for name in names {
            if let Err(error) = self.attach(id, &name) {
                self.detach_all(id);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Attaches a container to one of its networks.
    fn attach(&mut self, id: &str, name: &str) -> Result<()> {
        let endpoint = self.container(id)?.endpoint(name).cloned().unwrap_or_default();
        let known = if endpoint.network.is_empty() { name } else { &endpoint.network };
        let network = self.network(known)?.clone();
        let requested = endpoint.config["IPAMConfig"]["IPv4Address"].as_str().and_then(|address| address.parse().ok());
        let address = requested.or_else(|| self.free_address(&network));
        let bits = network.subnet.map_or(0, |subnet| subnet.bits);
        let attachment = Attachment { id: self.new_id(), address, bits, gateway: network.gateway() };
        let container = self.container_mut(id)?;
        let short = ids::short(&container.id).to_owned();
        if let Some(endpoint) = container.endpoint_mut(name) {
            endpoint.network.clone_from(&network.id);
            endpoint.attachment = Some(attachment);
            if !network.is_predefined() {
                endpoint.add_alias(&short);
            }
        }
        self.network_event("connect", &network.id, Some(id));
        Ok(())
    }

    /// The first address that neither a container nor the gateway of the network has.
    fn free_address(&self, network: &Network) -> Option<Ipv4Addr> {
        let subnet = network.subnet?;
        let attachments = self.attachments_in(&network.id);
        let taken: Vec<Ipv4Addr> =
            attachments.filter_map(|(_, attachment)| attachment.address).chain(network.gateway()).collect();
        (1..).map(|number| subnet.address(number)).find(|address| !taken.contains(address))
    }

    /// The containers that are attached to a network, with their attachments.
    pub(crate) fn attachments_in(&self, network: &str) -> impl Iterator<Item = (&Container, &Attachment)> {
        self.containers.iter().filter_map(move |container| {
            let endpoint = container.networks.iter().find(|(_, endpoint)| endpoint.network == network)?;
            Some((container, endpoint.1.attachment.as_ref()?))
        })
    }

    /// The containers that are attached to a network as JSON, as `inspect` contains them.
    pub(crate) fn containers_in(&self, network: &str) -> Value {
        let containers = self.attachments_in(network).map(|(container, attachment)| {
            let address = attachment.address.map(|address| format!("{address}/{}", attachment.bits)).unwrap_or_default();
            let document = json!({
                "Name": container.name, "EndpointID": attachment.id, "MacAddress": attachment.mac(), "IPv4Address": address,
                "IPv6Address": "",
            });
            (container.id.clone(), document)
        });
        Value::Object(containers.collect())
    }

    /// Detaches a container that has exited from its networks. Its endpoints remain.
    pub(crate) fn detach_all(&mut self, id: &str) {
        let Ok(container) = self.container_mut(id) else { return };
        let mut left = Vec::new();
        for (_, endpoint) in &mut container.networks {
            left.extend(endpoint.attachment.take().map(|_| endpoint.network.clone()));
        }
        left.iter().for_each(|network| self.network_event("disconnect", network, Some(id)));
    }

    /// Connects a container to another network.
    pub(crate) fn connect(&mut self, id: &str, network: &Network, config: &Value) -> Result<()> {
        let container = self.container_mut(id)?;
        let (running, short) = (container.is_running(), ids::short(&container.id).to_owned());
        if running && container.endpoint(&network.name).is_some() {
            let message = format!("endpoint with name {} already exists in network {}", container.name, network.name);
            return Err(ApiError::new(403, message));
        }
        let mut endpoint = Endpoint::new(config);
        if !network.is_predefined() {
            endpoint.add_alias(&short);
        }
        container.networks.retain(|(name, _)| *name != network.name);
        container.networks.push((network.name.clone(), endpoint));
        if running { self.attach(id, &network.name) } else { Ok(()) }
    }

    /// Disconnects a container from a network.
    pub(crate) fn disconnect(&mut self, id: &str, network: &Network) -> Result<()> {
        let container = self.container_mut(id)?;
        let (was, running) = (container.endpoint(&network.name).is_some(), container.is_running());
        container.networks.retain(|(name, _)| *name != network.name);
        self.network_event("disconnect", &network.id, Some(id));
        if !was {
            let article = if running { "" } else { "the " };
            let message = format!("container {id} is not connected to {article}network {}", network.name);
            return Err(ApiError::new(500, message));
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
