//! Changing the configuration of a service.

use std::{fmt, sync::Arc};

use super::{
    Service, image,
    networks::{move_networks_back, move_networks_to_tasks},
};
use crate::{
    Result,
    credentials::RegistryCredentials,
    models::{AuthConfig, ServiceSpec},
    request::{Settings, request},
    versioned::{ATTEMPTS, is_out_of_sequence},
};

impl Service {
    /// Changes the configuration of the service, as `docker service update` does, and returns the warnings of the engine.
    ///
    /// `change` gets the current configuration. The swarm replaces the tasks of the service afterwards, if that is
    /// necessary: see [`wait_until_converged`](Self::wait_until_converged). To replace all tasks, increase
    /// `task_template.force_update`, as `docker service update --force` does.
    ///
    /// Networks in the deprecated field `networks` are in `task_template.networks` when `change` is called, at API 1.25 and
    /// later. From API 1.44 on they stay there, so that the first update of such a service replaces its tasks.
    ///
    /// Fields that engines send and this crate does not know are not kept.
    ///
    /// Calls `GET /services/{id}`, then `POST /services/{id}/update`, since API 1.24. If the service is changed in the
    /// meantime, calls both and `change` again, at most 5 times. If `change` sets another image, also calls
    /// `GET /distribution/{name}/json`: see [`resolve_image`](UpdateService::resolve_image).
    ///
    /// # Errors
    ///
    /// Fails if there is no such service (404), if the configuration is not valid (400 or 500), if the mode of the service
    /// is changed (501; 500 from some engines), or if the engine is not a swarm manager (503; 406 from Docker 1.12).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let web = docker.service("web");
    /// web.update(|spec| spec.container_mut().image = "nginx:1.28".into()).await?;
    /// web.update(|spec| spec.task_template.force_update += 1).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ServiceUpdate")]
    #[doc(alias = "force")]
    pub fn update(&self, change: impl Fn(&mut ServiceSpec) + Send + Sync + 'static) -> UpdateService {
        let change = move |spec: &mut ServiceSpec| -> Result<()> {
            change(spec);
            Ok(())
        };
        let update = UpdateService::new(self.clone(), Arc::new(change), Settings::default());
        UpdateService { resolve_image: true, ..update }
    }

    /// Replaces the whole configuration of a version of the service, and returns the warnings of the engine.
    /// [`update`](Self::update) changes the current version.
    ///
    /// `version` is `version.index` of [`inspect`](Self::inspect). Calls `POST /services/{id}/update`, since API 1.24; below
    /// API 1.39 also `GET /services/{id}`, because unchanged fields are sent even if the version lacks them.
    ///
    /// # Errors
    ///
    /// Fails if this is not the current version of the service (409 or 500), otherwise as [`update`](Self::update) does.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let web = docker.service("web").inspect().await?;
    /// let mut spec = web.spec.clone();
    /// spec.labels.insert("team".into(), "a".into());
    /// web.handle(&docker).replace(web.version.index, spec).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn replace(&self, version: u64, spec: ServiceSpec) -> ReplaceService {
        ReplaceService {
            service: self.clone(),
            version,
            spec: Box::new(spec),
            credentials: None,
            registry_auth_from: None,
            settings: Settings::default(),
        }
    }
}

/// A change of the configuration of a service, which may fail.
pub(super) type Change = Arc<dyn Fn(&mut ServiceSpec) -> Result<()> + Send + Sync>;

/// A request to change the configuration of a service. Returned by [`Service::update`].
#[derive(Clone)]
#[must_use = "a request does nothing unless awaited"]
pub struct UpdateService {
    service: Service,
    change: Change,
    /// Credentials to send; `None` keeps those that the swarm has.
    credentials: Option<RegistryCredentials>,
    registry_auth_from: Option<RegistryAuthFrom>,
    resolve_image: bool,
    settings: Settings,
}

request!(UpdateService => Vec<String>, "service_update", service.id);

impl UpdateService {
    pub(super) fn new(service: Service, change: Change, settings: Settings) -> Self {
        Self { service, change, credentials: None, registry_auth_from: None, resolve_image: false, settings }
    }

    /// Sets whether to send the credentials of the user's configuration for the registry of the image, see
    /// [`DockerClient::credentials`](crate::DockerClient::credentials), for the nodes to pull it. Defaults to `false`: the
    /// swarm uses those that it has, see [`registry_auth_from`](Self::registry_auth_from).
    pub fn with_registry_auth(mut self, with_registry_auth: bool) -> Self {
        self.credentials = with_registry_auth.then(RegistryCredentials::default);
        self
    }

    /// Sends these credentials for the registry of the image, for the nodes to pull it.
    pub fn credentials(mut self, credentials: AuthConfig) -> Self {
        self.credentials = Some(RegistryCredentials::Given(credentials));
        self
    }

    /// Sets which credentials of the swarm are used if none are sent. Defaults to the credentials of the current configuration.
    /// Requires API 1.25.
    pub fn registry_auth_from(mut self, from: RegistryAuthFrom) -> Self {
        self.registry_auth_from = Some(from);
        self
    }

    /// Sets whether to add the digest of another image to its name, as for
    /// [`CreateService`](super::CreateService::resolve_image). Defaults to `true`.
    #[doc(alias = "no_resolve_image")]
    pub fn resolve_image(mut self, resolve_image: bool) -> Self {
        self.resolve_image = resolve_image;
        self
    }

    async fn call(self) -> Result<Vec<String>> {
        self.apply("service_update").await
    }

    /// Changes the service, as a part of `operation`.
    pub(super) async fn apply(&self, operation: &'static str) -> Result<Vec<String>> {
        let (api, id) = self.service.api(operation, &self.settings).await?;
        let docker = &self.service.docker;
        let from = self.registry_auth_from.map(RegistryAuthFrom::as_str);
        let mut attempt = 1;
        loop {
            let current = api.document(api.service_inspect(id, None).await)?;
            let mut spec = current.spec.clone();
            let networks = move_networks_to_tasks(&mut spec, api.version());
            api.during((self.change)(&mut spec))?;
            move_networks_back(&mut spec, &networks, api.version());
            let auth = api.during(image::registry_auth(docker, self.credentials.as_ref(), &spec).await)?;
            let mut warning = None;
            if self.resolve_image && image::name(&spec) != image::name(&current.spec) {
                let keeps_platforms = image::platforms(&spec) != image::platforms(&current.spec);
                warning = image::resolve(docker, &self.settings, &mut spec, auth.as_deref(), keeps_platforms).await;
            }
            let api = api.changing(&current.spec)?;
            let updated = api.service_update(id, from, None, current.version.index, auth.as_deref(), &spec).await;
            match api.document(updated) {
                Err(error) if attempt < ATTEMPTS && is_out_of_sequence(&error) => attempt += 1,
                updated => return Ok(warning.into_iter().chain(updated?.warnings).collect()),
            }
        }
    }
}

impl fmt::Debug for UpdateService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UpdateService")
            .field("service", &self.service)
            .field("credentials", &self.credentials)
            .field("registry_auth_from", &self.registry_auth_from)
            .field("resolve_image", &self.resolve_image)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// A request to replace the configuration of a service. Returned by [`Service::replace`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ReplaceService {
    service: Service,
    version: u64,
    spec: Box<ServiceSpec>,
    credentials: Option<RegistryCredentials>,
    registry_auth_from: Option<RegistryAuthFrom>,
    settings: Settings,
}

request!(ReplaceService => Vec<String>, "service_update", service.id);

impl ReplaceService {
    /// Sets whether to send the credentials of the user's configuration, as
    /// [`UpdateService::with_registry_auth`] does. Defaults to `false`.
    pub fn with_registry_auth(mut self, with_registry_auth: bool) -> Self {
        self.credentials = with_registry_auth.then(RegistryCredentials::default);
        self
    }

    /// Sends these credentials for the registry of the image, for the nodes to pull it.
    pub fn credentials(mut self, credentials: AuthConfig) -> Self {
        self.credentials = Some(RegistryCredentials::Given(credentials));
        self
    }

    /// Sets which credentials of the swarm are used if none are sent. Defaults to the credentials of the current configuration.
    /// Requires API 1.25.
    pub fn registry_auth_from(mut self, from: RegistryAuthFrom) -> Self {
        self.registry_auth_from = Some(from);
        self
    }

    async fn call(self) -> Result<Vec<String>> {
        let (mut api, id) = self.service.api("service_update", &self.settings).await?;
        if api.checks_unchanged_fields() {
            let current = api.document(api.service_inspect(id, None).await)?;
            api = api.changing(&current.spec)?;
        }
        let auth = image::registry_auth(&self.service.docker, self.credentials.as_ref(), &self.spec).await;
        let auth = api.during(auth)?;
        let from = self.registry_auth_from.map(RegistryAuthFrom::as_str);
        let updated = api.service_update(id, from, None, self.version, auth.as_deref(), &self.spec).await;
        Ok(api.document(updated)?.warnings)
    }
}

/// The credentials of the swarm that an update uses if it sends none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RegistryAuthFrom {
    /// The credentials of the current configuration.
    Spec,
    /// The credentials of the configuration before the last update.
    PreviousSpec,
}

impl RegistryAuthFrom {
    /// Returns the value as engines read it.
    fn as_str(self) -> &'static str {
        match self {
            Self::Spec => "spec",
            Self::PreviousSpec => "previous-spec",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DockerClient;

    #[test]
    fn debug_of_updates_redacts_credentials() {
        let web = DockerClient::connect("tcp://127.0.0.1:1").unwrap().service("web");
        let update = web.update(|_| {}).credentials(AuthConfig::new("me", "hunter2"));
        let debug = format!("{update:?}");
        assert!(debug.contains("me") && !debug.contains("hunter2"), "{debug}");
        let mut spec = ServiceSpec::default();
        spec.container_mut().env.push("TOKEN=hunter2".into());
        let debug = format!("{:?}", web.replace(1, spec));
        assert!(debug.contains("TOKEN") && !debug.contains("hunter2"), "{debug}");
    }
}
