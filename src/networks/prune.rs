//! Removing unused networks.

use super::Networks;
use crate::{
    Filters, Pruned, Result, Timestamp,
    request::{Settings, request},
};

impl Networks {
    /// Removes networks that users created and no container uses, as `docker network prune` does, and returns their names.
    ///
    /// Calls `POST /networks/prune`, since API 1.25, without a response timeout.
    ///
    /// # Errors
    ///
    /// Fails if the engine rejects a filter (400), or if it is pruning already (409).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// println!("{:?}", docker.networks().prune().label("temporary").await?.removed);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "NetworkPrune")]
    pub fn prune(&self) -> PruneNetworks {
        PruneNetworks { networks: self.clone(), filters: Filters::default(), settings: Settings::default() }
    }
}

/// A request to remove unused networks. Returned by [`Networks::prune`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct PruneNetworks {
    networks: Networks,
    filters: Filters,
    settings: Settings,
}

request!(PruneNetworks => Pruned<String>, "network_prune");

impl PruneNetworks {
    /// Removes only networks that were created before this time. Requires API 1.28.
    pub fn until(self, time: Timestamp) -> Self {
        self.filter("until", time.unix_seconds().to_string())
    }

    /// Removes only networks with this label, `key` or `key=value` (repeat to require several labels). Requires
    /// API 1.29.
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
    }

    /// Removes only networks without this label, `key` or `key=value`. Requires API 1.29.
    pub fn without_label(self, label: impl Into<String>) -> Self {
        self.filter("label!", label)
    }

    /// Adds a filter that has no dedicated method.
    pub fn filter(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.filters.add(key, value);
        self
    }

    /// Adds filters.
    pub fn filters(mut self, filters: impl Into<Filters>) -> Self {
        self.filters.extend(filters);
        self
    }

    async fn call(self) -> Result<Pruned<String>> {
        let api = self.networks.docker.api("network_prune", &self.settings).await?;
        let pruned = api.document(api.network_prune(self.filters.to_query().as_deref()).await)?;
        Ok(Pruned { removed: pruned.networks_deleted, reclaimed: 0 })
    }
}
