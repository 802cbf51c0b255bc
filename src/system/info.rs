//! Properties of the engine.

use crate::{
    DockerClient, Result,
    models::Info,
    request::{Settings, request},
};

impl DockerClient {
    /// Returns the properties of the engine and how many objects it has, as `docker info` does.
    ///
    /// Calls `GET /info`.
    ///
    /// # Errors
    ///
    /// Fails if the engine cannot be reached.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// println!("{} containers", docker.info().await?.containers);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "SystemInfo")]
    pub fn info(&self) -> GetInfo {
        GetInfo { docker: self.clone(), settings: Settings::default() }
    }
}

/// A request for the properties of the engine. Returned by [`DockerClient::info`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct GetInfo {
    docker: DockerClient,
    settings: Settings,
}

request!(GetInfo => Info, "system_info");

impl GetInfo {
    async fn call(self) -> Result<Info> {
        let api = self.docker.api("system_info", &self.settings).await?;
        api.document(api.system_info().await)
    }
}
