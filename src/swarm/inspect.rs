//! Inspecting the swarm.

use super::Swarm;
use crate::{
    Result, models,
    request::{Settings, request},
};

impl Swarm {
    /// Returns the configuration and the join tokens of the swarm. Only managers have them.
    ///
    /// Join tokens are secrets: an engine that has one can join the swarm. `Debug` output redacts them.
    ///
    /// Calls `GET /swarm`, since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails if the engine is not a swarm manager (503): a worker, or not part of a swarm.
    /// [`DockerClient::info`](crate::DockerClient::info) distinguishes these, see the [module](crate::swarm).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # use dockerclient::{DockerClient, Result};
    /// # async fn example(docker: DockerClient, worker: DockerClient) -> Result<()> {
    /// let swarm = docker.swarm().inspect().await?;
    /// worker.swarm().join("192.168.0.10:2377", &swarm.join_tokens.worker).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "SwarmInspect")]
    #[doc(alias = "InspectSwarm")]
    #[doc(alias = "join-token")]
    pub fn inspect(&self) -> InspectSwarm {
        InspectSwarm { swarm: self.clone(), settings: Settings::default() }
    }

    /// Inspects the swarm as a part of another operation, with its settings.
    pub(super) async fn inspect_for(&self, operation: &'static str, settings: &Settings) -> Result<models::Swarm> {
        let inspect = InspectSwarm { swarm: self.clone(), settings: settings.clone() };
        inspect.call().await.map_err(|error| error.on_behalf_of(operation))
    }
}

/// A request to inspect the swarm. Returned by [`Swarm::inspect`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct InspectSwarm {
    swarm: Swarm,
    settings: Settings,
}

request!(InspectSwarm => models::Swarm, "swarm_inspect");

impl InspectSwarm {
    async fn call(self) -> Result<models::Swarm> {
        let api = self.swarm.docker.api("swarm_inspect", &self.settings).await?;
        api.document(api.swarm_inspect().await)
    }
}
