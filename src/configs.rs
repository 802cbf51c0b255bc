//! Configs of a swarm: the handles [`Configs`] and [`Config`], and the requests that their methods return.
//!
//! A config is a name and data, which services read as a file. Its data cannot be changed.

use std::fmt;

use crate::{DockerClient, Result, generated::Api, models, request::Settings, validate};

mod create;
mod inspect;
mod list;
mod remove;
mod update;

pub use self::{
    create::{CreateConfig, CreatedConfig},
    inspect::InspectConfig,
    list::ListConfigs,
    remove::RemoveConfig,
    update::{ReplaceConfigSpec, UpdateConfig},
};

/// A handle for the configs of a swarm. Returned by [`DockerClient::configs`]. Requires API 1.30.
#[derive(Clone, Debug)]
pub struct Configs {
    docker: DockerClient,
}

impl Configs {
    pub(crate) fn new(docker: DockerClient) -> Self {
        Self { docker }
    }
}

/// A handle for one config. Returned by [`DockerClient::config`], which sends nothing. Requires API 1.30.
///
/// All requests fail if there is no such config (404), unless documented otherwise, or if the engine is not a swarm
/// manager (503).
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// let conf = docker.configs().create("app.conf", "debug = true").label("app", "web").await?;
/// println!("{} bytes", conf.inspect().await?.data()?.len());
/// conf.remove().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Config {
    docker: DockerClient,
    id: String,
}

impl Config {
    pub(crate) fn new(docker: DockerClient, id: String) -> Self {
        Self { docker, id }
    }

    /// Returns the id or name that the handle was created with. For a config that was created by this client or listed,
    /// it is the id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the generated client, and the name or id validated for use in a path.
    async fn api(&self, operation: &'static str, settings: &Settings) -> Result<(Api<'_>, &str)> {
        let id = validate::config(&self.id).map_err(|error| error.during(operation))?;
        let api = self.docker.api(operation, settings).await.map_err(|error| error.about(Some(id)))?;
        Ok((api.of(id), id))
    }
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Config").field(&self.id).finish()
    }
}

impl From<Config> for String {
    fn from(config: Config) -> Self {
        config.id
    }
}

impl From<&Config> for String {
    fn from(config: &Config) -> Self {
        config.id.clone()
    }
}

impl models::Config {
    /// Returns the handle of this config.
    #[must_use]
    pub fn handle(&self, docker: &DockerClient) -> Config {
        docker.config(&self.id)
    }
}
