//! Inspecting a secret.

use super::Secret;
use crate::{
    Exists, Optional, Result, models,
    request::{Settings, request},
};

impl Secret {
    /// Returns the properties of the secret, without its data, as `docker secret inspect` does.
    ///
    /// Calls `GET /secrets/{id}`, since API 1.25.
    ///
    /// # Errors
    ///
    /// Fails if there is no such secret (404), see [`try_inspect`](Self::try_inspect), or if the engine is not a swarm
    /// manager (503).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let key = docker.secret("app_key").inspect().await?;
    /// println!("{} {:?}", key.id, key.spec.labels);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "SecretInspect")]
    pub fn inspect(&self) -> InspectSecret {
        InspectSecret { secret: self.clone(), settings: Settings::default() }
    }

    /// Returns the properties of the secret, or `None` if there is no such secret.
    ///
    /// Calls `GET /secrets/{id}`, since API 1.25.
    ///
    /// # Errors
    ///
    /// Fails as [`inspect`](Self::inspect) does, except if the secret does not exist.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if let Some(found) = docker.secret("app_key").try_inspect().await? {
    ///     println!("{:?}", found.created_at);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_inspect(&self) -> Optional<models::Secret> {
        self.inspect().optional()
    }

    /// Returns whether there is such a secret.
    ///
    /// Calls `GET /secrets/{id}`, since API 1.25.
    ///
    /// # Errors
    ///
    /// Fails as [`try_inspect`](Self::try_inspect) does.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if !docker.secret("app_key").exists().await? {
    ///     docker.secrets().create("app_key", "0123").await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn exists(&self) -> Exists {
        Exists::new(self.try_inspect())
    }

    /// Inspects the secret as a part of another operation, with its settings.
    pub(super) async fn inspect_for(&self, operation: &'static str, settings: &Settings) -> Result<models::Secret> {
        let inspect = InspectSecret { secret: self.clone(), settings: settings.clone() };
        inspect.call().await.map_err(|error| error.on_behalf_of(operation))
    }
}

/// A request to inspect a secret. Returned by [`Secret::inspect`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct InspectSecret {
    secret: Secret,
    settings: Settings,
}

request!(InspectSecret => models::Secret, "secret_inspect", secret.id);

impl InspectSecret {
    /// Resolves to `None` if there is no such secret, instead of failing.
    pub fn optional(self) -> Optional<models::Secret> {
        Optional::new(self.settings.clone(), move |settings| Self { settings, ..self })
    }

    async fn call(self) -> Result<models::Secret> {
        let (api, id) = self.secret.api("secret_inspect", &self.settings).await?;
        api.document(api.secret_inspect(id).await)
    }
}
