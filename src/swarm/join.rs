//! Joining a swarm.

use super::{LISTEN_ADDR, Swarm};
use crate::{
    Result,
    models::{NodeAvailability, SwarmJoin},
    request::{Settings, request},
};

impl Swarm {
    /// Adds this engine to a swarm as a node, as `docker swarm join` does.
    ///
    /// `remote_addr` is the address of a manager of the swarm, as `host` or `host:port`; the default port is 2377. `token` is
    /// one of the [join tokens](Swarm::inspect) of the swarm: it is a secret, and determines the role of the node.
    ///
    /// Engines require a listen address, so the default of the Docker CLI is sent: `0.0.0.0:2377`, which is port 2377 of
    /// all interfaces. See [`listen_addr`](JoinSwarm::listen_addr).
    ///
    /// Calls `POST /swarm/join`, since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails if the engine is part of a swarm already (503), if a setting or the token is not valid (400 or 500), or if the
    /// engine has not joined within 20 seconds (503). In the last case the engine continues to try:
    /// [`DockerClient::info`](crate::DockerClient::info) returns its state.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use dockerclient::{DockerClient, Result};
    /// # async fn example(docker: DockerClient, manager: DockerClient) -> Result<()> {
    /// let token = manager.swarm().inspect().await?.join_tokens.worker;
    /// docker.swarm().join("192.168.0.10:2377", token).availability("drain").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "SwarmJoin")]
    #[doc(alias = "JoinSwarm")]
    pub fn join(&self, remote_addr: impl Into<String>, token: impl Into<String>) -> JoinSwarm {
        let body = SwarmJoin {
            remote_addrs: vec![remote_addr.into()],
            join_token: token.into(),
            listen_addr: LISTEN_ADDR.to_owned(),
            ..Default::default()
        };
        JoinSwarm { swarm: self.clone(), body, settings: Settings::default() }
    }
}

/// A request to join a swarm. Returned by [`Swarm::join`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct JoinSwarm {
    swarm: Swarm,
    body: SwarmJoin,
    settings: Settings,
}

request!(JoinSwarm => (), "swarm_join");

impl JoinSwarm {
    /// Adds the address of another manager of the swarm. Docker connects to the first address only.
    pub fn remote_addr(mut self, address: impl Into<String>) -> Self {
        self.body.remote_addrs.push(address.into());
        self
    }

    /// Sets the address that the node listens on if it is a manager: an IP address or a network interface, with an optional
    /// port, for example `192.168.0.11:2377` or `eth0`. Defaults to `0.0.0.0:2377`, as in the Docker CLI.
    #[doc(alias = "listen-addr")]
    pub fn listen_addr(mut self, address: impl Into<String>) -> Self {
        self.body.listen_addr = address.into();
        self
    }

    /// Sets the address that other nodes reach the node at: an IP address or a network interface, with an optional port.
    /// Defaults to the address that the manager receives the request from.
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

    /// Sets the availability of the node for tasks, for example `"drain"`. Defaults to `active`. Requires API 1.28.
    pub fn availability(mut self, availability: impl Into<NodeAvailability>) -> Self {
        self.body.availability = Some(availability.into());
        self
    }

    async fn call(self) -> Result<()> {
        let api = self.swarm.docker.api("swarm_join", &self.settings).await?;
        api.done(api.swarm_join(&self.body).await)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{json, to_value};

    use crate::DockerClient;

    #[test]
    fn swarm_join_has_a_listen_address_and_redacts_the_token() {
        let swarm = DockerClient::connect("tcp://127.0.0.1:1").unwrap().swarm();
        let join = swarm.join("10.0.0.1", "hunter2").remote_addr("10.0.0.2:2377").availability("pause");
        let want = json!({
            "Availability": "pause",
            "JoinToken": "hunter2",
            "ListenAddr": "0.0.0.0:2377",
            "RemoteAddrs": ["10.0.0.1", "10.0.0.2:2377"],
        });
        assert_eq!(to_value(&join.body).unwrap(), want);
        let debug = format!("{join:?}");
        assert!(debug.contains("10.0.0.1") && !debug.contains("hunter2"), "{debug}");
    }
}
