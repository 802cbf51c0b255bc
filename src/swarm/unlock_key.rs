//! Getting the unlock key of the swarm.

use super::Swarm;
use crate::{
    Result,
    request::{Settings, request},
};

impl Swarm {
    /// Returns the key that unlocks managers after a restart, as `docker swarm unlock-key` does. Empty if managers are not
    /// locked.
    ///
    /// The key is a secret, which protects the data of the managers: do not log it. To replace it, see
    /// [`rotate_manager_unlock_key`](super::UpdateSwarm::rotate_manager_unlock_key).
    ///
    /// Calls `GET /swarm/unlockkey`, since API 1.25.
    ///
    /// # Errors
    ///
    /// Fails if the engine is not a swarm manager, or if it is locked (503).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let key = docker.swarm().unlock_key().await?;
    /// if key.is_empty() {
    ///     docker.swarm().update(|spec| spec.encryption_config.auto_lock_managers = true).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "SwarmUnlockKey")]
    #[doc(alias = "SwarmGetUnlockKey")]
    #[doc(alias = "unlock-key")]
    pub fn unlock_key(&self) -> GetUnlockKey {
        GetUnlockKey { swarm: self.clone(), settings: Settings::default() }
    }
}

/// A request for the unlock key of the swarm. Returned by [`Swarm::unlock_key`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct GetUnlockKey {
    swarm: Swarm,
    settings: Settings,
}

request!(GetUnlockKey => String, "swarm_unlock_key");

impl GetUnlockKey {
    async fn call(self) -> Result<String> {
        let api = self.swarm.docker.api("swarm_unlock_key", &self.settings).await?;
        Ok(api.document(api.swarm_unlock_key().await)?.unlock_key)
    }
}
