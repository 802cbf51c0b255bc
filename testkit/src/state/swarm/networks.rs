//! The networks that services and their tasks are attached to, and their addresses.

use serde_json::{Value, json};

use super::{Object as _, Swarm, service::Service};
use crate::{
    api_error::{ApiError, Result},
    argv::words,
    state::{State, network::Network},
};

/// The attachment of a task to a network.
#[derive(Debug)]
pub(crate) struct Attachment {
    pub(crate) network: Network,
    pub(super) aliases: Vec<String>,
    /// The address without the length of its prefix; `None` in networks of the node.
    pub(super) address: Option<String>,
}

impl Attachment {
    /// The attachment as JSON, as tasks contain it.
    pub(super) fn to_json(&self) -> Value {
        let network = &self.network;
        let bits = network.subnet.map_or(0, |subnet| subnet.bits);
        let addresses: Vec<String> = self.address.iter().map(|address| format!("{address}/{bits}")).collect();
        json!({
            "Network": {
                "ID": network.id, "DriverState": { "Name": network.driver },
                "Spec": {
                    "Name": network.name, "Labels": {}, "DriverConfiguration": { "Name": network.driver },
                    "Scope": "swarm",
                },
            },
            "Addresses": addresses,
        })
    }
}

impl State {
    /// Replaces the names of networks in the specification of a service by their ids.
    pub(crate) fn resolve_networks(&mut self, spec: &mut Value) -> Result<()> {
        let networks = match spec["TaskTemplate"]["Networks"].as_array().is_none_or(Vec::is_empty) {
            true => &mut spec["Networks"],
            false => &mut spec["TaskTemplate"]["Networks"],
        };
        for attached in networks.as_array_mut().into_iter().flatten() {
            let target = attached["Target"].as_str().unwrap_or_default();
            let network = self.network(target).map_err(|error| ApiError { status: 500, ..error })?;
            if !network.is_of_swarm() && !network.is_predefined() {
                let message = format!(
                    "The network {} cannot be used with services. Only networks scoped to the swarm can be used, such \
                     as those created with the overlay driver.",
                    network.name
                );
                return Err(ApiError::new(403, message));
            }
            attached["Target"] = json!(network.id);
        }
        if let Some(swarm) = &mut self.swarm {
            swarm.networks.clone_from(&self.networks);
        }
        Ok(())
    }
}

impl Swarm {
    /// The networks that the tasks of a service are attached to, with the aliases of the service.
    fn networks_of(&self, spec: &Value) -> Vec<(Network, Vec<String>)> {
        let of_tasks = spec["TaskTemplate"]["Networks"].as_array();
        let attached = of_tasks.or(spec["Networks"].as_array()).into_iter().flatten();
        let networks = attached.filter_map(|attached| {
            let network = self.networks.iter().find(|network| attached["Target"] == *network.id)?;
            Some((network.clone(), words(&attached["Aliases"])))
        });
        networks.collect()
    }

    /// Attaches a new task of a service to its networks.
    pub(super) fn attach(&mut self, service: &Service) -> Vec<Attachment> {
        let networks = self.networks_of(&service.spec).into_iter();
        let attachments = networks.map(|(network, mut aliases)| {
            aliases.insert(0, service.name().to_owned());
            let address = self.next_address(&network);
            Attachment { network, aliases, address }
        });
        attachments.collect()
    }

    /// The virtual addresses of a service. Those that it has are kept.
    pub(super) fn virtual_addresses(&mut self, spec: &Value, known: &[Value]) -> Vec<Value> {
        if spec["EndpointSpec"]["Mode"] == "dnsrr" {
            return Vec::new();
        }
        let networks = self.networks_of(spec).into_iter();
        let addresses = networks.filter_map(|(network, _)| {
            let kept = known.iter().find(|known| known["NetworkID"] == *network.id).cloned();
            kept.or_else(|| {
                let bits = network.subnet?.bits;
                let address = self.next_address(&network)?;
                Some(json!({ "NetworkID": network.id, "Addr": format!("{address}/{bits}") }))
            })
        });
        addresses.collect()
    }

    /// The next address in a network of the swarm. Addresses are not used twice.
    fn next_address(&mut self, network: &Network) -> Option<String> {
        let subnet = network.subnet.filter(|_| network.is_of_swarm())?;
        let last = self.addresses.entry(network.id.clone()).or_insert(1);
        *last += 1;
        Some(subnet.address(*last).to_string())
    }
}
