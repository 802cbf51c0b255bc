//! Leaving a swarm.

use super::Swarm;
use crate::{
    Result,
    request::{Settings, request},
};

impl Swarm {
    /// Removes this engine from its swarm, as `docker swarm leave` does, and the containers of its tasks from the engine.
    ///
    /// The swarm keeps the node, which is `down`, until a manager [removes](crate::nodes::Node::remove) it.
    ///
    /// Calls `POST /swarm/leave`, since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails if the engine is not part of a swarm (503), or if it is a manager or locked and [`force`](LeaveSwarm::force) is
    /// not set (503).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.swarm().leave().force(true).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "SwarmLeave")]
    #[doc(alias = "LeaveSwarm")]
    pub fn leave(&self) -> LeaveSwarm {
        LeaveSwarm { swarm: self.clone(), force: None, settings: Settings::default() }
    }
}

/// A request to leave the swarm. Returned by [`Swarm::leave`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct LeaveSwarm {
    swarm: Swarm,
    force: Option<bool>,
    settings: Settings,
}

request!(LeaveSwarm => (), "swarm_leave");

impl LeaveSwarm {
    /// Sets whether to leave even if the engine is a manager or locked. If the last manager leaves, the swarm is deleted. If
    /// no majority of the managers remains, the swarm loses its quorum and cannot be managed. Defaults to `false`.
    pub fn force(mut self, force: bool) -> Self {
        self.force = Some(force);
        self
    }

    async fn call(self) -> Result<()> {
        let api = self.swarm.docker.api("swarm_leave", &self.settings).await?;
        api.done(api.swarm_leave(self.force).await)
    }
}
