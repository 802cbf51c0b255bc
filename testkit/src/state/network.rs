//! Networks and their subnets.

use std::net::Ipv4Addr;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{State, event::attributes, ids, swarm::Swarm};
use crate::api_error::{ApiError, Result};

#[derive(Clone, Debug)]
pub(crate) struct Network {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) created: Timestamp,
    pub(crate) driver: String,
    pub(crate) subnet: Option<Subnet>,
    /// The body of the create request.
    pub(crate) config: Value,
}

/// An IPv4 subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Subnet {
    first: Ipv4Addr,
    pub(crate) bits: u32,
}

impl Subnet {
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (first, bits) = text.split_once('/')?;
        let subnet = Self { first: first.parse().ok()?, bits: bits.parse().ok().filter(|bits| *bits <= 32)? };
        Some(Self { first: Ipv4Addr::from_bits(subnet.first.to_bits() & subnet.mask()), ..subnet })
    }

    fn mask(self) -> u32 {
        u32::MAX.checked_shl(32 - self.bits).unwrap_or(0)
    }

    fn overlaps(self, other: Self) -> bool {
        let mask = self.mask() & other.mask();
        self.first.to_bits() & mask == other.first.to_bits() & mask
    }

    /// The address with this number in the subnet.
    pub(crate) fn address(self, number: u32) -> Ipv4Addr {
        Ipv4Addr::from_bits(self.first.to_bits().wrapping_add(number))
    }

    fn text(self) -> String {
        format!("{}/{}", self.first, self.bits)
    }
}

impl Network {
    /// A predefined network.
    fn predefined(number: u64, name: &str, driver: &str, subnet: Option<Subnet>) -> Self {
        let options = match driver {
            "bridge" => json!({
                "com.docker.network.bridge.default_bridge": "true", "com.docker.network.bridge.enable_icc": "true",
                "com.docker.network.bridge.enable_ip_masquerade": "true",
                "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
                "com.docker.network.bridge.name": "docker0", "com.docker.network.driver.mtu": "1500",
            }),
            _ => json!({}),
        };
        let (id, name, driver) = (ids::id(u64::MAX - number), name.to_owned(), driver.to_owned());
        Self { id, name, created: Timestamp::now(), driver, subnet, config: json!({ "Options": options }) }
    }

    /// The predefined networks: `bridge`, `host` and `none`.
    pub(crate) fn all_predefined() -> Vec<Self> {
        let bridge = Self::predefined(1, "bridge", "bridge", Subnet::parse("172.17.0.0/16"));
        vec![bridge, Self::predefined(2, "host", "host", None), Self::predefined(3, "none", "null", None)]
    }

    pub(crate) fn is_predefined(&self) -> bool {
        is_predefined(&self.name)
    }

    /// Whether all nodes of the swarm have it.
    pub(crate) fn is_of_swarm(&self) -> bool {
        self.driver == "overlay"
    }

    pub(crate) fn scope(&self) -> &'static str {
        if self.is_of_swarm() { "swarm" } else { "local" }
    }

    pub(crate) fn gateway(&self) -> Option<Ipv4Addr> {
        let given = self.config["IPAM"]["Config"][0]["Gateway"].as_str().and_then(|gateway| gateway.parse().ok());
        given.or_else(|| self.subnet.map(|subnet| subnet.address(1)))
    }

    /// The network as JSON, as `inspect` returns it, without its containers.
    pub(crate) fn to_json(&self) -> Value {
        let given = |field: &str| if self.config[field].is_object() { self.config[field].clone() } else { json!({}) };
        let ipam = &self.config["IPAM"];
        let ranges = match (ipam["Config"].as_array(), self.subnet) {
            (Some(ranges), _) if !ranges.is_empty() => json!(ranges),
            (_, Some(subnet)) => json!([{ "Subnet": subnet.text(), "Gateway": subnet.address(1) }]),
            (_, None) => json!([]),
        };
        let allocator = ipam["Driver"].as_str().filter(|driver| !driver.is_empty()).unwrap_or("default");
        json!({
            "Name": self.name, "Id": self.id, "Created": self.created.to_string(),
            "Scope": self.scope(),
            "Driver": self.driver, "EnableIPv6": self.config["EnableIPv6"] == true, "Internal": self.config["Internal"] == true,
            "Attachable": self.config["Attachable"] == true, "Ingress": false, "ConfigOnly": false, "Containers": {},
            "IPAM": { "Driver": allocator, "Options": ipam["Options"], "Config": ranges },
            "Options": given("Options"), "Labels": given("Labels"),
        })
    }
}

pub(crate) fn is_predefined(name: &str) -> bool {
    matches!(name, "bridge" | "host" | "none" | "default")
}

impl State {
    /// The network with this id, name or id prefix.
    pub(crate) fn network(&self, name: &str) -> Result<&Network> {
        let by = |fits: &dyn Fn(&Network) -> bool| self.networks.iter().find(|network| fits(network));
        let found = by(&|network| network.id == name)
            .or_else(|| by(&|network| network.name == name))
            .or_else(|| by(&|network| !name.is_empty() && network.id.starts_with(name)));
        found.ok_or_else(|| ApiError::not_found(format!("network {name} not found")))
    }

    /// The number of networks with this name. Engines do not enforce that names are unique.
    pub(crate) fn count_networks_named(&self, name: &str) -> usize {
        self.networks.iter().filter(|network| network.name == name).count()
    }

    /// The subnet for a new network with this driver: the requested one, or one that is not in use.
    pub(crate) fn free_subnet(&self, driver: &str, requested: Option<&str>) -> Result<Subnet> {
        let taken =
            |subnet: Subnet| self.networks.iter().filter_map(|other| other.subnet).any(|other| other.overlaps(subnet));
        if let Some(requested) = requested.filter(|requested| !requested.is_empty()) {
            let invalid =
                || ApiError::new(500, format!("Invalid subnet {requested} : invalid CIDR address: {requested}"));
            let subnet = Subnet::parse(requested).ok_or_else(invalid)?;
            let overlaps = || ApiError::new(403, "Pool overlaps with other one on this address space");
            return Some(subnet).filter(|subnet| !taken(*subnet)).ok_or_else(overlaps);
        }
        let large = (18..32).map(|part| format!("172.{part}.0.0/16"));
        let small = (0..16).map(|part| format!("192.168.{}.0/20", part * 16));
        let of_swarm = (1..256).filter(|_| driver == "overlay").map(|part| format!("10.0.{part}.0/24"));
        let all = of_swarm.chain(large).chain(small).filter_map(|text| Subnet::parse(&text));
        let mut free = all.filter(|subnet| !taken(*subnet));
        let none = "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network";
        free.next().ok_or_else(|| ApiError::new(404, none))
    }

    pub(crate) fn add_network(&mut self, name: &str, driver: &str, subnet: Subnet, config: Value) -> String {
        let of_swarm = self.swarm.as_mut().filter(|_| driver == "overlay").map(Swarm::new_id);
        let (id, created) = (of_swarm.unwrap_or_else(|| self.new_id()), Timestamp::now());
        let (name, driver) = (name.to_owned(), driver.to_owned());
        self.networks.push(Network { id: id.clone(), name, created, driver, subnet: Some(subnet), config });
        self.network_event("create", &id, None);
        id
    }

    pub(crate) fn remove_network(&mut self, id: &str) {
        self.network_event("destroy", id, None);
        self.networks.retain(|network| network.id != id);
    }

    pub(crate) fn network_event(&mut self, action: &str, id: &str, container: Option<&str>) {
        let Ok(network) = self.network(id) else { return };
        let (id, mut attributes) =
            (network.id.clone(), attributes([("name", &network.name), ("type", &network.driver)]));
        attributes.extend(container.map(|container| ("container".to_owned(), container.to_owned())));
        self.event("network", action, &id, None, attributes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subnet_parse_address_and_overlap() {
        let subnet = Subnet::parse("10.1.2.3/24").unwrap();
        assert_eq!(subnet.text(), "10.1.2.0/24");
        assert_eq!(subnet.address(2).to_string(), "10.1.2.2");
        assert!(subnet.overlaps(Subnet::parse("10.0.0.0/8").unwrap()));
        assert!(!subnet.overlaps(Subnet::parse("10.1.3.0/24").unwrap()));
        assert_eq!(Subnet::parse("bogus"), None);
        assert_eq!(Subnet::parse("10.0.0.0/33"), None);
        assert!(Subnet::parse("0.0.0.0/0").unwrap().overlaps(subnet));
    }
}
