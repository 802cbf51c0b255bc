//! Creating a swarm.

use super::{LISTEN_ADDR, Swarm};
use crate::{
    Result,
    models::{NodeAvailability, SwarmInit, SwarmSpec},
    nodes::Node,
    request::{Settings, request},
};

impl Swarm {
    /// Creates a swarm with this engine as its first manager, as `docker swarm init` does, and returns the handle of its
    /// node.
    ///
    /// Engines require a listen address, so the default of the Docker CLI is sent: `0.0.0.0:2377`, which is port 2377 of
    /// all interfaces. See [`listen_addr`](InitSwarm::listen_addr).
    ///
    /// Calls `POST /swarm/init`, since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails if the engine is part of a swarm already (503), if a setting is not valid (400), or if the host has several
    /// addresses and [`advertise_addr`](InitSwarm::advertise_addr) does not select one of them (400).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use std::time::Duration;
    ///
    /// let month = Duration::from_secs(30 * 24 * 60 * 60);
    /// let init = docker.swarm().init().advertise_addr("192.168.0.10").default_addr_pool("10.20.0.0/16");
    /// let node = init.spec(|spec| spec.ca_config.node_cert_expiry = Some(month)).await?;
    /// println!("node {}", node.id());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "SwarmInit")]
    #[doc(alias = "InitSwarm")]
    pub fn init(&self) -> InitSwarm {
        InitSwarm { swarm: self.clone(), body: Box::default(), settings: Settings::default() }
    }
}

/// A request to create a swarm. Returned by [`Swarm::init`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct InitSwarm {
    swarm: Swarm,
    body: Box<SwarmInit>,
    settings: Settings,
}

request!(InitSwarm => Node, "swarm_init");

impl InitSwarm {
    /// Sets the address that the manager listens on for other managers: an IP address or a network interface, with an
    /// optional port, for example `192.168.0.10:2377` or `eth0`. Defaults to `0.0.0.0:2377`, as in the Docker CLI.
    #[doc(alias = "listen-addr")]
    pub fn listen_addr(mut self, address: impl Into<String>) -> Self {
        self.body.listen_addr = address.into();
        self
    }

    /// Sets the address that other nodes reach the manager at: an IP address or a network interface, with an optional
    /// port. Defaults to the address of the host, if it has only one.
    #[doc(alias = "advertise-addr")]
    pub fn advertise_addr(mut self, address: impl Into<String>) -> Self {
        self.body.advertise_addr = address.into();
        self
    }

    /// Sets the IP address or network interface for the traffic of containers. Defaults to the
    /// [advertised address](Self::advertise_addr). Requires API 1.30.
    #[doc(alias = "data-path-addr")]
    pub fn data_path_addr(mut self, address: impl Into<String>) -> Self {
        self.body.data_path_addr = address.into();
        self
    }

    /// Sets the UDP port for the traffic of containers, 1024 to 49151. Defaults to 4789. Requires API 1.40.
    #[doc(alias = "data-path-port")]
    pub fn data_path_port(mut self, port: u16) -> Self {
        self.body.data_path_port = port.into();
        self
    }

    /// Adds an address range that the subnets of networks are allocated from, in CIDR notation. Defaults to `10.0.0.0/8`.
    /// Requires API 1.39.
    #[doc(alias = "default-addr-pool")]
    pub fn default_addr_pool(mut self, range: impl Into<String>) -> Self {
        self.body.default_addr_pool.push(range.into());
        self
    }

    /// Sets the prefix length of the subnets that are allocated from the
    /// [address ranges](Self::default_addr_pool), in bits. Defaults to 24. Requires API 1.39.
    #[doc(alias = "default-addr-pool-mask-length")]
    pub fn subnet_size(mut self, bits: u32) -> Self {
        self.body.subnet_size = bits;
        self
    }

    /// Sets whether to create a new swarm with the state of the current one, whose other managers are lost. Defaults to
    /// `false`.
    #[doc(alias = "force-new-cluster")]
    pub fn force_new_cluster(mut self, force: bool) -> Self {
        self.body.force_new_cluster = force;
        self
    }

    /// Sets whether managers are locked after a restart, until they receive the unlock key, which
    /// [`unlock_key`](Swarm::unlock_key) returns. Defaults to `false`. Requires API 1.25.
    #[doc(alias = "autolock")]
    pub fn auto_lock(mut self, lock: bool) -> Self {
        // Without the second field, only the data of this manager would be encrypted, with a key that is never required.
        self.body.auto_lock_managers = lock;
        self.body.spec.encryption_config.auto_lock_managers = lock;
        self
    }

    /// Sets the availability of the node for tasks, for example `"drain"`. Defaults to `active`. Requires API 1.28.
    pub fn availability(mut self, availability: impl Into<NodeAvailability>) -> Self {
        self.body.availability = Some(availability.into());
        self
    }

    /// Changes the configuration of the swarm: certificates, Raft, task history. It is empty at first; the engine replaces
    /// empty fields by its defaults.
    #[doc(alias = "cert-expiry")]
    #[doc(alias = "dispatcher-heartbeat")]
    #[doc(alias = "external-ca")]
    #[doc(alias = "max-snapshots")]
    #[doc(alias = "snapshot-interval")]
    #[doc(alias = "task-history-limit")]
    pub fn spec(mut self, change: impl FnOnce(&mut SwarmSpec)) -> Self {
        change(&mut self.body.spec);
        self
    }

    /// Replaces the whole body of the request, for fields that have no setter here. If its listen address is
    /// empty, the [default](Self::listen_addr) is sent.
    pub fn config(mut self, config: SwarmInit) -> Self {
        *self.body = config;
        self
    }

    fn set_defaults(&mut self) {
        if self.body.listen_addr.is_empty() {
            self.body.listen_addr = LISTEN_ADDR.to_owned();
        }
    }

    async fn call(mut self) -> Result<Node> {
        self.set_defaults();
        let docker = &self.swarm.docker;
        let api = docker.api("swarm_init", &self.settings).await?;
        Ok(docker.node(api.document(api.swarm_init(&self.body).await)?))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use super::*;
    use crate::DockerClient;

    /// The body that the request sends.
    #[track_caller]
    fn check(mut init: InitSwarm, want: &serde_json::Value) {
        init.set_defaults();
        assert_eq!(to_value(&*init.body).unwrap(), *want);
    }

    #[test]
    fn swarm_init_always_has_a_listen_address() {
        let swarm = DockerClient::connect("tcp://127.0.0.1:1").unwrap().swarm();
        check(swarm.init(), &json!({"ListenAddr": "0.0.0.0:2377"}));
        check(swarm.init().listen_addr("eth0"), &json!({"ListenAddr": "eth0"}));
        let config = SwarmInit { force_new_cluster: true, ..Default::default() };
        check(swarm.init().config(config), &json!({"ListenAddr": "0.0.0.0:2377", "ForceNewCluster": true}));
    }

    #[test]
    fn swarm_init_with_auto_lock_sets_both_fields() {
        let swarm = DockerClient::connect("tcp://127.0.0.1:1").unwrap().swarm();
        let init = swarm.init().auto_lock(true).spec(|spec| spec.orchestration.task_history_retention_limit = Some(2));
        let spec = json!({
            "EncryptionConfig": {"AutoLockManagers": true},
            "Orchestration": {"TaskHistoryRetentionLimit": 2},
        });
        check(init, &json!({"ListenAddr": "0.0.0.0:2377", "AutoLockManagers": true, "Spec": spec}));
        check(swarm.init().auto_lock(true).auto_lock(false), &json!({"ListenAddr": "0.0.0.0:2377"}));
    }
}
