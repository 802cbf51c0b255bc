//! Volumes.

use crate::{
    DockerClient, Result, models, names,
    prune::{PruneOptions, Pruned},
    wire::Wire,
};

mod list;

pub use self::list::ListOptions;

/// All volumes of an engine. Made by [`DockerClient::volumes`]. All that is asked of volumes needs API 1.21.
#[derive(Clone, Debug)]
pub struct Volumes {
    docker: DockerClient,
}

impl Volumes {
    pub(crate) fn new(docker: DockerClient) -> Self {
        Self { docker }
    }

    /// Lists volumes.
    ///
    /// Calls `GET /volumes`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails if the engine refuses a filter (400).
    #[doc(alias = "ListVolumes")]
    pub async fn list(&self, options: &ListOptions) -> Result<Vec<models::Volume>> {
        let wire = self.docker.wire("volume_list").await?;
        let filters = options.filters.to_query();
        Ok(wire.document(wire.volume_list(filters.as_deref()).await)?.volumes)
    }

    /// Creates a volume, and tells what came of it; without a name, the engine makes one up. A volume of the same name
    /// that is there already is returned as it is.
    ///
    /// Calls `POST /volumes/create`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails if the driver refuses the name or an option (400 or 500), or if there is no such driver (404).
    #[doc(alias = "CreateVolume")]
    pub async fn create(&self, volume: &models::VolumeCreate) -> Result<models::Volume> {
        let wire = self.docker.wire("volume_create").await?;
        wire.document(wire.volume_create(volume).await)
    }

    /// Removes volumes that no container uses, and tells what was removed.
    ///
    /// Calls `POST /volumes/prune`, since API 1.25, and waits as long as that takes. Since API 1.42, volumes that were
    /// given a name stay, unless [`all`](PruneOptions::all) are meant.
    ///
    /// # Errors
    ///
    /// Fails if the engine refuses a filter (400), or if it is pruning already (409).
    pub async fn prune(&self, options: &PruneOptions) -> Result<Pruned<String>> {
        let wire = self.docker.wire("volume_prune").await?;
        let filters = match wire.version() >= PruneOptions::NAMED_VOLUMES_STAY {
            true => options.to_query_with("all", "true"),
            false => options.to_query(),
        };
        let pruned = wire.document(wire.volume_prune(filters.as_deref()).await)?;
        Ok(Pruned { removed: pruned.volumes_deleted, reclaimed: pruned.space_reclaimed })
    }
}

/// One volume. Made by [`DockerClient::volume`]; does nothing until something is asked of it.
///
/// Whatever is asked fails if there is no such volume (404).
#[derive(Clone, Debug)]
pub struct Volume {
    docker: DockerClient,
    name: String,
}

impl Volume {
    pub(crate) fn new(docker: DockerClient, name: String) -> Self {
        Self { docker, name }
    }

    /// What the volume was called when this handle was made.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Tells all the engine knows about the volume.
    ///
    /// Calls `GET /volumes/{name}`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails if there is no such volume (404); [`find`](Self::find) does not.
    pub async fn inspect(&self) -> Result<models::Volume> {
        let (wire, name) = self.wire("volume_inspect").await?;
        wire.document(wire.volume_inspect(name).await)
    }

    /// Tells all the engine knows about the volume, if it has it.
    ///
    /// Calls `GET /volumes/{name}`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails as everything does, but not if there is no such volume.
    pub async fn find(&self) -> Result<Option<models::Volume>> {
        match self.inspect().await {
            Ok(volume) => Ok(Some(volume)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes the volume and all that is in it.
    ///
    /// Calls `DELETE /volumes/{name}`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails if a container uses it (409), or if there is no such volume (404).
    #[doc(alias = "RemoveVolume")]
    pub async fn remove(&self) -> Result<()> {
        let (wire, name) = self.wire("volume_delete").await?;
        wire.done(wire.volume_delete(name, None).await)
    }

    /// Removes the volume even if its driver does not know of it any more. No error if there is no such volume.
    ///
    /// Calls `DELETE /volumes/{name}`, since API 1.21; to force it needs API 1.25.
    ///
    /// # Errors
    ///
    /// Fails if a container uses it (409).
    pub async fn force_remove(&self) -> Result<()> {
        let (wire, name) = self.wire("volume_delete").await?;
        wire.done(wire.volume_delete(name, Some(true)).await)
    }

    /// The generated client, and the name as it stands in paths.
    async fn wire(&self, operation: &'static str) -> Result<(Wire<'_>, &str)> {
        let name = names::volume(&self.name).map_err(|error| error.during(operation))?;
        Ok((self.docker.wire(operation).await?, name))
    }
}
