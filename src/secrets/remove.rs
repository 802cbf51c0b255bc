//! Removing a secret.

use super::Secret;
use crate::{
    Result,
    request::{Settings, request},
};

impl Secret {
    /// Removes the secret, as `docker secret rm` does.
    ///
    /// Calls `DELETE /secrets/{id}`, since API 1.25.
    ///
    /// # Errors
    ///
    /// Fails if a service uses the secret (400), if there is no such secret (404), or if the engine is not a swarm
    /// manager (503).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// docker.secret("app_key").remove().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "SecretDelete")]
    #[doc(alias = "rm")]
    pub fn remove(&self) -> RemoveSecret {
        RemoveSecret { secret: self.clone(), settings: Settings::default() }
    }
}

/// A request to remove a secret. Returned by [`Secret::remove`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct RemoveSecret {
    secret: Secret,
    settings: Settings,
}

request!(RemoveSecret => (), "secret_delete", secret.id);

impl RemoveSecret {
    async fn call(self) -> Result<()> {
        let (api, id) = self.secret.api("secret_delete", &self.settings).await?;
        api.done(api.secret_delete(id).await)
    }
}
