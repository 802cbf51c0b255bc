//! Images removed when nobody needs them, and what was kept of builds.

use super::Images;
use crate::{
    ApiVersion, Filters, Result, Timestamp,
    models::DeleteItem,
    prune::{PruneOptions, Pruned},
};

impl Images {
    /// Removes images that no name leads to and no container uses, or [`all`](PruneOptions::all) that no container
    /// uses. Tells what was done, in order.
    ///
    /// Calls `POST /images/prune`, since API 1.25, and waits as long as that takes.
    ///
    /// # Errors
    ///
    /// Fails if the engine refuses a filter (400), or if it is pruning already (409).
    pub async fn prune(&self, options: &PruneOptions) -> Result<Pruned<DeleteItem>> {
        let wire = self.docker.wire("image_prune").await?;
        let filters = options.to_query_with("dangling", "false");
        let pruned = wire.document(wire.image_prune(filters.as_deref()).await)?;
        Ok(Pruned { removed: pruned.images_deleted, reclaimed: pruned.space_reclaimed })
    }

    /// Removes what builds have kept and nobody uses, or [`all`](BuildPruneOptions::all) of it. Tells which, by id, since
    /// API 1.39.
    ///
    /// Calls `POST /build/prune`, since API 1.31, and waits as long as that takes. Options need API 1.39.
    ///
    /// # Errors
    ///
    /// Fails if the engine refuses a filter (400), or if it is pruning already (409).
    pub async fn prune_build_cache(&self, options: &BuildPruneOptions) -> Result<Pruned<String>> {
        let wire = self.docker.wire("build_prune").await?;
        let filters = options.filters.to_query();
        // The same, by two names.
        let (keep, reserved) = match wire.version() < RESERVED_SPACE {
            true => (options.reserved_space, None),
            false => (None, options.reserved_space),
        };
        let (most, free) = (options.max_used_space, options.min_free_space);
        let call = wire.build_prune(options.all, filters.as_deref(), keep, most, free, reserved);
        let pruned = wire.document(call.await)?;
        Ok(Pruned { removed: pruned.caches_deleted, reclaimed: pruned.space_reclaimed })
    }
}

/// Since this version, what was called to keep storage is called to reserve space.
const RESERVED_SPACE: ApiVersion = ApiVersion::new(1, 48);

/// Options of [`Images::prune_build_cache`]. By default, what nobody uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct BuildPruneOptions {
    all: Option<bool>,
    reserved_space: Option<i64>,
    max_used_space: Option<i64>,
    min_free_space: Option<i64>,
    filters: Filters,
}

impl BuildPruneOptions {
    /// What images are made of, too. Needs API 1.39.
    pub fn all(mut self) -> Self {
        self.all = Some(true);
        self
    }

    /// Keep so many bytes. Needs API 1.39.
    pub fn reserved_space(mut self, bytes: i64) -> Self {
        self.reserved_space = Some(bytes);
        self
    }

    /// Keep so many bytes at most. Needs API 1.48.
    pub fn max_used_space(mut self, bytes: i64) -> Self {
        self.max_used_space = Some(bytes);
        self
    }

    /// Remove until so many bytes of the disk are free. Needs API 1.48.
    pub fn min_free_space(mut self, bytes: i64) -> Self {
        self.min_free_space = Some(bytes);
        self
    }

    /// Only what was not used since. Needs API 1.39.
    pub fn until(self, moment: Timestamp) -> Self {
        self.filter("until", moment.unix_seconds().to_string())
    }

    /// A filter that has no method of its own: `id`, `parent`, `type`, `description`, `inuse`, `shared`, `private`. Needs API
    /// 1.39.
    pub fn filter(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.filters.add(key, value);
        self
    }
}
