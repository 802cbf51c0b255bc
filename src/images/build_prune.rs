//! Removing the build cache.

use super::Images;
use crate::{
    ApiVersion, Filters, Pruned, Result, Size, Timestamp,
    request::{Settings, request},
};

/// Since this version, the option `keep-storage` is called `reserved-space`.
const RESERVED_SPACE: ApiVersion = ApiVersion::new(1, 48);

impl Images {
    /// Removes build cache that is not used, as `docker builder prune` does, and returns the ids of the removed records,
    /// which engines report since API 1.39.
    ///
    /// Calls `POST /build/prune`, since API 1.31, without a response timeout. Its options require API 1.39 or later.
    ///
    /// # Errors
    ///
    /// Fails if the engine rejects a filter (400), or if it is pruning already (409).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let pruned = docker.images().prune_build_cache().reserved_space("10g").await?;
    /// println!("{} bytes", pruned.reclaimed);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "BuildPrune")]
    #[doc(alias = "BuildCachePrune")]
    #[doc(alias = "builder")]
    #[doc(alias = "prune_build")]
    pub fn prune_build_cache(&self) -> PruneBuildCache {
        PruneBuildCache {
            images: self.clone(),
            all: None,
            reserved_space: None,
            max_used_space: None,
            min_free_space: None,
            filters: Filters::default(),
            settings: Settings::default(),
        }
    }
}

/// A request to remove build cache. Returned by [`Images::prune_build_cache`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct PruneBuildCache {
    images: Images,
    all: Option<bool>,
    reserved_space: Option<Size>,
    max_used_space: Option<Size>,
    min_free_space: Option<Size>,
    filters: Filters,
    settings: Settings,
}

request!(PruneBuildCache => Pruned<String>, "build_prune");

impl PruneBuildCache {
    /// Sets whether to remove all unused cache, including the layers that images consist of. Defaults to `false`. Requires
    /// API 1.39.
    pub fn all(mut self, all: bool) -> Self {
        self.all = Some(all);
        self
    }

    /// Sets how much cache to keep at least. Requires API 1.39.
    #[doc(alias = "keep_storage")]
    pub fn reserved_space(mut self, size: impl Into<Size>) -> Self {
        self.reserved_space = Some(size.into());
        self
    }

    /// Sets how much cache to keep at most. Requires API 1.48.
    pub fn max_used_space(mut self, size: impl Into<Size>) -> Self {
        self.max_used_space = Some(size.into());
        self
    }

    /// Sets how much disk space should be free afterwards. Requires API 1.48.
    pub fn min_free_space(mut self, size: impl Into<Size>) -> Self {
        self.min_free_space = Some(size.into());
        self
    }

    /// Removes only cache that was last used before this time. Requires API 1.39.
    pub fn until(self, time: Timestamp) -> Self {
        self.filter("until", time.unix_seconds().to_string())
    }

    /// Adds a filter that has no dedicated method: `id`, `parent`, `type`, `description`, `inuse`, `shared`, `private`.
    /// Requires API 1.39.
    pub fn filter(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.filters.add(key, value);
        self
    }

    /// Adds filters. Requires API 1.39.
    pub fn filters(mut self, filters: impl Into<Filters>) -> Self {
        self.filters.extend(filters);
        self
    }

    async fn call(self) -> Result<Pruned<String>> {
        let api = self.images.docker.api("build_prune", &self.settings).await?;
        let bytes = |size: &Option<Size>| api.during(size.as_ref().map(Size::to_bytes).transpose());
        let (reserved, max, free) =
            (bytes(&self.reserved_space)?, bytes(&self.max_used_space)?, bytes(&self.min_free_space)?);
        let (keep, reserved) = if api.version() < RESERVED_SPACE { (reserved, None) } else { (None, reserved) };
        let filters = self.filters.to_query();
        let pruned = api.build_prune(self.all, filters.as_deref(), keep, max, free, reserved).await;
        let pruned = api.document(pruned)?;
        Ok(Pruned { removed: pruned.caches_deleted, reclaimed: pruned.space_reclaimed })
    }
}
