//! Listing configs.

use super::Configs;
use crate::{
    Filters, Result, models,
    request::{Settings, request},
};

impl Configs {
    /// Lists the configs of the swarm, with their data, as `docker config ls` does.
    ///
    /// If an [`id`](ListConfigs::id) or a [`name`](ListConfigs::name) is set, a config has to match at least one of
    /// them. Calls `GET /configs`, since API 1.30.
    ///
    /// # Errors
    ///
    /// Fails if the engine rejects a filter (400 or 500), or if it is not a swarm manager (503).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// for config in docker.configs().list().label("app=web").await? {
    ///     println!("{} {}", config.id, config.spec.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ConfigList")]
    #[doc(alias = "ls")]
    pub fn list(&self) -> ListConfigs {
        ListConfigs { configs: self.clone(), filters: Filters::default(), settings: Settings::default() }
    }
}

/// A request to list configs. Returned by [`Configs::list`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ListConfigs {
    configs: Configs,
    filters: Filters,
    settings: Settings,
}

request!(ListConfigs => Vec<models::Config>, "config_list");

impl ListConfigs {
    /// Includes only configs whose id begins with `prefix` (repeat to match any of several).
    pub fn id(self, prefix: impl Into<String>) -> Self {
        self.filter("id", prefix)
    }

    /// Includes only configs whose name begins with `prefix`: `app` also matches `app-2` (repeat to match any of several).
    pub fn name(self, prefix: impl Into<String>) -> Self {
        self.filter("name", prefix)
    }

    /// Includes only configs with this label, `key` or `key=value` (repeat to require several labels).
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
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

    async fn call(self) -> Result<Vec<models::Config>> {
        let api = self.configs.docker.api("config_list", &self.settings).await?;
        api.document(api.config_list(self.filters.to_query().as_deref()).await)
    }
}
