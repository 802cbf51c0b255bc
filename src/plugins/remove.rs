//! Removing a plugin.

use super::Plugin;
use crate::{
    Result,
    request::{Settings, request},
};

impl Plugin {
    /// Removes the plugin, as `docker plugin rm` does.
    ///
    /// Calls `DELETE /plugins/{name}`, since API 1.25, without a response timeout.
    ///
    /// # Errors
    ///
    /// Fails if the plugin is enabled or in use (409; 500 from old engines), see [`force`](RemovePlugin::force), or if
    /// there is no such plugin (404).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.plugin("vieux/sshfs").remove().force(true).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "PluginDelete")]
    #[doc(alias = "PluginRemove")]
    #[doc(alias = "rm")]
    pub fn remove(&self) -> RemovePlugin {
        RemovePlugin { plugin: self.clone(), force: None, settings: Settings::default() }
    }
}

/// A request to remove a plugin. Returned by [`Plugin::remove`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct RemovePlugin {
    plugin: Plugin,
    force: Option<bool>,
    settings: Settings,
}

request!(RemovePlugin => (), "plugin_delete", plugin.name);

impl RemovePlugin {
    /// Sets whether to remove the plugin even if it is enabled or in use. This breaks containers that use it.
    /// Defaults to `false`.
    pub fn force(mut self, force: bool) -> Self {
        self.force = Some(force);
        self
    }

    async fn call(self) -> Result<()> {
        let (api, name) = self.plugin.api("plugin_delete", &self.settings).await?;
        api.done(api.plugin_delete(name, self.force).await)
    }
}
