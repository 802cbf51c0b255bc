//! The versions of the engine.

use crate::{
    DockerClient, Result,
    models::Version,
    request::{Settings, request},
};

impl DockerClient {
    /// Returns the versions of the engine and of its API, as `docker version` does.
    ///
    /// Calls `GET /version`.
    ///
    /// # Errors
    ///
    /// Fails if the engine cannot be reached.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// println!("{}", docker.version().await?.version);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "SystemVersion")]
    pub fn version(&self) -> GetVersion {
        GetVersion { docker: self.clone(), settings: Settings::default() }
    }
}

/// A request for the versions of the engine. Returned by [`DockerClient::version`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct GetVersion {
    docker: DockerClient,
    settings: Settings,
}

request!(GetVersion => Version, "system_version");

impl GetVersion {
    async fn call(self) -> Result<Version> {
        let api = self.docker.api("system_version", &self.settings).await?;
        api.document(api.system_version().await)
    }
}
