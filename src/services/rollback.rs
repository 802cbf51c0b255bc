//! Returning a service to its previous configuration.

use super::{
    Service,
    networks::{move_networks_back, move_networks_to_tasks},
};
use crate::{
    Result,
    generated::Api,
    models,
    request::{Settings, request},
    versioned::{ATTEMPTS, is_out_of_sequence},
};

impl Service {
    /// Returns the service to the configuration before its last update, as `docker service rollback` does, and returns the
    /// warnings of the engine.
    ///
    /// The swarm replaces the tasks afterwards: see [`wait_until_converged`](Self::wait_until_converged).
    ///
    /// Calls `GET /services/{id}`, then `POST /services/{id}/update`, since API 1.28. Tries both again if only the version
    /// of the service has changed in the meantime, and not its configuration.
    ///
    /// # Errors
    ///
    /// Fails if there is no such service (404), if it has not been updated (400 or 500), if it is updated at the same time
    /// (409 or 500), or if the engine is not a swarm manager (503).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.service("web").rollback().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn rollback(&self) -> RollbackService {
        RollbackService { service: self.clone(), settings: Settings::default() }
    }
}

/// A request to return a service to its previous configuration. Returned by [`Service::rollback`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct RollbackService {
    service: Service,
    settings: Settings,
}

request!(RollbackService => Vec<String>, "service_rollback", service.id);

impl RollbackService {
    async fn call(self) -> Result<Vec<String>> {
        let (api, id) = self.service.api("service_rollback", &self.settings).await?;
        let mut current = api.document(api.service_inspect(id, None).await)?;
        for _ in 1..ATTEMPTS {
            match roll_back(&api, id, &current).await {
                Err(error) if is_out_of_sequence(&error) => {
                    let changed = api.document(api.service_inspect(id, None).await)?;
                    if !has_same_configurations(&changed, &current) {
                        return Err(error);
                    }
                    current = changed;
                }
                outcome => return outcome,
            }
        }
        roll_back(&api, id, &current).await
    }
}

/// Engines ignore the configuration, but reject one without containers.
async fn roll_back(api: &Api<'_>, id: &str, current: &models::Service) -> Result<Vec<String>> {
    let mut spec = current.spec.clone();
    // Newer versions reject the deprecated field.
    let networks = move_networks_to_tasks(&mut spec, api.version());
    move_networks_back(&mut spec, &networks, api.version());
    let updated =
        api.ignoring_fields().service_update(id, None, Some("previous"), current.version.index, None, &spec).await;
    Ok(api.document(updated)?.warnings)
}

/// Whether a rollback has the same effect on both states of a service.
fn has_same_configurations(one: &models::Service, other: &models::Service) -> bool {
    one.spec == other.spec && one.previous_spec == other.previous_spec
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{ObjectVersion, ServiceSpec};

    #[test]
    fn rollback_compares_configurations_without_the_version() {
        let service =
            models::Service { spec: ServiceSpec { name: "web".into(), ..Default::default() }, ..Default::default() };
        let newer = models::Service { version: ObjectVersion { index: 7 }, ..service.clone() };
        assert!(has_same_configurations(&service, &newer));
        let updated = models::Service { previous_spec: Some(Box::new(service.spec.clone())), ..newer };
        assert!(!has_same_configurations(&service, &updated));
    }
}
