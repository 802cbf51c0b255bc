//! Checking credentials.

use crate::{
    DockerClient, Result, credentials,
    models::{AuthConfig, AuthResult},
    request::{Settings, request},
};

impl DockerClient {
    /// Checks credentials with the registry that they name, as `docker login` does. Stores nothing.
    ///
    /// Calls `POST /auth`, without a response timeout.
    ///
    /// # Errors
    ///
    /// Fails if the credentials are wrong (401 from engines before 1.6 and since 1.12, 500 from others), or if the registry
    /// cannot be reached.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::models::AuthConfig;
    ///
    /// let credentials = AuthConfig {
    ///     username: "me".into(),
    ///     password: "secret".into(),
    ///     serveraddress: "registry.example".into(),
    ///     ..Default::default()
    /// };
    /// println!("{}", docker.auth(credentials).await?.status);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "SystemAuth")]
    #[doc(alias = "login")]
    pub fn auth(&self, credentials: AuthConfig) -> CheckCredentials {
        CheckCredentials { docker: self.clone(), credentials, settings: Settings::default() }
    }
}

/// A request to check credentials. Returned by [`DockerClient::auth`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct CheckCredentials {
    docker: DockerClient,
    credentials: AuthConfig,
    settings: Settings,
}

request!(CheckCredentials => AuthResult, "system_auth");

impl CheckCredentials {
    async fn call(self) -> Result<AuthResult> {
        let api = self.docker.api("system_auth", &self.settings).await?;
        let credentials = api.during(credentials::plain(&self.credentials.serveraddress, &self.credentials))?;
        match api.document(api.system_auth(&credentials).await) {
            // The credentials are valid; the registry sent no further information.
            Err(error) if error.status() == Some(204) => Ok(AuthResult::default()),
            outcome => outcome,
        }
    }
}
