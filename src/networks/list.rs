//! Listing networks.

use super::Networks;
use crate::{
    Filters, Result, models,
    request::{Settings, request},
};

impl Networks {
    /// Lists networks, as `docker network ls` does. Since API 1.28, without their containers.
    ///
    /// Calls `GET /networks`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails if the engine rejects a filter (400).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// for network in docker.networks().list().driver("bridge").await? {
    ///     println!("{:.12} {}", network.id, network.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "NetworkList")]
    #[doc(alias = "ListNetworks")]
    #[doc(alias = "ls")]
    pub fn list(&self) -> ListNetworks {
        ListNetworks { networks: self.clone(), filters: Filters::default(), settings: Settings::default() }
    }
}

/// A request to list networks. Returned by [`Networks::list`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ListNetworks {
    networks: Networks,
    filters: Filters,
    settings: Settings,
}

request!(ListNetworks => Vec<models::Network>, "network_list");

impl ListNetworks {
    /// Includes only networks whose name contains `part`: `back` also matches `my-back-2` (repeat to match any of several).
    pub fn name(self, part: impl Into<String>) -> Self {
        self.filter("name", part)
    }

    /// Includes only networks whose id begins with `prefix` (repeat to match any of several).
    pub fn id(self, prefix: impl Into<String>) -> Self {
        self.filter("id", prefix)
    }

    /// Includes only networks that users created (`true`), or only those of the engine (`false`). Requires API 1.22.
    pub fn custom(self, custom: bool) -> Self {
        self.filter("type", if custom { "custom" } else { "builtin" })
    }

    /// Includes only networks that no container uses (`true`), or only the others (`false`). Requires API 1.40.
    ///
    /// Engine 20.10 treats all networks that users created as unused.
    pub fn dangling(self, dangling: bool) -> Self {
        self.filter("dangling", dangling.to_string())
    }

    /// Includes only networks of this driver, for example `bridge` (repeat to match any of several). Requires API 1.24.
    pub fn driver(self, driver: impl Into<String>) -> Self {
        self.filter("driver", driver)
    }

    /// Includes only networks with this label, `key` or `key=value` (repeat to require several labels).
    /// Requires API 1.24.
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

    async fn call(self) -> Result<Vec<models::Network>> {
        let api = self.networks.docker.api("network_list", &self.settings).await?;
        api.document(api.network_list(self.filters.to_query().as_deref()).await)
    }
}
