//! Inspecting a volume.

use super::Volume;
use crate::{
    Exists, Optional, Result, models,
    request::{Settings, request},
};

impl Volume {
    /// Returns the properties of the volume, as `docker volume inspect` does.
    ///
    /// Calls `GET /volumes/{name}`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails if there is no such volume (404); see [`try_inspect`](Self::try_inspect).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// println!("{}", docker.volume("data").inspect().await?.mountpoint);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "VolumeInspect")]
    pub fn inspect(&self) -> InspectVolume {
        InspectVolume { volume: self.clone(), settings: Settings::default() }
    }

    /// Returns the properties of the volume, or `None` if there is no such volume.
    ///
    /// Calls `GET /volumes/{name}`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails as [`inspect`](Self::inspect) does, except if the volume does not exist.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if let Some(found) = docker.volume("data").try_inspect().await? {
    ///     println!("{}", found.mountpoint);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_inspect(&self) -> Optional<models::Volume> {
        self.inspect().optional()
    }

    /// Returns whether there is such a volume.
    ///
    /// Calls `GET /volumes/{name}`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails as [`try_inspect`](Self::try_inspect) does.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if !docker.volume("data").exists().await? {
    ///     docker.volumes().create().name("data").await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn exists(&self) -> Exists {
        Exists::new(self.try_inspect())
    }
}

/// A request to inspect a volume. Returned by [`Volume::inspect`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct InspectVolume {
    volume: Volume,
    settings: Settings,
}

request!(InspectVolume => models::Volume, "volume_inspect", volume.name);

impl InspectVolume {
    /// Resolves to `None` if there is no such volume, instead of failing.
    pub fn optional(self) -> Optional<models::Volume> {
        Optional::new(self.settings.clone(), move |settings| Self { settings, ..self })
    }

    async fn call(self) -> Result<models::Volume> {
        let (api, name) = self.volume.api("volume_inspect", &self.settings).await?;
        api.document(api.volume_inspect(name).await)
    }
}
