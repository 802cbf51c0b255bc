//! Listing plugins.

use super::Plugins;
use crate::{
    Filters, Result, models,
    request::{Settings, request},
};

impl Plugins {
    /// Lists the plugins of the engine, enabled and disabled ones, as `docker plugin ls` does.
    ///
    /// Calls `GET /plugins`, since API 1.25.
    ///
    /// # Errors
    ///
    /// Fails if the engine rejects a filter (400 or 500).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// for plugin in docker.plugins().list().capability("volumedriver").await? {
    ///     println!("{} {:?}", plugin.name, plugin.config.interface.types);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "PluginList")]
    #[doc(alias = "ls")]
    pub fn list(&self) -> ListPlugins {
        ListPlugins { plugins: self.clone(), filters: Filters::default(), settings: Settings::default() }
    }
}

/// A request to list plugins. Returned by [`Plugins::list`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ListPlugins {
    plugins: Plugins,
    filters: Filters,
    settings: Settings,
}

request!(ListPlugins => Vec<models::Plugin>, "plugin_list");

impl ListPlugins {
    /// Includes only enabled plugins (`true`), or only disabled ones (`false`). Requires API 1.28.
    pub fn enabled(self, enabled: bool) -> Self {
        self.filter("enabled", enabled.to_string())
    }

    /// Includes only plugins with this capability, for example `volumedriver`, `networkdriver`, `logdriver` or `authz`
    /// (repeat to match any of several). A plugin with several capabilities is included only if all of them match. Requires
    /// API 1.28.
    pub fn capability(self, capability: impl Into<String>) -> Self {
        self.filter("capability", capability)
    }

    /// Adds a filter that has no dedicated method. Requires API 1.28.
    pub fn filter(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.filters.add(key, value);
        self
    }

    /// Adds filters. Requires API 1.28.
    pub fn filters(mut self, filters: impl Into<Filters>) -> Self {
        self.filters.extend(filters);
        self
    }

    async fn call(self) -> Result<Vec<models::Plugin>> {
        let api = self.plugins.docker.api("plugin_list", &self.settings).await?;
        api.document(api.plugin_list(self.filters.to_query().as_deref()).await)
    }
}
