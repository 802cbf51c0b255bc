//! Removing a network.

use super::Network;
use crate::{
    Result,
    request::{Settings, request},
};

impl Network {
    /// Removes the network, as `docker network rm` does.
    ///
    /// Calls `DELETE /networks/{id}`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails if a container is connected to the network, or if it is one of the engine's own (403), or if a service or a
    /// task of the swarm uses it (400).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.network("back").remove().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "NetworkDelete")]
    #[doc(alias = "RemoveNetwork")]
    #[doc(alias = "rm")]
    pub fn remove(&self) -> RemoveNetwork {
        RemoveNetwork { network: self.clone(), settings: Settings::default() }
    }
}

/// A request to remove a network. Returned by [`Network::remove`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct RemoveNetwork {
    network: Network,
    settings: Settings,
}

request!(RemoveNetwork => (), "network_delete", network.id);

impl RemoveNetwork {
    async fn call(self) -> Result<()> {
        let (api, id) = self.network.api("network_delete", &self.settings).await?;
        api.done(api.network_delete(id).await)
    }
}
