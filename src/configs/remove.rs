//! Removing a config.

use super::Config;
use crate::{
    Result,
    request::{Settings, request},
};

impl Config {
    /// Removes the config, as `docker config rm` does.
    ///
    /// Calls `DELETE /configs/{id}`, since API 1.30.
    ///
    /// # Errors
    ///
    /// Fails if a service uses the config (400), if there is no such config (404), or if the engine is not a swarm
    /// manager (503).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.config("app.conf").remove().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ConfigDelete")]
    #[doc(alias = "rm")]
    pub fn remove(&self) -> RemoveConfig {
        RemoveConfig { config: self.clone(), settings: Settings::default() }
    }
}

/// A request to remove a config. Returned by [`Config::remove`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct RemoveConfig {
    config: Config,
    settings: Settings,
}

request!(RemoveConfig => (), "config_delete", config.id);

impl RemoveConfig {
    async fn call(self) -> Result<()> {
        let (api, id) = self.config.api("config_delete", &self.settings).await?;
        api.done(api.config_delete(id).await)
    }
}
