//! Removing unused volumes.

use super::Volumes;
use crate::{
    ApiVersion, Filters, Pruned, Result,
    request::{Settings, request},
};

/// Since this version, engines keep volumes with a name, unless the filter `all` is set.
const NAMED_VOLUMES_STAY: ApiVersion = ApiVersion::new(1, 42);

impl Volumes {
    /// Removes volumes that no container uses, as `docker volume prune` does, and returns their names.
    ///
    /// Since API 1.42, keeps volumes that were given a name, unless [`all`](PruneVolumes::all) is set. **Below API
    /// 1.42, it removes these too.** Calls `POST /volumes/prune`, since API 1.25, without a response timeout.
    ///
    /// # Errors
    ///
    /// Fails if the engine rejects a filter (400), or if it is pruning already (409).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let pruned = docker.volumes().prune().label("temporary").await?;
    /// println!("{} volumes, {} bytes", pruned.removed.len(), pruned.reclaimed);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "VolumePrune")]
    pub fn prune(&self) -> PruneVolumes {
        PruneVolumes { volumes: self.clone(), all: false, filters: Filters::default(), settings: Settings::default() }
    }
}

/// A request to remove unused volumes. Returned by [`Volumes::prune`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct PruneVolumes {
    volumes: Volumes,
    all: bool,
    filters: Filters,
    settings: Settings,
}

request!(PruneVolumes => Pruned<String>, "volume_prune");

impl PruneVolumes {
    /// Sets whether to remove volumes with a name too. Defaults to `false`, but engines always remove them below API
    /// 1.42.
    pub fn all(mut self, all: bool) -> Self {
        self.all = all;
        self
    }

    /// Removes only volumes with this label, `key` or `key=value` (repeat to require several labels). Requires
    /// API 1.29.
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
    }

    /// Removes only volumes without this label, `key` or `key=value`. Requires API 1.29.
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

    async fn call(mut self) -> Result<Pruned<String>> {
        let api = self.volumes.docker.api("volume_prune", &self.settings).await?;
        if self.all && api.version() >= NAMED_VOLUMES_STAY {
            self.filters.add("all", "true");
        }
        let pruned = api.document(api.volume_prune(self.filters.to_query().as_deref()).await)?;
        Ok(Pruned { removed: pruned.volumes_deleted, reclaimed: pruned.space_reclaimed })
    }
}
