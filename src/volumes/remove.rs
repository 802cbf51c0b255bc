//! Removing a volume.

use super::Volume;
use crate::{
    Result,
    request::{Settings, request},
};

impl Volume {
    /// Removes the volume and its data, as `docker volume rm` does.
    ///
    /// Calls `DELETE /volumes/{name}`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails if a container uses the volume (409), or if there is no such volume (404).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.volume("data").remove().force(true).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "VolumeDelete")]
    #[doc(alias = "RemoveVolume")]
    #[doc(alias = "rm")]
    pub fn remove(&self) -> RemoveVolume {
        RemoveVolume { volume: self.clone(), force: None, settings: Settings::default() }
    }
}

/// A request to remove a volume. Returned by [`Volume::remove`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct RemoveVolume {
    volume: Volume,
    force: Option<bool>,
    settings: Settings,
}

request!(RemoveVolume => (), "volume_delete", volume.name);

impl RemoveVolume {
    /// Sets whether to remove the volume even if its driver can no longer find it. Removing a volume that does not
    /// exist is then not an error. Defaults to `false`. Requires API 1.25.
    pub fn force(mut self, force: bool) -> Self {
        self.force = Some(force);
        self
    }

    async fn call(self) -> Result<()> {
        let (api, name) = self.volume.api("volume_delete", &self.settings).await?;
        api.done(api.volume_delete(name, self.force).await)
    }
}
