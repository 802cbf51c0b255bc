//! Changing the settings of a plugin.

use super::Plugin;
use crate::{
    Result,
    redacted::Secret,
    request::{Settings, request},
};

impl Plugin {
    /// Changes settings of the plugin, as `docker plugin set` does. The plugin must be disabled.
    ///
    /// A setting is named after an environment variable, a mount, a device or the arguments in the
    /// [configuration](crate::models::PluginConfig) of the plugin, whose `settable` is not empty. It can be followed by
    /// the field to change: `DEBUG` or `DEBUG.value`, `data` or `data.source`, `disk` or `disk.path`. Settings that are
    /// not named keep their values.
    ///
    /// Calls `POST /plugins/{name}/set`, since API 1.25.
    ///
    /// # Errors
    ///
    /// Fails if the plugin is enabled, or if it has no such setting, or one that cannot be changed (500), or if there
    /// is no such plugin (404). The engine can have applied the settings before an invalid one.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.plugin("vieux/sshfs").set([("DEBUG", "1"), ("sshkey.source", "/root/.ssh")]).await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "PluginSet")]
    #[doc(alias = "configure")]
    pub fn set<K: Into<String>, T: Into<String>>(&self, values: impl IntoIterator<Item = (K, T)>) -> SetPlugin {
        let values = values.into_iter().map(|(name, value)| format!("{}={}", name.into(), value.into()));
        SetPlugin { plugin: self.clone(), values: Secret(values.collect()), settings: Settings::default() }
    }
}

/// A request to change settings of a plugin. Returned by [`Plugin::set`].
///
/// `Debug` output redacts the values.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct SetPlugin {
    plugin: Plugin,
    values: Secret<Vec<String>>,
    settings: Settings,
}

request!(SetPlugin => (), "plugin_set", plugin.name);

impl SetPlugin {
    async fn call(self) -> Result<()> {
        let (api, name) = self.plugin.api("plugin_set", &self.settings).await?;
        api.done(api.plugin_set(name, &self.values).await)
    }
}

#[cfg(test)]
mod tests {
    use crate::DockerClient;

    #[test]
    fn plugin_settings_are_pairs_and_not_in_debug() {
        let plugin = DockerClient::connect("tcp://127.0.0.1:1").unwrap().plugin("vieux/sshfs");
        let request = plugin.set([("TOKEN", "hunter2"), ("data.source", "/a=b")]);
        assert_eq!(*request.values, ["TOKEN=hunter2", "data.source=/a=b"]);
        let debug = format!("{request:?}");
        assert!(debug.contains("TOKEN=[redacted]") && !debug.contains("hunter2"), "{debug}");
    }
}
