//! Images removed when nobody needs them, and what was kept of builds.

use super::Images;
use crate::{
    Result,
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

    /// Removes what builds have kept and nobody uses, or [`all`](PruneOptions::all) of it. Tells which, by id, since API
    /// 1.39.
    ///
    /// Calls `POST /build/prune`, since API 1.31, and waits as long as that takes. Options need API 1.39.
    ///
    /// # Errors
    ///
    /// Fails if the engine refuses a filter (400), or if it is pruning already (409).
    pub async fn prune_build_cache(&self, options: &PruneOptions) -> Result<Pruned<String>> {
        let wire = self.docker.wire("build_prune").await?;
        let (all, filters) = (options.all.then_some(true), options.to_query());
        let pruned = wire.document(wire.build_prune(all, filters.as_deref(), None, None, None, None).await)?;
        Ok(Pruned { removed: pruned.caches_deleted, reclaimed: pruned.space_reclaimed })
    }
}
