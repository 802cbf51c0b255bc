//! Disconnecting a container from a network.

use super::Network;
use crate::{
    Result,
    models::NetworkDisconnect,
    request::{Settings, request},
};

impl Network {
    /// Disconnects a container, by name or id, from the network, as `docker network disconnect` does.
    ///
    /// Calls `POST /networks/{id}/disconnect`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails if the container is not connected (404, 403 or 500).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.network("back").disconnect("web").force(true).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "NetworkDisconnect")]
    #[doc(alias = "DisconnectNetwork")]
    pub fn disconnect(&self, container: impl Into<String>) -> DisconnectNetwork {
        let body = NetworkDisconnect { container: container.into(), force: false };
        DisconnectNetwork { network: self.clone(), body, settings: Settings::default() }
    }
}

/// A request to disconnect a container from a network. Returned by [`Network::disconnect`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct DisconnectNetwork {
    network: Network,
    body: NetworkDisconnect,
    settings: Settings,
}

request!(DisconnectNetwork => (), "network_disconnect", network.id);

impl DisconnectNetwork {
    /// Sets whether to disconnect a container that no longer exists. Defaults to `false`. Requires API 1.22.
    pub fn force(mut self, force: bool) -> Self {
        self.body.force = force;
        self
    }

    async fn call(self) -> Result<()> {
        let (api, id) = self.network.api("network_disconnect", &self.settings).await?;
        api.done(api.network_disconnect(id, &self.body).await)
    }
}
