//! Containers changed while they are there, and removed when nobody needs them.

use super::{Container, Containers};
use crate::{
    Result,
    models::ContainerUpdate,
    prune::{PruneOptions, Pruned},
};

impl Containers {
    /// Removes containers that do not run, and tells which.
    ///
    /// Calls `POST /containers/prune`, since API 1.25, and waits as long as that takes.
    ///
    /// # Errors
    ///
    /// Fails if the engine refuses a filter (400), or if it is pruning already (409).
    pub async fn prune(&self, options: &PruneOptions) -> Result<Pruned<String>> {
        let wire = self.docker.wire("container_prune").await?;
        let filters = options.to_query();
        let pruned = wire.document(wire.container_prune(filters.as_deref()).await)?;
        Ok(Pruned { removed: pruned.containers_deleted, reclaimed: pruned.space_reclaimed })
    }
}

impl Container {
    /// Changes the limits of the container, and whether it is restarted. What is left at its default stays as it is.
    /// Returns what the engine warns of; mostly nothing.
    ///
    /// Calls `POST /containers/{id}/update`, since API 1.22.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404), or if a limit cannot be (400 or 500).
    pub async fn update(&self, update: &ContainerUpdate) -> Result<Vec<String>> {
        let (wire, id) = self.wire("container_update").await?;
        Ok(wire.document(wire.container_update(id, update).await)?.warnings)
    }
}
