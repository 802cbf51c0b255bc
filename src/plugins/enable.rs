//! Enabling a plugin.

use std::time::Duration;

use super::Plugin;
use crate::{
    Result,
    models::StopTimeout,
    request::{Settings, request},
};

/// The timeout of `docker plugin enable`. Engines reject a request without one.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

impl Plugin {
    /// Starts the plugin, as `docker plugin enable` does, and waits until it listens on its socket.
    ///
    /// Calls `POST /plugins/{name}/enable`, since API 1.25, without a response timeout. If the plugin does not listen,
    /// engines give up after about 12 seconds.
    ///
    /// # Errors
    ///
    /// Fails if the plugin is enabled already (409; 500 from old engines), if its program cannot be started or does not
    /// listen (500), or if there is no such plugin (404).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.plugin("vieux/sshfs").enable().await?;
    /// docker.volumes().create().name("site").driver("vieux/sshfs").driver_opt("sshcmd", "me@host:/srv").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "PluginEnable")]
    pub fn enable(&self) -> EnablePlugin {
        EnablePlugin { plugin: self.clone(), timeout: DEFAULT_TIMEOUT, settings: Settings::default() }
    }
}

/// A request to enable a plugin. Returned by [`Plugin::enable`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct EnablePlugin {
    plugin: Plugin,
    timeout: Duration,
    settings: Settings,
}

request!(EnablePlugin => (), "plugin_enable", plugin.name);

impl EnablePlugin {
    /// Sets the time limit for each request that the engine sends to the plugin, for as long as it is enabled. It is
    /// sent in seconds, rounded up; zero is no limit. Defaults to 30 seconds, as `docker plugin enable` does: engines
    /// require a value.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    async fn call(self) -> Result<()> {
        let (api, name) = self.plugin.api("plugin_enable", &self.settings).await?;
        api.done(api.plugin_enable(name, seconds(self.timeout)).await)
    }
}

/// The number of seconds, rounded up, that engines can convert to nanoseconds.
fn seconds(timeout: Duration) -> i64 {
    StopTimeout::After(timeout).seconds()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DockerClient;

    #[test]
    fn enable_timeout_is_in_seconds_and_not_zero_by_default() {
        let plugin = DockerClient::connect("tcp://127.0.0.1:1").unwrap().plugin("vieux/sshfs");
        assert_eq!(seconds(plugin.enable().timeout), 30);
        assert_eq!(seconds(plugin.enable().timeout(Duration::from_millis(1)).timeout), 1);
        assert_eq!(seconds(plugin.enable().timeout(Duration::ZERO).timeout), 0);
    }
}
