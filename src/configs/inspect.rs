//! Inspecting a config.

use base64::{Engine as _, engine::general_purpose::STANDARD};

use super::Config;
use crate::{
    Error, Exists, Optional, Result,
    error::Kind,
    models::{self, ConfigSpec},
    request::{Settings, request},
};

impl Config {
    /// Returns the properties of the config, with its [data](models::Config::data), as `docker config inspect` does.
    ///
    /// Calls `GET /configs/{id}`, since API 1.30.
    ///
    /// # Errors
    ///
    /// Fails if there is no such config (404), see [`try_inspect`](Self::try_inspect), or if the engine is not a swarm
    /// manager (503).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let conf = docker.config("app.conf").inspect().await?;
    /// println!("{}", String::from_utf8_lossy(&conf.data()?));
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ConfigInspect")]
    pub fn inspect(&self) -> InspectConfig {
        InspectConfig { config: self.clone(), settings: Settings::default() }
    }

    /// Returns the properties of the config, or `None` if there is no such config.
    ///
    /// Calls `GET /configs/{id}`, since API 1.30.
    ///
    /// # Errors
    ///
    /// Fails as [`inspect`](Self::inspect) does, except if the config does not exist.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if let Some(found) = docker.config("app.conf").try_inspect().await? {
    ///     println!("{:?}", found.created_at);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_inspect(&self) -> Optional<models::Config> {
        self.inspect().optional()
    }

    /// Returns whether there is such a config.
    ///
    /// Calls `GET /configs/{id}`, since API 1.30.
    ///
    /// # Errors
    ///
    /// Fails as [`try_inspect`](Self::try_inspect) does.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if !docker.config("app.conf").exists().await? {
    ///     docker.configs().create("app.conf", "debug = true").await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn exists(&self) -> Exists {
        Exists::new(self.try_inspect())
    }

    /// Inspects the config as a part of another operation, with its settings.
    pub(super) async fn inspect_for(&self, operation: &'static str, settings: &Settings) -> Result<models::Config> {
        let inspect = InspectConfig { config: self.clone(), settings: settings.clone() };
        inspect.call().await.map_err(|error| error.on_behalf_of(operation))
    }
}

/// A request to inspect a config. Returned by [`Config::inspect`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct InspectConfig {
    config: Config,
    settings: Settings,
}

request!(InspectConfig => models::Config, "config_inspect", config.id);

impl InspectConfig {
    /// Resolves to `None` if there is no such config, instead of failing.
    pub fn optional(self) -> Optional<models::Config> {
        Optional::new(self.settings.clone(), move |settings| Self { settings, ..self })
    }

    async fn call(self) -> Result<models::Config> {
        let (api, id) = self.config.api("config_inspect", &self.settings).await?;
        api.document(api.config_inspect(id).await)
    }
}

impl models::Config {
    /// Returns the data of the config, decoded from base64.
    ///
    /// # Errors
    ///
    /// Fails if [`spec.data`](field@ConfigSpec::data) is not base64 ([`is_decode`](crate::Error::is_decode)).
    pub fn data(&self) -> Result<Vec<u8>> {
        self.spec.data()
    }
}

impl ConfigSpec {
    /// Returns the data of the config, decoded from base64.
    ///
    /// # Errors
    ///
    /// Fails if the field [`data`](field@Self::data) is not base64 ([`is_decode`](crate::Error::is_decode)).
    pub fn data(&self) -> Result<Vec<u8>> {
        let invalid = |_| Error::new(Kind::Decode(format!("data of config {:?} is not base64", self.name)));
        STANDARD.decode(&self.data).map_err(invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn config_data_is_decoded_from_base64() {
        let json = r#"{"ID":"4a7y8eq2gnbhe6kzfzxyztoc1","Spec":{"Name":"app.conf","Data":"//4="}}"#;
        let config: models::Config = serde_json::from_str(json).unwrap();
        assert_eq!(config.data().unwrap(), b"\xff\xfe");
        assert_eq!(ConfigSpec::default().data().unwrap(), b"");
    }

    #[test]
    fn config_data_that_is_not_base64_is_an_error() {
        let spec = ConfigSpec { name: "app.conf".into(), data: "//4".into(), ..Default::default() };
        let error = spec.data().unwrap_err();
        assert!(error.is_decode() && error.to_string().contains("app.conf"), "{error}");
    }
}
