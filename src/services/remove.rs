//! Removing a service.

use super::Service;
use crate::{
    Result,
    request::{Settings, request},
};

impl Service {
    /// Removes the service, as `docker service rm` does. The swarm stops and removes its containers afterwards.
    ///
    /// Calls `DELETE /services/{id}`, since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails if there is no such service (404), or if the engine is not a swarm manager (503; 406 from Docker 1.12).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.service("web").remove().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ServiceDelete")]
    #[doc(alias = "ServiceRemove")]
    #[doc(alias = "rm")]
    pub fn remove(&self) -> RemoveService {
        RemoveService { service: self.clone(), settings: Settings::default() }
    }
}

/// A request to remove a service. Returned by [`Service::remove`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct RemoveService {
    service: Service,
    settings: Settings,
}

request!(RemoveService => (), "service_delete", service.id);

impl RemoveService {
    async fn call(self) -> Result<()> {
        let (api, id) = self.service.api("service_delete", &self.settings).await?;
        api.done(api.service_delete(id).await)
    }
}
