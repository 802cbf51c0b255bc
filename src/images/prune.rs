//! Removing unused images.

use super::Images;
use crate::{
    Filters, Pruned, Result, Timestamp,
    models::DeleteItem,
    request::{Settings, request},
};

impl Images {
    /// Removes images that have no name and that no container uses, as `docker image prune` does; with
    /// [`all`](PruneImages::all), all that no container uses. Returns the names and layers that were removed, in order.
    ///
    /// Calls `POST /images/prune`, since API 1.25, without a response timeout.
    ///
    /// # Errors
    ///
    /// Fails if the engine rejects a filter (400), or if it is pruning already (409).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let pruned = docker.images().prune().all(true).without_label("keep").await?;
    /// println!("{} bytes", pruned.reclaimed);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ImagePrune")]
    pub fn prune(&self) -> PruneImages {
        PruneImages { images: self.clone(), all: false, filters: Filters::default(), settings: Settings::default() }
    }
}

/// A request to remove unused images. Returned by [`Images::prune`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct PruneImages {
    images: Images,
    all: bool,
    filters: Filters,
    settings: Settings,
}

request!(PruneImages => Pruned<DeleteItem>, "image_prune");

impl PruneImages {
    /// Sets whether to remove all unused images, and not only dangling ones (`docker image prune --all`). Defaults to `false`.
    pub fn all(mut self, all: bool) -> Self {
        self.all = all;
        self
    }

    /// Removes only images that were created before this time. Requires API 1.28.
    pub fn until(self, time: Timestamp) -> Self {
        self.filter("until", time.unix_seconds().to_string())
    }

    /// Removes only images with this label, `key` or `key=value` (repeat to require several labels). Requires
    /// API 1.29.
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
    }

    /// Removes only images without this label, `key` or `key=value`. Requires API 1.29.
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

    async fn call(mut self) -> Result<Pruned<DeleteItem>> {
        let api = self.images.docker.api("image_prune", &self.settings).await?;
        if self.all {
            self.filters.add("dangling", "false");
        }
        let pruned = api.document(api.image_prune(self.filters.to_query().as_deref()).await)?;
        Ok(Pruned { removed: pruned.images_deleted, reclaimed: pruned.space_reclaimed })
    }
}
