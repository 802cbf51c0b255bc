//! Unlocking a manager.

use super::Swarm;
use crate::{
    Result,
    models::SwarmUnlockKey,
    request::{Settings, request},
};

impl Swarm {
    /// Unlocks this manager after a restart, as `docker swarm unlock` does. A manager returns the key with
    /// [`unlock_key`](Self::unlock_key).
    ///
    /// Calls `POST /swarm/unlock`, since API 1.25.
    ///
    /// # Errors
    ///
    /// Fails if the key is malformed (400) or wrong (401), if the manager is not locked (409), or if the engine is not a
    /// swarm manager (503).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient, key: String) -> dockerclient::Result<()> {
    /// use dockerclient::models::LocalNodeState;
    ///
    /// if docker.info().await?.swarm.local_node_state == Some(LocalNodeState::Locked) {
    ///     docker.swarm().unlock(key).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "SwarmUnlock")]
    pub fn unlock(&self, key: impl Into<String>) -> UnlockSwarm {
        let body = SwarmUnlockKey { unlock_key: key.into() };
        UnlockSwarm { swarm: self.clone(), body, settings: Settings::default() }
    }
}

/// A request to unlock a manager. Returned by [`Swarm::unlock`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct UnlockSwarm {
    swarm: Swarm,
    body: SwarmUnlockKey,
    settings: Settings,
}

request!(UnlockSwarm => (), "swarm_unlock");

impl UnlockSwarm {
    async fn call(self) -> Result<()> {
        let api = self.swarm.docker.api("swarm_unlock", &self.settings).await?;
        api.done(api.swarm_unlock(&self.body).await)
    }
}

#[cfg(test)]
mod tests {
    use crate::DockerClient;

    #[test]
    fn debug_of_swarm_unlock_redacts_the_key() {
        let unlock = DockerClient::connect("tcp://127.0.0.1:1").unwrap().swarm().unlock("hunter2");
        let debug = format!("{unlock:?}");
        assert!(debug.contains("[redacted]") && !debug.contains("hunter2"), "{debug}");
    }
}
