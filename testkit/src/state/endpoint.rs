//! Endpoints: the settings of a container in a network.

use std::net::Ipv4Addr;

use serde_json::{Value, json};

/// The settings of a container in a network, and its attachment while it is running.
#[derive(Clone, Debug, Default)]
pub(crate) struct Endpoint {
    /// The id of the network; empty before the container was first attached to it.
    pub(crate) network: String,
    /// The requested settings: addresses, links, aliases.
    pub(crate) config: Value,
    aliases: Vec<String>,
    /// Set while the container is running.
    pub(crate) attachment: Option<Attachment>,
}

/// The addresses of a running container in a network.
#[derive(Clone, Debug)]
pub(crate) struct Attachment {
    pub(crate) id: String,
    pub(crate) address: Option<Ipv4Addr>,
    pub(crate) bits: u32,
    pub(crate) gateway: Option<Ipv4Addr>,
}

impl Endpoint {
    pub(crate) fn new(config: &Value) -> Self {
        Self { config: config.clone(), aliases: crate::argv::words(&config["Aliases"]), ..Self::default() }
    }

    pub(crate) fn add_alias(&mut self, alias: &str) {
        if !self.aliases.iter().any(|known| known == alias) {
            self.aliases.push(alias.to_owned());
        }
    }

    /// The endpoint as JSON, as `inspect` contains it.
    pub(crate) fn to_json(&self) -> Value {
        let mut document = json!({
            "IPAMConfig": self.config["IPAMConfig"], "Links": self.config["Links"], "NetworkID": self.network,
            "Aliases": if self.aliases.is_empty() { Value::Null } else { json!(self.aliases) },
            "DriverOpts": self.config["DriverOpts"],
        });
        if let (Some(document), Some(attachment)) = (document.as_object_mut(), &self.attachment) {
            document.extend(attachment.to_json().as_object().cloned().unwrap_or_default());
        }
        document
    }
}

impl Attachment {
    /// The addresses as JSON, as two parts of `inspect` contain them.
    pub(crate) fn to_json(&self) -> Value {
        let text = |address: Option<Ipv4Addr>| address.map(|address| address.to_string()).unwrap_or_default();
        json!({
            "EndpointID": self.id, "IPAddress": text(self.address), "IPPrefixLen": self.bits,
            "Gateway": text(self.gateway), "MacAddress": self.mac(),
        })
    }

    pub(crate) fn mac(&self) -> String {
        let part = |octet: &u8| format!(":{octet:02x}");
        self.address.map_or_else(String::new, |address| {
            format!("02:42{}", address.octets().iter().map(part).collect::<String>())
        })
    }
}
