//! Changing the availability of a cluster volume.

use std::{fmt, sync::Arc};

use super::Volume;
use crate::{
    ApiVersion, DockerClient, Error, Result,
    models::{self, ClusterVolumeSpec, VolumeUpdate},
    request::{Settings, request},
    versioned::{ATTEMPTS, is_out_of_sequence},
};

/// Since this version, engines have cluster volumes.
const CLUSTER_VOLUMES: ApiVersion = ApiVersion::new(1, 42);

impl Volume {
    /// Changes the availability of a cluster volume, as `docker volume update` does. Engines ignore all other changes.
    ///
    /// `change` gets the current configuration. If the volume is changed by another client in the meantime, `change` is
    /// called again with the new configuration. Calls `GET /volumes/{name}` and `PUT /volumes/{name}` with the id of
    /// the volume, since API 1.42, at most five times each.
    ///
    /// # Errors
    ///
    /// Fails if there is no such volume (404), if it is not a cluster volume
    /// ([`InvalidInput`](crate::ErrorKind::InvalidInput)), if the volume was changed by other clients each time (500),
    /// or if the engine is not a swarm manager (404 or 503).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::models::VolumeAvailability;
    ///
    /// let data = docker.volume("data");
    /// data.update(|spec| spec.availability = Some(VolumeAvailability::Drain)).await?; // before it is removed
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "VolumeUpdate")]
    pub fn update(&self, change: impl Fn(&mut ClusterVolumeSpec) + Send + Sync + 'static) -> UpdateVolume {
        UpdateVolume { volume: self.clone(), change: Arc::new(change), settings: Settings::default() }
    }

    /// Sets the availability of a cluster volume to that of `spec`, if its
    /// [version](crate::models::ObjectVersion::index) still is `version`. Engines ignore the rest of `spec`.
    ///
    /// The handle must have the id of the volume, as a handle from
    /// [`ClusterVolume::handle`](crate::models::ClusterVolume::handle) does: engines reject the name (404).
    /// [`update`](Self::update) reads the id and the version itself. Calls `PUT /volumes/{name}`, since API 1.42.
    ///
    /// # Errors
    ///
    /// Fails if the volume has another version (500), if there is no volume with this id (404), or if the engine is not
    /// a swarm manager (503).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::models::VolumeAvailability;
    ///
    /// if let Some(found) = docker.volume("data").inspect().await?.cluster_volume {
    ///     let mut spec = found.spec.clone();
    ///     spec.availability = Some(VolumeAvailability::Pause);
    ///     found.handle(&docker).replace(found.version.index, spec).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn replace(&self, version: u64, spec: ClusterVolumeSpec) -> ReplaceVolumeSpec {
        ReplaceVolumeSpec { volume: self.clone(), version, spec, settings: Settings::default() }
    }
}

/// A request to change the availability of a cluster volume. Returned by [`Volume::update`].
#[derive(Clone)]
#[must_use = "a request does nothing unless awaited"]
pub struct UpdateVolume {
    volume: Volume,
    change: Arc<dyn Fn(&mut ClusterVolumeSpec) + Send + Sync>,
    settings: Settings,
}

request!(UpdateVolume => (), "volume_update", volume.name);

impl UpdateVolume {
    async fn call(self) -> Result<()> {
        let (api, name) = self.volume.api("volume_update", &self.settings).await?;
        if api.version() < CLUSTER_VOLUMES {
            return api.during(Err(Error::requires("", CLUSTER_VOLUMES, api.version())));
        }
        let mut attempt = 1;
        loop {
            let found: models::Volume = api.document(api.volume_inspect(name).await)?;
            let Some(cluster_volume) = found.cluster_volume else {
                return api.during(Err(Error::invalid_input("only cluster volumes can be updated")));
            };
            let models::ClusterVolume { id, version, mut spec, .. } = *cluster_volume;
            (self.change)(&mut spec);
            match api.done(api.volume_update(&id, version.index, &VolumeUpdate { spec }).await) {
                Err(error) if attempt < ATTEMPTS && is_out_of_sequence(&error) => attempt += 1,
                result => return result,
            }
        }
    }
}

impl fmt::Debug for UpdateVolume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { volume, settings, .. } = self;
        f.debug_struct("UpdateVolume").field("volume", volume).field("settings", settings).finish_non_exhaustive()
    }
}

/// A request to set the availability of a cluster volume. Returned by [`Volume::replace`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ReplaceVolumeSpec {
    volume: Volume,
    version: u64,
    spec: ClusterVolumeSpec,
    settings: Settings,
}

request!(ReplaceVolumeSpec => (), "volume_update", volume.name);

impl ReplaceVolumeSpec {
    async fn call(self) -> Result<()> {
        let (api, id) = self.volume.api("volume_update", &self.settings).await?;
        api.done(api.volume_update(id, self.version, &VolumeUpdate { spec: self.spec }).await)
    }
}

impl models::ClusterVolume {
    /// Returns a handle of this volume with its id instead of its name.
    #[must_use]
    pub fn handle(&self, docker: &DockerClient) -> Volume {
        docker.volume(&self.id)
    }
}
