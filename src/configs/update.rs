//! Updating the labels of a config.

use std::{fmt, sync::Arc};

use super::Config;
use crate::{
    Result,
    models::ConfigSpec,
    request::{Settings, request},
    versioned::{ATTEMPTS, is_out_of_sequence},
};

impl Config {
    /// Changes the labels of the config. The engine rejects another name or other data, and ignores all other changes.
    ///
    /// `change` gets the current properties. If the config is changed by another client in the meantime, `change` is called
    /// again with the new properties. Calls `GET /configs/{id}` and `POST /configs/{id}/update`, since API 1.30, at
    /// most five times each.
    ///
    /// # Errors
    ///
    /// Fails if the name or the data is changed (400), if the config was changed by other clients each time (500 or
    /// 409), if there is no such config (404), or if the engine is not a swarm manager (503).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let config = docker.config("app.conf");
    /// let update = config.update(|spec| {
    ///     spec.labels.insert("app".into(), "web".into());
    /// });
    /// update.await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ConfigUpdate")]
    pub fn update(&self, change: impl Fn(&mut ConfigSpec) + Send + Sync + 'static) -> UpdateConfig {
        UpdateConfig { config: self.clone(), change: Arc::new(change), settings: Settings::default() }
    }

    /// Replaces the labels of the config with those of `spec`, if its [version](crate::models::ObjectVersion::index)
    /// still is `version`. The name in `spec` must be that of the config, and the data must be empty or the same.
    ///
    /// [`update`](Self::update) reads the version itself. Calls `POST /configs/{id}/update`, since API 1.30;
    /// below API 1.39 also `GET /configs/{id}`, because unchanged fields are sent even if the version lacks them.
    ///
    /// # Errors
    ///
    /// Fails if the config has another version (500 or 409), if the name or the data differs (400), if there is no such
    /// config (404), or if the engine is not a swarm manager (503).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let mut found = docker.config("app.conf").inspect().await?;
    /// found.spec.labels.clear();
    /// found.handle(&docker).replace(found.version.index, found.spec).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn replace(&self, version: u64, spec: ConfigSpec) -> ReplaceConfigSpec {
        ReplaceConfigSpec { config: self.clone(), version, spec, settings: Settings::default() }
    }
}

/// A request to update the labels of a config. Returned by [`Config::update`].
#[derive(Clone)]
#[must_use = "a request does nothing unless awaited"]
pub struct UpdateConfig {
    config: Config,
    change: Arc<dyn Fn(&mut ConfigSpec) + Send + Sync>,
    settings: Settings,
}

request!(UpdateConfig => (), "config_update", config.id);

impl UpdateConfig {
    async fn call(self) -> Result<()> {
        let mut attempt = 1;
        loop {
            let found = self.config.inspect_for("config_update", &self.settings).await?;
            let mut spec = found.spec.clone();
            (self.change)(&mut spec);
            let (api, id) = self.config.api("config_update", &self.settings).await?;
            let api = api.changing(&found.spec)?;
            match api.done(api.config_update(id, found.version.index, &spec).await) {
                Err(error) if attempt < ATTEMPTS && is_out_of_sequence(&error) => attempt += 1,
                result => return result,
            }
        }
    }
}

impl fmt::Debug for UpdateConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { config, settings, .. } = self;
        f.debug_struct("UpdateConfig").field("config", config).field("settings", settings).finish_non_exhaustive()
    }
}

/// A request to replace the labels of a config. Returned by [`Config::replace`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ReplaceConfigSpec {
    config: Config,
    version: u64,
    spec: ConfigSpec,
    settings: Settings,
}

request!(ReplaceConfigSpec => (), "config_update", config.id);

impl ReplaceConfigSpec {
    async fn call(self) -> Result<()> {
        let Self { config, version, spec, settings } = self;
        let (mut api, id) = config.api("config_update", &settings).await?;
        if api.checks_unchanged_fields() {
            api = api.changing(&config.inspect_for("config_update", &settings).await?.spec)?;
        }
        api.done(api.config_update(id, version, &spec).await)
    }
}
