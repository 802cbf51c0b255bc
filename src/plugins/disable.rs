//! Disabling a plugin.

use super::Plugin;
use crate::{
    Result,
    request::{Settings, request},
};

impl Plugin {
    /// Stops the plugin, as `docker plugin disable` does. The engine kills it if it has not exited after 10 seconds.
    ///
    /// Calls `POST /plugins/{name}/disable`, since API 1.25, without a response timeout.
    ///
    /// # Errors
    ///
    /// Fails if the plugin is in use, for example by a volume, or disabled already (409; 500 from old engines), or if
    /// there is no such plugin (404).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let sshfs = docker.plugin("vieux/sshfs");
    /// sshfs.disable().await?;
    /// sshfs.set([("sshkey.source", "/root/.ssh")]).await?;
    /// sshfs.enable().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "PluginDisable")]
    pub fn disable(&self) -> DisablePlugin {
        DisablePlugin { plugin: self.clone(), force: None, settings: Settings::default() }
    }
}

/// A request to disable a plugin. Returned by [`Plugin::disable`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct DisablePlugin {
    plugin: Plugin,
    force: Option<bool>,
    settings: Settings,
}

request!(DisablePlugin => (), "plugin_disable", plugin.name);

impl DisablePlugin {
    /// Sets whether to disable the plugin even if it is in use. Defaults to `false`.
    pub fn force(mut self, force: bool) -> Self {
        self.force = Some(force);
        self
    }

    async fn call(self) -> Result<()> {
        let (api, name) = self.plugin.api("plugin_disable", &self.settings).await?;
        api.done(api.plugin_disable(name, self.force).await)
    }
}
