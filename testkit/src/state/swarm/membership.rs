//! The membership of the engine in a swarm: as its manager, or as a worker.

use std::{net::IpAddr, sync::Arc};

use serde_json::{Value, json};

use super::{Host, Swarm, node::MANAGER_PORT};
use crate::{
    api_error::{ApiError, Result},
    state::{SharedState, State, ids},
};

/// The hostname of the engine.
pub(crate) const HOSTNAME: &str = "fake-engine";

/// The address of the engine, unless a request sets another one.
const ADDRESS: &str = "192.168.64.1";

const NO_SWARM: &str = "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to \
                        connect this node to swarm and try again.";

const NOT_A_MANAGER: &str = "This node is not a swarm manager. Worker nodes can't be used to view or modify \
                             cluster state. Please run this command on a manager node or promote the current node to a \
                             manager.";

const LOCKED: &str = "Swarm is encrypted and needs to be unlocked before it can be used. Please use \"docker swarm \
                      unlock\" to unlock it.";

const ALREADY_PART: &str = "This node is already part of a swarm. Use \"docker swarm leave\" to leave this swarm and \
                            join another one.";

const NOT_PART: &str = "This node is not part of a swarm";

const LEAVING_MANAGER: &str = "You are attempting to leave the swarm on a node that is participating as a manager. ";

const LAST_MANAGER: &str =
    "Removing the last manager erases all current state of the swarm. Use `--force` to ignore this message. ";

const CONSENSUS: &str = "The only way to restore a swarm that has lost consensus is to reinitialize it with \
                         `--force-new-cluster`. Use `--force` to suppress this message.";

/// The engine as a worker of a swarm whose managers are not simulated.
#[derive(Debug)]
pub(crate) struct Worker {
    id: String,
    address: String,
    managers: Vec<String>,
}

/// Where a node listens, and what other nodes connect to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Addresses {
    pub(crate) host: String,
    pub(crate) port: String,
}

impl Addresses {
    /// Parses the addresses of a request to create or join a swarm.
    pub(crate) fn of(request: &Value) -> Result<Self> {
        let (listen, advertise) = (text(request, "ListenAddr"), text(request, "AdvertiseAddr"));
        if listen.is_empty() {
            return Err(ApiError::new(400, "invalid ListenAddr \"\": invalid empty address"));
        }
        let (listen_host, port) = split(listen, MANAGER_PORT);
        let listen_ip: Option<IpAddr> = listen_host.parse().ok();
        let Some(listen_ip) = listen_ip else {
            let message = "listen address must be an IP address or network interface (with optional port number)";
            return Err(ApiError::new(400, message));
        };
        if advertise.is_empty() {
            let host = if listen_ip.is_unspecified() { ADDRESS.to_owned() } else { listen_ip.to_string() };
            return Ok(Self { host, port: port.to_owned() });
        }
        let (host, port) = split(advertise, port);
        match host.parse::<IpAddr>() {
            Ok(ip) if !ip.is_unspecified() => Ok(Self { host: ip.to_string(), port: port.to_owned() }),
            _ => {
                let message =
                    "advertise address must be a non-zero IP address or network interface (with optional port number)";
                Err(ApiError::new(400, message))
            }
        }
    }
}

fn text<'a>(request: &'a Value, field: &str) -> &'a str {
    request[field].as_str().unwrap_or_default()
}

/// Splits an address into host and port. The brackets around an IPv6 address are removed.
fn split<'a>(address: &'a str, default_port: &'a str) -> (&'a str, &'a str) {
    let address = address.strip_prefix("tcp://").unwrap_or(address);
    let is_bare_ipv6 = address.matches(':').count() > 1 && !address.ends_with(']') && !address.contains("]:");
    match address.rsplit_once(':') {
        Some((host, port)) if !is_bare_ipv6 && !address.ends_with(']') => (host.trim_matches(['[', ']']), port),
        _ => (address.trim_matches(['[', ']']), default_port),
    }
}

impl State {
    /// The swarm, if the engine is a manager of one; otherwise the engine's error, status 503.
    pub(crate) fn manager(&self) -> Result<&Swarm> {
        let unavailable = |message: &str| Err(ApiError::new(503, message));
        match &self.swarm {
            Some(swarm) if swarm.locked => unavailable(LOCKED),
            Some(swarm) if !swarm.nodes.first().is_some_and(super::node::Node::is_manager) => {
                unavailable(NOT_A_MANAGER)
            }
            Some(swarm) => Ok(swarm),
            None if self.worker.is_some() => unavailable(NOT_A_MANAGER),
            None => unavailable(NO_SWARM),
        }
    }

    /// The swarm, if the engine is a manager of one; otherwise the engine's error, status 503.
    pub(crate) fn manager_mut(&mut self) -> Result<&mut Swarm> {
        self.manager()?;
        self.swarm.as_mut().ok_or_else(|| ApiError::new(503, NO_SWARM))
    }

    /// Creates a swarm with the engine as its only node.
    pub(crate) fn init_swarm(&mut self, request: &Value) -> Result<String> {
        let reset = request["ForceNewCluster"] == true && self.swarm.is_some();
        if !reset && (self.swarm.is_some() || self.worker.is_some()) {
            return Err(ApiError::new(503, ALREADY_PART));
        }
        let addresses = Addresses::of(request)?;
        if !matches!(request["Spec"]["Name"].as_str(), None | Some("" | "default")) {
            return Err(ApiError::new(400, "swarm spec must be named \"default\""));
        }
        if reset {
            return self.change_swarm(|swarm| Ok(swarm.nodes[0].meta.id.clone()));
        }
        let port = request["DataPathPort"].as_u64().unwrap_or_default();
        if !matches!(port, 0 | 1024..=49151) {
            let message = format!("Datapath port number is not in valid range (1024-49151) : {port}");
            return Err(ApiError::new(500, message));
        }
        let mut swarm = Swarm::new(self.new_serial() << 32);
        swarm.cluster.data_path_port = if port == 0 { 4789 } else { port };
        if let Some(pools) = request["DefaultAddrPool"].as_array().filter(|pools| !pools.is_empty()) {
            swarm.cluster.address_pools = json!(pools);
            let size = request["SubnetSize"].as_u64().filter(|size| *size > 0);
            swarm.cluster.subnet_size = size.unwrap_or(swarm.cluster.subnet_size);
        }
        let mut spec = request["Spec"].clone();
        if request["AutoLockManagers"] == true {
            spec["EncryptionConfig"]["AutoLockManagers"] = json!(true);
        }
        swarm.cluster.merge(&spec)?;
        let availability = request["Availability"].as_str().filter(|availability| !availability.is_empty());
        let version = self.release.version();
        let node = swarm.add_node(HOSTNAME, &addresses.host, "manager", availability.unwrap_or("active"));
        (node.port, node.engine_version) = (addresses.port, version);
        let id = node.meta.id.clone();
        let version = swarm.next_version();
        swarm.cluster.meta.touch(version);
        self.swarm = Some(swarm);
        self.publish_swarm_events();
        Ok(id)
    }

    /// Adds `count` workers to the swarm, each with the images of the engine, and its own containers, volumes and
    /// networks.
    pub(crate) fn add_workers(&mut self, count: usize, host: impl Fn() -> Arc<SharedState>) {
        let version = self.release.version();
        let Some(swarm) = &mut self.swarm else { return };
        for _ in 0..count {
            let number = swarm.nodes.len() + 1;
            let host = host();
            host.update(|state| {
                state.serial = u64::try_from(number).unwrap_or_default() << 40;
                state.images.clone_from(&self.images);
                state.registry.clone_from(&self.registry);
            });
            let address = format!("192.168.64.{number}");
            let node = swarm.add_node(&format!("node-{number}"), &address, "worker", "active");
            (node.host, node.engine_version) = (Host::Other(host), version);
        }
        self.publish_swarm_events();
    }

    /// Makes the engine a worker of a swarm that is not simulated.
    pub(crate) fn join_swarm(&mut self, request: &Value) -> Result<()> {
        if self.swarm.is_some() || self.worker.is_some() {
            return Err(ApiError::new(503, ALREADY_PART));
        }
        let managers = crate::argv::words(&request["RemoteAddrs"]);
        let addresses = Addresses::of(request)?;
        if managers.is_empty() {
            return Err(ApiError::new(400, "at least 1 RemoteAddr is required to join"));
        }
        let parts: Vec<&str> = text(request, "JoinToken").split('-').collect();
        if !matches!(parts[..], ["SWMTKN", "1", digest, secret] if digest.len() == 50 && secret.len() == 25) {
            return Err(ApiError::new(500, "invalid join token"));
        }
        let managers = managers.iter().map(|manager| {
            let (host, port) = split(manager, MANAGER_PORT);
            format!("{host}:{port}")
        });
        let managers = managers.collect();
        let id = ids::swarm_id(self.new_serial() << 32);
        self.worker = Some(Worker { id, address: addresses.host, managers });
        Ok(())
    }

    /// Makes the engine leave its swarm, and returns the swarm if it was a manager.
    pub(crate) fn leave_swarm(&mut self, force: bool) -> Result<Option<Swarm>> {
        if self.worker.take().is_some() {
            return Ok(None);
        }
        let Some(swarm) = &self.swarm else { return Err(ApiError::new(503, NOT_PART)) };
        if swarm.locked && !force {
            let message =
                "Swarm is encrypted and locked. Please unlock it first or use `--force` to ignore this message.";
            return Err(ApiError::new(503, message));
        }
        if !force && swarm.nodes[0].is_manager() {
            let (reachable, unreachable) = swarm.reachable_managers();
            let reason = match (reachable, unreachable) {
                (1, 0) => LAST_MANAGER.to_owned(),
                _ if reachable <= unreachable + 2 => format!(
                    "Removing this node leaves {} managers out of {}. Without a Raft quorum your swarm will be \
                     inaccessible. {CONSENSUS}",
                    reachable - 1,
                    reachable + unreachable
                ),
                _ => CONSENSUS.to_owned(),
            };
            return Err(ApiError::new(503, format!("{LEAVING_MANAGER}{reason}")));
        }
        Ok(self.swarm.take())
    }

    /// Locks the swarm, if a restarted manager needs the unlock key.
    pub(crate) fn engine_restarted(&mut self) {
        if let Some(swarm) = &mut self.swarm {
            swarm.locked = swarm.cluster.locks_managers();
        }
    }

    pub(crate) fn unlock_swarm(&mut self, key: &str) -> Result<()> {
        match &mut self.swarm {
            Some(swarm) if swarm.locked => {
                if key.strip_prefix("SWMKEY-1-").is_none_or(str::is_empty) {
                    return Err(ApiError::new(400, "invalid key string"));
                }
                if swarm.cluster.unlock_key.as_deref() != Some(key) {
                    return Err(ApiError::new(401, "swarm could not be unlocked: invalid key provided"));
                }
                (swarm.locked, swarm.changed) = (false, true);
                Ok(())
            }
            _ => self.manager().and_then(|_| Err(ApiError::conflict("swarm is not locked"))),
        }
    }

    /// The state of the engine in its swarm as JSON, as `info` contains it.
    pub(crate) fn swarm_info(&self) -> Value {
        if let Some(worker) = &self.worker {
            let managers: Vec<Value> =
                worker.managers.iter().map(|address| json!({ "NodeID": "", "Addr": address })).collect();
            return json!({
                "NodeID": worker.id, "NodeAddr": worker.address, "LocalNodeState": "active", "RemoteManagers": managers,
            });
        }
        let Some(swarm) = &self.swarm else { return json!({ "LocalNodeState": "inactive" }) };
        if swarm.locked {
            return json!({ "LocalNodeState": "locked", "Error": LOCKED, "NodeAddr": swarm.nodes[0].address });
        }
        let managers = swarm.nodes.iter().filter(|node| node.is_manager());
        let managers: Vec<Value> = managers
            .map(|node| json!({ "NodeID": node.meta.id, "Addr": format!("{}:{}", node.address, node.port) }))
            .collect();
        let mut info = json!({
            "NodeID": swarm.nodes[0].meta.id, "NodeAddr": swarm.nodes[0].address, "LocalNodeState": "active",
            "RemoteManagers": managers,
        });
        if self.manager().is_ok() {
            info["ControlAvailable"] = json!(true);
            (info["Nodes"], info["Managers"]) = (json!(swarm.nodes.len()), json!(managers.len()));
            info["Cluster"] = swarm.cluster.info_json();
        }
        info
    }
}

impl Swarm {
    /// The numbers of managers that are reachable and not reachable.
    fn reachable_managers(&self) -> (usize, usize) {
        let reachable = self.nodes.iter().filter(|node| node.is_manager() && node.ready).count();
        (reachable, self.managers() - reachable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_have_default_host_and_port() {
        for (listen, advertise, host, port) in [
            ("127.0.0.1", "", "127.0.0.1", "2377"),
            ("0.0.0.0:2400", "", ADDRESS, "2400"),
            ("0.0.0.0:2400", "10.0.0.1", "10.0.0.1", "2400"),
            ("[::1]:2400", "[::2]:2401", "::2", "2401"),
            ("::1", "", "::1", "2377"),
        ] {
            let addresses = Addresses::of(&json!({ "ListenAddr": listen, "AdvertiseAddr": advertise }));
            assert_eq!(addresses, Ok(Addresses { host: host.into(), port: port.into() }), "{listen}");
        }
        for (listen, advertise) in [("", ""), ("eth7", ""), ("0.0.0.0", "0.0.0.0")] {
            let addresses = Addresses::of(&json!({ "ListenAddr": listen, "AdvertiseAddr": advertise }));
            assert_eq!(addresses.unwrap_err().status, 400, "{listen}");
        }
    }
}
