//! Removing stopped containers.

use super::Containers;
use crate::{
    Filters, Pruned, Result, Timestamp,
    request::{Settings, request},
};

impl Containers {
    /// Removes all containers that are not running, as `docker container prune` does, and returns their ids.
    ///
    /// Calls `POST /containers/prune`, since API 1.25, without a response timeout.
    ///
    /// # Errors
    ///
    /// Fails if the engine rejects a filter (400), or if it is pruning already (409).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let pruned = docker.containers().prune().label("temporary").await?;
    /// println!("{} containers, {} bytes", pruned.removed.len(), pruned.reclaimed);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerPrune")]
    pub fn prune(&self) -> PruneContainers {
        PruneContainers { containers: self.clone(), filters: Filters::default(), settings: Settings::default() }
    }
}

/// A request to remove stopped containers. Returned by [`Containers::prune`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct PruneContainers {
    containers: Containers,
    filters: Filters,
    settings: Settings,
}

request!(PruneContainers => Pruned<String>, "container_prune");

impl PruneContainers {
    /// Removes only containers that were created before this time, in whole seconds. Requires API 1.28.
    pub fn until(self, time: Timestamp) -> Self {
        self.filter("until", time.unix_seconds().to_string())
    }

    /// Removes only containers with this label, `key` or `key=value` (repeat to require several labels).
    /// Requires API 1.29.
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
    }

    /// Removes only containers without this label, `key` or `key=value`. Requires API 1.29.
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
        let api = self.containers.docker.api("container_prune", &self.settings).await?;
        let pruned = api.document(api.container_prune(self.filters.to_query().as_deref()).await)?;
        Ok(Pruned { removed: pruned.containers_deleted, reclaimed: pruned.space_reclaimed })
    }
}
