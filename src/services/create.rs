//! Creating services, with settings named like the flags of `docker service create`.

use std::ops::Deref;

use super::{Service, Services, image};
use crate::{
    ApiVersion, Error, Result,
    credentials::RegistryCredentials,
    models::{
        AuthConfig, ContainerSpec, GlobalJob, GlobalService, ReplicatedJob, ReplicatedService, ServiceMode,
        ServiceSpec, TaskSpec,
    },
    request::{Settings, request},
};

mod files;
mod network;
mod process;
mod references;
mod rollout;
mod scheduling;
mod security;
#[cfg(test)]
mod tests;

use self::references::{Reference, configs, secrets};

/// Since this version, networks are part of the configuration of the tasks.
const NETWORKS_OF_TASKS: ApiVersion = ApiVersion::new(1, 25);

impl Services {
    /// Creates a service that runs containers of an image, as `docker service create` does.
    ///
    /// Unset settings default to the settings of the image and the engine. The mode is replicated, with one task, unless
    /// [`replicas`](CreateService::replicas), [`global`](CreateService::global) or a job is set. The swarm starts the tasks
    /// afterwards: see [`wait_until_converged`](super::Service::wait_until_converged).
    ///
    /// Calls `POST /services/create`, since API 1.24, without a response timeout. First calls `GET
    /// /distribution/{name}/json` for the digest of the image, unless [`resolve_image`](CreateService::resolve_image) is
    /// `false` or the API version is older than 1.30; `GET /secrets` if there are [secrets](CreateService::secret), for
    /// their ids; and `GET /configs` if there are [configs](CreateService::config).
    ///
    /// # Errors
    ///
    /// Fails if the engine is not a swarm manager (503; 406 from Docker 1.12), if the name is in use (409), if a network
    /// does not exist (404), if a secret or config does not exist or a setting is not valid
    /// ([`is_bad_request`](crate::Error::is_bad_request), or 500 from the engine), or if a setting is newer than the API
    /// version in use ([`is_unsupported`](crate::Error::is_unsupported)).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let web = docker
    ///     .services()
    ///     .create("nginx:1.27")
    ///     .name("web")
    ///     .replicas(3)
    ///     .publish(8080, 80)
    ///     .secret("site-key", "site.key")
    ///     .constraint("node.role==worker")
    ///     .limit_memory("512m")
    ///     .update_order("start-first")
    ///     .await?;
    /// println!("{} {:?}", web.id(), web.warnings);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ServiceCreate")]
    pub fn create(&self, image: impl Into<String>) -> CreateService {
        let container = ContainerSpec { image: image.into(), ..Default::default() };
        let task_template = TaskSpec { container_spec: Some(container), ..Default::default() };
        CreateService {
            services: self.clone(),
            spec: Box::new(ServiceSpec { task_template, ..Default::default() }),
            secrets: Vec::new(),
            configs: Vec::new(),
            credentials: None,
            resolve_image: true,
            max_concurrent: None,
            invalid: None,
            settings: Settings::default(),
        }
    }
}

/// A request to create a service. Returned by [`Services::create`].
///
/// A setting that is not valid makes the call fail ([`is_bad_request`](crate::Error::is_bad_request)), and nothing is sent;
/// with several, the first is reported.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct CreateService {
    services: Services,
    spec: Box<ServiceSpec>,
    secrets: Vec<Reference>,
    configs: Vec<Reference>,
    /// Credentials to send.
    credentials: Option<RegistryCredentials>,
    resolve_image: bool,
    max_concurrent: Option<u64>,
    /// The error of the first invalid setting.
    invalid: Option<Error>,
    settings: Settings,
}

request!(CreateService => CreatedService, "service_create");

impl CreateService {
    /// Sets the name of the service. Defaults to a name that the engine generates.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.spec.name = name.into();
        self
    }

    /// Adds a label to the service. Labels of its containers are [separate](Self::container_label).
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.spec.labels.insert(key.into(), value.into());
        self
    }

    /// Adds labels to the service.
    pub fn labels<K: Into<String>, T: Into<String>>(mut self, labels: impl IntoIterator<Item = (K, T)>) -> Self {
        self.spec.labels.extend(labels.into_iter().map(|(key, value)| (key.into(), value.into())));
        self
    }

    /// Sets the number of tasks of the service, which is then replicated. Defaults to 1.
    pub fn replicas(mut self, replicas: u64) -> Self {
        let replicated = ReplicatedService { replicas: Some(replicas) };
        self.spec.mode = ServiceMode { replicated: Some(replicated), ..Default::default() };
        self
    }

    /// Runs one task on each node that satisfies the [constraints](Self::constraint), as `docker service create --mode
    /// global` does, instead of a number of tasks.
    #[doc(alias = "mode")]
    pub fn global(mut self) -> Self {
        self.spec.mode = ServiceMode { global: Some(GlobalService::default()), ..Default::default() };
        self
    }

    /// Creates a job: tasks that are not started again once `completions` of them have exited successfully. Requires API
    /// 1.41.
    ///
    /// One task runs at a time, unless [`max_concurrent`](Self::max_concurrent) is set; `docker service create` runs all at the
    /// same time.
    pub fn replicated_job(mut self, completions: u64) -> Self {
        let job = ReplicatedJob { total_completions: Some(completions), ..Default::default() };
        self.spec.mode = ServiceMode { replicated_job: Some(job), ..Default::default() };
        self
    }

    /// Sets the number of tasks of a [`replicated_job`](Self::replicated_job) that run at the same time; an error for other
    /// services. Defaults to 1. Requires API 1.41.
    pub fn max_concurrent(mut self, tasks: u64) -> Self {
        self.max_concurrent = Some(tasks);
        self
    }

    /// Creates a job that runs one task on each node until it has exited successfully. Requires API 1.41.
    pub fn global_job(mut self) -> Self {
        self.spec.mode = ServiceMode { global_job: Some(GlobalJob::default()), ..Default::default() };
        self
    }

    /// Sets whether to send the credentials of the user's configuration for the registry of the image, see
    /// [`DockerClient::credentials`](crate::DockerClient::credentials). The swarm stores them, and the nodes pull the image
    /// with them. Defaults to `false`, as for the Docker CLI.
    pub fn with_registry_auth(mut self, with_registry_auth: bool) -> Self {
        self.credentials = with_registry_auth.then(RegistryCredentials::default);
        self
    }

    /// Sends these credentials for the registry of the image. The swarm stores them, and the nodes pull the image with them.
    pub fn credentials(mut self, credentials: AuthConfig) -> Self {
        self.credentials = Some(RegistryCredentials::Given(credentials));
        self
    }

    /// Sets whether to first request the digest and the platforms of the image from the registry
    /// (`GET /distribution/{name}/json`), and to add the digest to the name of the image, so that all nodes run the same
    /// version of it, and the platforms to the placement. Defaults to `true`.
    ///
    /// If the registry does not return the digest, the image name is sent unchanged, and the result contains a warning. Below
    /// API 1.30, engines resolve the image on their own.
    #[doc(alias = "no_resolve_image")]
    pub fn resolve_image(mut self, resolve_image: bool) -> Self {
        self.resolve_image = resolve_image;
        self
    }

    /// Changes the configuration of the service, for fields that have no setter here.
    ///
    /// ```
    /// # fn example(docker: dockerclient::DockerClient) {
    /// let service = docker.services().create("nginx").spec(|spec| spec.container_mut().open_stdin = true);
    /// # drop(service);
    /// # }
    /// ```
    pub fn spec(mut self, change: impl FnOnce(&mut ServiceSpec)) -> Self {
        change(&mut self.spec);
        self
    }

    /// Sets a value that may be invalid.
    fn try_set<T>(mut self, value: Result<T>, set: impl FnOnce(&mut Self, T)) -> Self {
        match value {
            Ok(value) => set(&mut self, value),
            Err(error) => _ = self.invalid.get_or_insert(error),
        }
        self
    }

    async fn call(self) -> Result<CreatedService> {
        let Self { services, mut spec, secrets: requested_secrets, configs: requested_configs, settings, .. } = self;
        if let Some(error) = self.invalid {
            return Err(error.during("service_create"));
        }
        limit_concurrency(&mut spec.mode, self.max_concurrent).map_err(|error| error.during("service_create"))?;
        let docker = &services.docker;
        let api = docker.api("service_create", &settings).await?;
        move_networks(&mut spec, api.version());
        let auth = api.during(image::registry_auth(docker, self.credentials.as_ref(), &spec).await)?;
        if !requested_secrets.is_empty() {
            spec.container_mut().secrets.extend(secrets(&api, &requested_secrets).await?);
        }
        if !requested_configs.is_empty() {
            spec.container_mut().configs.extend(configs(&api, &requested_configs).await?);
        }
        let mut warning = None;
        if self.resolve_image {
            let keeps_platforms = !image::platforms(&spec).is_empty();
            warning = image::resolve(docker, &settings, &mut spec, auth.as_deref(), keeps_platforms).await;
        }
        let created = api.document(api.service_create(auth.as_deref(), &spec).await)?;
        let warnings = warning.into_iter().chain(created.warnings).collect();
        Ok(CreatedService { service: docker.service(created.id), warnings })
    }
}

/// Sets the number of tasks of a job that run at the same time.
fn limit_concurrency(mode: &mut ServiceMode, max_concurrent: Option<u64>) -> Result<()> {
    match (max_concurrent, &mut mode.replicated_job) {
        (None, _) => Ok(()),
        (Some(tasks), Some(job)) => {
            job.max_concurrent = Some(tasks);
            Ok(())
        }
        (Some(_), None) => Err(Error::invalid_input("max_concurrent() requires replicated_job()")),
    }
}

/// Moves the networks to the field that engines of this version read.
fn move_networks(spec: &mut ServiceSpec, version: ApiVersion) {
    if version < NETWORKS_OF_TASKS {
        spec.networks.append(&mut spec.task_template.networks);
    }
}

/// A new service. Dereferences to its handle.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreatedService {
    /// Handle of the service, by its id.
    pub service: Service,
    /// Warnings of the engine, and a warning if the digest of the image could not be determined.
    pub warnings: Vec<String>,
}

impl Deref for CreatedService {
    type Target = Service;

    fn deref(&self) -> &Service {
        &self.service
    }
}
