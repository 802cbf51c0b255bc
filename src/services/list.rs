//! Listing services.

use super::Services;
use crate::{
    Filters, Result,
    models::{self, TaskRuntime},
    request::{Settings, request},
};

impl Services {
    /// Lists the services of the swarm, as `docker service ls` does.
    ///
    /// Calls `GET /services`, since API 1.24.
    ///
    /// # Errors
    ///
    /// Fails if the engine is not a swarm manager (503; 406 from Docker 1.12), or if it rejects a filter (400).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// for service in docker.services().list().label("app=web").status(true).await? {
    ///     let status = service.service_status.unwrap_or_default();
    ///     println!("{} {}/{}", service.spec.name, status.running_tasks, status.desired_tasks);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ServiceList")]
    #[doc(alias = "ls")]
    pub fn list(&self) -> ListServices {
        ListServices {
            services: self.clone(),
            filters: Filters::default(),
            status: None,
            settings: Settings::default(),
        }
    }
}

/// A request to list services. Returned by [`Services::list`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ListServices {
    services: Services,
    filters: Filters,
    status: Option<bool>,
    settings: Settings,
}

request!(ListServices => Vec<models::Service>, "service_list");

impl ListServices {
    /// Includes only services whose id begins with `prefix` (repeat to match any of several).
    pub fn id(self, prefix: impl Into<String>) -> Self {
        self.filter("id", prefix)
    }

    /// Includes only services whose name begins with `prefix` (repeat to match any of several).
    pub fn name(self, prefix: impl Into<String>) -> Self {
        self.filter("name", prefix)
    }

    /// Includes only services with this label, `key` or `key=value` (repeat to require several labels).
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
    }

    /// Includes only services of this mode: `replicated` or `global`, and since API 1.41 `replicated-job` or
    /// `global-job` (repeat to match any of several). Requires API 1.29.
    pub fn mode(self, mode: impl Into<String>) -> Self {
        self.filter("mode", mode)
    }

    /// Includes only services whose tasks are containers (`container`) or plugins (`plugin`). Defaults to containers.
    /// Requires API 1.31.
    pub fn runtime(self, runtime: impl Into<TaskRuntime>) -> Self {
        let runtime = runtime.into();
        self.filter("runtime", runtime.as_str())
    }

    /// Sets whether to include the number of running and of desired tasks of each service (`service_status`). Defaults to
    /// `false`. Requires API 1.41.
    pub fn status(mut self, status: bool) -> Self {
        self.status = Some(status);
        self
    }

    /// Adds a filter that has no dedicated method.
    pub fn filter(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.filters.add(key, value);
        self
    }

    /// Adds filters.
    pub fn filters(mut self, filters: impl Into<Filters>) -> Self {
        self.filters.extend(filters);
        self
    }

    async fn call(self) -> Result<Vec<models::Service>> {
        let api = self.services.docker.api("service_list", &self.settings).await?;
        api.document(api.service_list(self.filters.to_query().as_deref(), self.status).await)
    }
}
