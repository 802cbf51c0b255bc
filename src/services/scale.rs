//! Changing the number of tasks of a service.

use std::sync::Arc;

use super::{Service, UpdateService};
use crate::{
    Error, Result,
    models::ServiceSpec,
    request::{Settings, request},
};

impl Service {
    /// Sets the number of tasks of a replicated service, or the number of completions of a replicated job, as
    /// `docker service scale` does, and returns the warnings of the engine.
    ///
    /// The swarm starts or stops tasks afterwards: see [`wait_until_converged`](Self::wait_until_converged).
    ///
    /// Calls `GET /services/{id}`, then `POST /services/{id}/update`, since API 1.24. If the service was changed in the
    /// meantime, tries both again, at most 5 times.
    ///
    /// # Errors
    ///
    /// Fails if the service is global ([`is_bad_request`](Error::is_bad_request)), if there is no such service (404), or if
    /// the engine is not a swarm manager (503; 406 from Docker 1.12).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.service("web").scale(5).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "replicas")]
    pub fn scale(&self, replicas: u64) -> ScaleService {
        ScaleService { service: self.clone(), replicas, settings: Settings::default() }
    }
}

/// A request to change the number of tasks of a service. Returned by [`Service::scale`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ScaleService {
    service: Service,
    replicas: u64,
    settings: Settings,
}

request!(ScaleService => Vec<String>, "service_scale", service.id);

impl ScaleService {
    async fn call(self) -> Result<Vec<String>> {
        let Self { service, replicas, settings } = self;
        let change = move |spec: &mut ServiceSpec| set_replicas(spec, replicas);
        let update = UpdateService::new(service, Arc::new(change), settings);
        update.apply("service_scale").await
    }
}

fn set_replicas(spec: &mut ServiceSpec, replicas: u64) -> Result<()> {
    let mode = &mut spec.mode;
    if mode.global.is_some() || mode.global_job.is_some() {
        return Err(Error::invalid_input("a global service cannot be scaled: it has one task on each node"));
    }
    match &mut mode.replicated_job {
        Some(job) => job.total_completions = Some(replicas),
        None => mode.replicated.get_or_insert_default().replicas = Some(replicas),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::{GlobalService, ReplicatedJob, ReplicatedService, ServiceMode};

    #[track_caller]
    fn scaled(mode: ServiceMode) -> Result<ServiceMode> {
        let mut spec = ServiceSpec { mode, ..Default::default() };
        set_replicas(&mut spec, 3)?;
        Ok(spec.mode)
    }

    #[test]
    fn scale_sets_replicas_or_completions() {
        let three = ServiceMode { replicated: Some(ReplicatedService { replicas: Some(3) }), ..Default::default() };
        let one = ServiceMode { replicated: Some(ReplicatedService { replicas: Some(1) }), ..Default::default() };
        assert_eq!(scaled(one).unwrap(), three);
        assert_eq!(scaled(ServiceMode::default()).unwrap(), three);
        let job = ReplicatedJob { max_concurrent: Some(2), total_completions: Some(9) };
        let scaled_job = scaled(ServiceMode { replicated_job: Some(job), ..Default::default() }).unwrap();
        let want = ReplicatedJob { max_concurrent: Some(2), total_completions: Some(3) };
        assert_eq!((scaled_job.replicated_job, scaled_job.replicated), (Some(want), None));
    }

    #[test]
    fn scale_rejects_global_services() {
        let global = ServiceMode { global: Some(GlobalService::default()), ..Default::default() };
        assert!(scaled(global).unwrap_err().is_bad_request());
    }
}
