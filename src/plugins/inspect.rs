//! Inspecting a plugin.

use super::Plugin;
use crate::{
    Exists, Optional, Result, models,
    request::{Settings, request},
};

impl Plugin {
    /// Returns the configuration and the settings of the plugin, as `docker plugin inspect` does.
    ///
    /// Calls `GET /plugins/{name}/json`, since API 1.25.
    ///
    /// # Errors
    ///
    /// Fails if there is no such plugin (404), see [`try_inspect`](Self::try_inspect), or if several ids begin with the
    /// name (400; 500 from old engines).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let sshfs = docker.plugin("vieux/sshfs").inspect().await?;
    /// println!("{} {} {:?}", sshfs.id, sshfs.enabled, sshfs.settings.mounts);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "PluginInspect")]
    pub fn inspect(&self) -> InspectPlugin {
        InspectPlugin { plugin: self.clone(), settings: Settings::default() }
    }

    /// Returns the configuration and the settings of the plugin, or `None` if there is no such plugin.
    ///
    /// Calls `GET /plugins/{name}/json`, since API 1.25.
    ///
    /// # Errors
    ///
    /// Fails as [`inspect`](Self::inspect) does, except if the plugin does not exist.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if let Some(found) = docker.plugin("vieux/sshfs").try_inspect().await? {
    ///     println!("{}", found.enabled);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_inspect(&self) -> Optional<models::Plugin> {
        self.inspect().optional()
    }

    /// Returns whether there is such a plugin.
    ///
    /// Calls `GET /plugins/{name}/json`, since API 1.25.
    ///
    /// # Errors
    ///
    /// Fails as [`try_inspect`](Self::try_inspect) does.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if !docker.plugin("vieux/sshfs").exists().await? {
    ///     docker.plugins().pull("vieux/sshfs").grant_all(true).await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn exists(&self) -> Exists {
        Exists::new(self.try_inspect())
    }
}

/// A request to inspect a plugin. Returned by [`Plugin::inspect`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct InspectPlugin {
    plugin: Plugin,
    settings: Settings,
}

request!(InspectPlugin => models::Plugin, "plugin_inspect", plugin.name);

impl InspectPlugin {
    /// Resolves to `None` if there is no such plugin, instead of failing.
    pub fn optional(self) -> Optional<models::Plugin> {
        Optional::new(self.settings.clone(), move |settings| Self { settings, ..self })
    }

    async fn call(self) -> Result<models::Plugin> {
        let (api, name) = self.plugin.api("plugin_inspect", &self.settings).await?;
        api.document(api.plugin_inspect(name).await)
    }
}
