//! Inspecting a service.

use super::Service;
use crate::{
    Exists, Optional, Result, models,
    request::{Settings, request},
};

impl Service {
    /// Returns the configuration and the state of the service, as `docker service inspect` does.
    ///
    /// Calls `GET /services/{id}`, since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails if there is no such service (404); see [`try_inspect`](Self::try_inspect). Fails if the engine is not a
    /// swarm manager (503; 406 from Docker 1.12).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// for port in docker.service("web").inspect().await?.endpoint.ports {
    ///     println!("{} -> {}", port.published_port, port.target_port);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ServiceInspect")]
    pub fn inspect(&self) -> InspectService {
        InspectService { service: self.clone(), insert_defaults: None, settings: Settings::default() }
    }

    /// Returns the configuration and the state of the service, or `None` if there is no such service.
    ///
    /// Calls `GET /services/{id}`, since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails as [`inspect`](Self::inspect) does, except if the service does not exist.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if let Some(web) = docker.service("web").try_inspect().await? {
    ///     println!("{}", web.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_inspect(&self) -> Optional<models::Service> {
        self.inspect().optional()
    }

    /// Returns whether there is such a service.
    ///
    /// Calls `GET /services/{id}`, since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails as [`try_inspect`](Self::try_inspect) does.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if !docker.service("web").exists().await? {
    ///     docker.services().create("nginx:1.27").name("web").await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn exists(&self) -> Exists {
        Exists::new(self.try_inspect())
    }

    /// Inspects the service as a part of another operation, with its settings.
    pub(super) async fn inspect_for(&self, operation: &'static str, settings: &Settings) -> Result<models::Service> {
        let inspect = InspectService { service: self.clone(), insert_defaults: None, settings: settings.clone() };
        inspect.call().await.map_err(|error| error.on_behalf_of(operation))
    }
}

/// A request to inspect a service. Returned by [`Service::inspect`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct InspectService {
    service: Service,
    insert_defaults: Option<bool>,
    settings: Settings,
}

request!(InspectService => models::Service, "service_inspect", service.id);

impl InspectService {
    /// Sets whether to fill settings that are not set with the defaults of the engine. Defaults to `false`. Requires API
    /// 1.29.
    pub fn insert_defaults(mut self, insert_defaults: bool) -> Self {
        self.insert_defaults = Some(insert_defaults);
        self
    }

    /// Resolves to `None` if there is no such service, instead of failing.
    pub fn optional(self) -> Optional<models::Service> {
        Optional::new(self.settings.clone(), move |settings| Self { settings, ..self })
    }

    async fn call(self) -> Result<models::Service> {
        let (api, id) = self.service.api("service_inspect", &self.settings).await?;
        api.document(api.service_inspect(id, self.insert_defaults).await)
    }
}
