//! Creating a config.

use std::ops::Deref;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::{Config, Configs};
use crate::{
    Result,
    models::{ConfigSpec, Driver},
    request::{Settings, request},
};

impl Configs {
    /// Creates a config with `data`, as `docker config create` does. The data has at least 1 byte and less than 1000
    /// KiB.
    ///
    /// The name has 1 to 64 characters: letters, digits, `.`, `-` and `_`. Calls `POST /configs/create`, since API
    /// 1.30.
    ///
    /// # Errors
    ///
    /// Fails if the name is in use (409), if the name is not valid or the data has a wrong length (400), or if the
    /// engine is not a swarm manager (503).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let conf = docker.configs().create("app.conf", "debug = true").label("app", "web").await?;
    /// println!("{}", conf.id());
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ConfigCreate")]
    pub fn create(&self, name: impl Into<String>, data: impl AsRef<[u8]>) -> CreateConfig {
        let body = ConfigSpec { name: name.into(), data: STANDARD.encode(data), ..Default::default() };
        CreateConfig { configs: self.clone(), body, settings: Settings::default() }
    }
}

/// A request to create a config. Returned by [`Configs::create`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct CreateConfig {
    configs: Configs,
    body: ConfigSpec,
    settings: Settings,
}

request!(CreateConfig => CreatedConfig, "config_create");

impl CreateConfig {
    /// Adds a label.
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.body.labels.insert(key.into(), value.into());
        self
    }

    /// Adds labels.
    pub fn labels<K: Into<String>, T: Into<String>>(mut self, labels: impl IntoIterator<Item = (K, T)>) -> Self {
        self.body.labels.extend(labels.into_iter().map(|(key, value)| (key.into(), value.into())));
        self
    }

    /// Sets the template engine that tasks apply to the data. With `golang`, `{{env "NAME"}}` in the data is replaced
    /// with an environment variable of the task. Defaults to none. Requires API 1.37.
    #[doc(alias = "template-driver")]
    pub fn templating(mut self, name: impl Into<String>) -> Self {
        self.body.templating = Some(Driver { name: name.into(), ..Default::default() });
        self
    }

    async fn call(self) -> Result<CreatedConfig> {
        let docker = &self.configs.docker;
        let api = docker.api("config_create", &self.settings).await?;
        let created = api.document(api.config_create(&self.body).await)?;
        Ok(CreatedConfig { config: docker.config(created.id) })
    }
}

/// A new config. Dereferences to its handle.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreatedConfig {
    /// Handle of the config, by its id.
    pub config: Config,
}

impl Deref for CreatedConfig {
    type Target = Config;

    fn deref(&self) -> &Config {
        &self.config
    }
}

#[cfg(test)]
mod tests {
    use crate::DockerClient;

    #[test]
    fn config_data_is_sent_in_base64() {
        let docker = DockerClient::builder().address("tcp://127.0.0.1:1").build().unwrap();
        let request = docker.configs().create("app.conf", b"\xff\xfe").labels([("app", "web")]).templating("golang");
        assert_eq!((&*request.body.data, &*request.body.labels["app"]), ("//4=", "web"));
        assert_eq!(request.body.templating.as_ref().unwrap().name, "golang");
    }
}
