//! Creating a volume.

use std::ops::Deref;

use super::{Volume, Volumes};
use crate::{
    Result,
    models::{self, ClusterVolumeSpec, VolumeCreate},
    request::{Settings, request},
};

impl Volumes {
    /// Creates a volume, as `docker volume create` does. If there is a volume of that name and driver, returns that one.
    ///
    /// Without a [`name`](CreateVolume::name), the engine generates one. Calls `POST /volumes/create`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails if the driver rejects the name or an option (400 or 500), if there is no such driver (404), or if a volume of
    /// that name has another driver (409).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let data = docker.volumes().create().name("data").label("app", "web").await?;
    /// println!("{} is at {}", data.name(), data.info.mountpoint);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "VolumeCreate")]
    #[doc(alias = "CreateVolume")]
    pub fn create(&self) -> CreateVolume {
        CreateVolume { volumes: self.clone(), body: VolumeCreate::default(), settings: Settings::default() }
    }
}

/// A request to create a volume. Returned by [`Volumes::create`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct CreateVolume {
    volumes: Volumes,
    body: VolumeCreate,
    settings: Settings,
}

request!(CreateVolume => CreatedVolume, "volume_create");

impl CreateVolume {
    /// Sets the name. Defaults to a name that the engine generates.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.body.name = name.into();
        self
    }

    /// Sets the driver. Defaults to `local`.
    pub fn driver(mut self, driver: impl Into<String>) -> Self {
        self.body.driver = driver.into();
        self
    }

    /// Adds an option of the driver, as `docker volume create --opt` does.
    #[doc(alias = "opt")]
    pub fn driver_opt(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.body.driver_opts.insert(key.into(), value.into());
        self
    }

    /// Adds a label. Requires API 1.23.
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.body.labels.insert(key.into(), value.into());
        self
    }

    /// Adds labels. Requires API 1.23.
    pub fn labels<K: Into<String>, T: Into<String>>(mut self, labels: impl IntoIterator<Item = (K, T)>) -> Self {
        self.body.labels.extend(labels.into_iter().map(|(key, value)| (key.into(), value.into())));
        self
    }

    /// Creates a cluster volume, which all nodes of a swarm can use. Its [`driver`](Self::driver) is a CSI plugin.
    /// Requires API 1.42, and an engine that is a swarm manager (503).
    ///
    /// The call returns before the plugin has created the volume; see `info` of
    /// [`ClusterVolume`](models::ClusterVolume).
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::models::{ClusterVolumeSpec, MountVolume, VolumeAccessMode};
    ///
    /// let mode = VolumeAccessMode { mount_volume: Some(MountVolume::default()), ..Default::default() };
    /// let spec = ClusterVolumeSpec { access_mode: Some(mode), ..Default::default() };
    /// docker.volumes().create().name("data").driver("csi").cluster(spec).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "scope")]
    #[doc(alias = "sharing")]
    pub fn cluster(mut self, spec: ClusterVolumeSpec) -> Self {
        self.body.cluster_volume_spec = Some(spec);
        self
    }

    /// Replaces the whole body of the request, for fields that have no setter here.
    pub fn config(mut self, config: VolumeCreate) -> Self {
        self.body = config;
        self
    }

    async fn call(self) -> Result<CreatedVolume> {
        let docker = &self.volumes.docker;
        let api = docker.api("volume_create", &self.settings).await?;
        let info: models::Volume = api.document(api.volume_create(&self.body).await)?;
        Ok(CreatedVolume { volume: info.handle(docker), info })
    }
}

/// A new volume, or the one that had the name. Dereferences to its handle.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreatedVolume {
    /// Handle of the volume.
    pub volume: Volume,
    /// Properties of the volume.
    pub info: models::Volume,
}

impl Deref for CreatedVolume {
    type Target = Volume;

    fn deref(&self) -> &Volume {
        &self.volume
    }
}
