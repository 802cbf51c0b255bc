//! Listing containers.

use super::{ContainerStatus, Containers};
use crate::{
    ApiVersion, Filters, Result,
    models::{ContainerSummary, HealthStatus},
    request::{Settings, request},
};

/// Since this version, `since` and `before` are filters only.
const LOST_PARAMETERS: ApiVersion = ApiVersion::new(1, 24);

impl Containers {
    /// Lists the running containers, newest first, as `docker ps` does. [`all`](ListContainers::all) includes the others.
    ///
    /// Calls `GET /containers/json`.
    ///
    /// # Errors
    ///
    /// Fails if the engine rejects a filter (400).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::containers::ContainerStatus;
    ///
    /// for exited in docker.containers().list().all(true).status(ContainerStatus::Exited).label("app=web").await? {
    ///     exited.handle(&docker).remove().await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerList")]
    #[doc(alias = "ListContainers")]
    #[doc(alias = "ps")]
    pub fn list(&self) -> ListContainers {
        ListContainers {
            containers: self.clone(),
            all: None,
            limit: None,
            since: None,
            before: None,
            size: None,
            filters: Filters::default(),
            settings: Settings::default(),
        }
    }
}

/// A request to list containers. Returned by [`Containers::list`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ListContainers {
    containers: Containers,
    all: Option<bool>,
    limit: Option<i64>,
    since: Option<String>,
    before: Option<String>,
    size: Option<bool>,
    filters: Filters,
    settings: Settings,
}

request!(ListContainers => Vec<ContainerSummary>, "container_list");

impl ListContainers {
    /// Sets whether to include containers that are not running. Defaults to `false`.
    pub fn all(mut self, all: bool) -> Self {
        self.all = Some(all);
        self
    }

    /// Limits the list to the newest `limit` containers, running or not. Defaults to 0, which means no limit.
    pub fn limit(mut self, limit: u32) -> Self {
        self.limit = Some(limit.into());
        self
    }

    /// Includes only containers that were created after the container with this id or name.
    pub fn since(mut self, container: impl Into<String>) -> Self {
        self.since = Some(container.into());
        self
    }

    /// Includes only containers that were created before the container with this id or name.
    pub fn before(mut self, container: impl Into<String>) -> Self {
        self.before = Some(container.into());
        self
    }

    /// Sets whether to measure the size of each container's files, which is slow. Defaults to `false`.
    pub fn size(mut self, size: bool) -> Self {
        self.size = Some(size);
        self
    }

    /// Includes only containers with this status (repeat to match any of several). Set [`all`](Self::all) for a status other
    /// than running or paused.
    pub fn status(self, status: impl Into<ContainerStatus>) -> Self {
        let status = status.into();
        self.filter("status", status.as_str())
    }

    /// Includes only containers that exited with `code` (repeat to match any of several). Also set [`all`](Self::all).
    pub fn exited(self, code: i64) -> Self {
        self.filter("exited", code.to_string())
    }

    /// Includes only containers whose id begins with `prefix` (repeat to match any of several). Old engines match ids
    /// that contain it. Requires API 1.16.
    pub fn id(self, prefix: impl Into<String>) -> Self {
        self.filter("id", prefix)
    }

    /// Includes only containers whose name matches this regular expression (repeat to match any of several). Requires API 1.16.
    ///
    /// The expression matches anywhere in the name: `web` also matches `my-web-prod`. For an exact name, use `^/?web$`:
    /// engines match names with their leading slash.
    pub fn name(self, pattern: impl Into<String>) -> Self {
        self.filter("name", pattern)
    }

    /// Includes only containers with this label, `key` or `key=value` (repeat to require several labels).
    /// Requires API 1.18.
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
    }

    /// Includes only containers of this image, by name or id, or of one that was built from it (repeat to match any of
    /// several). Requires API 1.21.
    pub fn ancestor(self, image: impl Into<String>) -> Self {
        self.filter("ancestor", image)
    }

    /// Includes only containers that mount this volume, by its name or by the path in the container (repeat to
    /// match any of several). Requires API 1.23.
    pub fn volume(self, volume: impl Into<String>) -> Self {
        self.filter("volume", volume)
    }

    /// Includes only containers that are connected to this network, by id or name (repeat to match any of several). Requires
    /// API 1.24.
    pub fn network(self, network: impl Into<String>) -> Self {
        self.filter("network", network)
    }

    /// Includes only containers whose health is `starting`, `healthy`, `unhealthy` or `none` (repeat to match any of several).
    /// Requires API 1.25.
    pub fn health(self, health: impl Into<HealthStatus>) -> Self {
        self.filter("health", health.into().as_str())
    }

    /// Includes only containers that publish this port or range of ports, for example `80/tcp` or `8000-8080` (repeat to
    /// match any of several). Requires API 1.28.
    pub fn publish(self, port: impl Into<String>) -> Self {
        self.filter("publish", port)
    }

    /// Includes only containers that expose this port or range of ports, for example `80/tcp` or `8000-8080` (repeat to
    /// match any of several). Requires API 1.28.
    pub fn expose(self, port: impl Into<String>) -> Self {
        self.filter("expose", port)
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

    async fn call(mut self) -> Result<Vec<ContainerSummary>> {
        let api = self.containers.docker.api("container_list", &self.settings).await?;
        // Engines since 1.12 read `since` and `before` as filters only, those before 1.10 as parameters only.
        for (key, container) in [("since", &self.since), ("before", &self.before)] {
            if let Some(container) = container {
                self.filters.add(key, container);
            }
        }
        let (since, before) = match api.version() < LOST_PARAMETERS {
            true => (self.since.as_deref(), self.before.as_deref()),
            false => (None, None),
        };
        // A limit includes containers that are not running. Podman counts them, and leaves them out without `all`.
        let all = self.all.or(self.limit.filter(|&limit| limit > 0).map(|_| true));
        let filters = self.filters.to_query();
        api.document(api.container_list(all, before, filters.as_deref(), self.limit, since, self.size).await)
    }
}
