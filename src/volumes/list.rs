//! Listing volumes.

use super::Volumes;
use crate::{
    Filters, Result, models,
    request::{Settings, request},
};

impl Volumes {
    /// Lists volumes, as `docker volume ls` does.
    ///
    /// Calls `GET /volumes`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails if the engine rejects a filter (400).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// for volume in docker.volumes().list().dangling(true).await? {
    ///     println!("{} {}", volume.name, volume.mountpoint);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "VolumeList")]
    #[doc(alias = "ListVolumes")]
    #[doc(alias = "ls")]
    pub fn list(&self) -> ListVolumes {
        ListVolumes { volumes: self.clone(), filters: Filters::default(), settings: Settings::default() }
    }
}

/// A request to list volumes. Returned by [`Volumes::list`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ListVolumes {
    volumes: Volumes,
    filters: Filters,
    settings: Settings,
}

request!(ListVolumes => models::VolumeList, "volume_list");

impl ListVolumes {
    /// Includes only volumes that no container uses (`true`), or only the others (`false`).
    pub fn dangling(self, dangling: bool) -> Self {
        self.filter("dangling", dangling.to_string())
    }

    /// Includes only volumes of this driver (repeat to match any of several). Requires API 1.24.
    pub fn driver(self, driver: impl Into<String>) -> Self {
        self.filter("driver", driver)
    }

    /// Includes only volumes whose name contains `part`: `data` also matches `web-data-2` (repeat to match any of several).
    /// Requires API 1.24.
    pub fn name(self, part: impl Into<String>) -> Self {
        self.filter("name", part)
    }

    /// Includes only volumes with this label, `key` or `key=value` (repeat to require several labels). Requires
    /// API 1.25.
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
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

    async fn call(self) -> Result<models::VolumeList> {
        let api = self.volumes.docker.api("volume_list", &self.settings).await?;
        api.document(api.volume_list(self.filters.to_query().as_deref()).await)
    }
}

/// Iterates over the volumes. [`warnings`](models::VolumeList::warnings) reports drivers that could not be queried.
impl IntoIterator for models::VolumeList {
    type Item = models::Volume;
    type IntoIter = std::vec::IntoIter<models::Volume>;

    fn into_iter(self) -> Self::IntoIter {
        self.volumes.into_iter()
    }
}
