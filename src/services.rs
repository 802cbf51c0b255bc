//! Services of a swarm: the handles [`Services`] and [`Service`], and the requests that their methods return.

use std::fmt;

use crate::{DockerClient, Result, generated::Api, models, monitor::ServiceMonitor, request::Settings, validate};

mod create;
mod image;
mod inspect;
mod list;
mod logs;
mod networks;
mod remove;
mod rollback;
mod scale;
mod tasks;
mod update;
mod wait_until_converged;

pub use self::{
    create::{CreateService, CreatedService},
    inspect::InspectService,
    list::ListServices,
    logs::ReadServiceLogs,
    remove::RemoveService,
    rollback::RollbackService,
    scale::ScaleService,
    update::{RegistryAuthFrom, ReplaceService, UpdateService},
    wait_until_converged::{
        Convergence, ConvergenceState, ServiceProgress, TaskError, TaskProgress, WaitUntilConverged, WatchConvergence,
    },
};

/// A handle for the services of a swarm. Returned by [`DockerClient::services`]. Requires API 1.24.
///
/// All requests fail if the engine is not a swarm manager (503; 406 from Docker 1.12).
#[derive(Clone, Debug)]
pub struct Services {
    docker: DockerClient,
}

impl Services {
    pub(crate) fn new(docker: DockerClient) -> Self {
        Self { docker }
    }

    /// Watches the services of the swarm, across lost connections, restarts of the engine and changes of the leader.
    ///
    /// Sends nothing until it is polled. Calls `GET /events`, `GET /services` and `GET /_ping`, since API 1.24. Dropping the
    /// monitor closes its connections.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::monitor::ServiceUpdate;
    ///
    /// let mut updates = docker.services().monitor().label("app=web");
    /// while let Some(update) = updates.next().await {
    ///     match update {
    ///         ServiceUpdate::Snapshot(all) => println!("{} services", all.len()),
    ///         ServiceUpdate::Changed(service) => println!("{}: {:?}", service.spec.name, service.update_status),
    ///         ServiceUpdate::Disconnected { error, .. } => eprintln!("{error}"),
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "watch")]
    pub fn monitor(&self) -> ServiceMonitor {
        ServiceMonitor::new(self.docker.clone())
    }
}

/// A handle for one service of a swarm. Returned by [`DockerClient::service`], which sends nothing. Requires API 1.24.
///
/// All requests fail if there is no such service (404), or if the engine is not a swarm manager (503; 406 from
/// Docker 1.12), unless documented otherwise.
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// let web = docker.services().create("nginx:1.27").name("web").replicas(2).publish(8080, 80).await?;
/// web.update(|spec| spec.container_mut().image = "nginx:1.28".into()).await?;
/// web.wait_until_converged().await?;
/// web.scale(4).await?;
/// web.remove().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Service {
    docker: DockerClient,
    id: String,
}

impl Service {
    pub(crate) fn new(docker: DockerClient, id: String) -> Self {
        Self { docker, id }
    }

    /// Returns the id or name that the handle was created with. For a service that was created by this client or
    /// listed, it is the id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the generated client, and the name or id validated for use in a path.
    async fn api(&self, operation: &'static str, settings: &Settings) -> Result<(Api<'_>, &str)> {
        let id = validate::service(&self.id).map_err(|error| error.during(operation))?;
        let api = self.docker.api(operation, settings).await.map_err(|error| error.about(Some(id)))?;
        Ok((api.of(id), id))
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Service").field(&self.id).finish()
    }
}

impl From<Service> for String {
    fn from(service: Service) -> Self {
        service.id
    }
}

impl From<&Service> for String {
    fn from(service: &Service) -> Self {
        service.id.clone()
    }
}

impl models::Service {
    /// Returns the handle of this service.
    #[must_use]
    pub fn handle(&self, docker: &DockerClient) -> Service {
        docker.service(&self.id)
    }
}

impl models::ServiceSpec {
    /// Returns the configuration of the containers of the service, to be changed. Adds an empty one if there is none.
    ///
    /// ```
    /// use dockerclient::models::ServiceSpec;
    ///
    /// let mut spec = ServiceSpec::default();
    /// spec.container_mut().hostname = "web".into();
    /// assert_eq!(spec.task_template.container_spec.unwrap().hostname, "web");
    /// ```
    pub fn container_mut(&mut self) -> &mut models::ContainerSpec {
        self.task_template.container_spec.get_or_insert_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_requests_can_be_sent_between_threads() {
        fn check<R: IntoFuture<IntoFuture: Send> + Send + Sync + fmt::Debug + 'static>(_: R) {}

        let docker = DockerClient::connect("tcp://127.0.0.1:1").unwrap();
        let web = docker.service("web");
        check(docker.services().list());
        check(docker.services().create("nginx").secret("app", "app").config("site", "/site"));
        check(web.inspect());
        check(web.update(|_| {}).with_registry_auth(true));
        check(web.replace(1, models::ServiceSpec::default()));
        check(web.rollback());
        check(web.scale(2));
        check(web.logs());
        check(web.wait_until_converged());
        check(web.wait_until_converged().progress());
        check(web.remove());
    }
}
