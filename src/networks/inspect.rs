//! Inspecting a network.

use super::Network;
use crate::{
    Exists, Optional, Result, models,
    request::{Settings, request},
};

impl Network {
    /// Returns the properties of the network and its containers, as `docker network inspect` does.
    ///
    /// Calls `GET /networks/{id}`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails if there is no such network (404); see [`try_inspect`](Self::try_inspect).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// for container in docker.network("back").inspect().await?.containers.values() {
    ///     println!("{} {}", container.name, container.ipv4_address);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "NetworkInspect")]
    #[doc(alias = "InspectNetwork")]
    pub fn inspect(&self) -> InspectNetwork {
        InspectNetwork { network: self.clone(), verbose: None, scope: None, settings: Settings::default() }
    }

    /// Returns the properties of the network, or `None` if there is no such network.
    ///
    /// Calls `GET /networks/{id}`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails as [`inspect`](Self::inspect) does, except if the network does not exist.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if let Some(found) = docker.network("back").try_inspect().await? {
    ///     println!("{}", found.driver);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_inspect(&self) -> Optional<models::Network> {
        self.inspect().optional()
    }

    /// Returns whether there is such a network.
    ///
    /// Calls `GET /networks/{id}`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails as [`try_inspect`](Self::try_inspect) does.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// if !docker.network("back").exists().await? {
    ///     docker.networks().create("back").await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn exists(&self) -> Exists {
        Exists::new(self.try_inspect())
    }
}

/// A request to inspect a network. Returned by [`Network::inspect`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct InspectNetwork {
    network: Network,
    verbose: Option<bool>,
    scope: Option<String>,
    settings: Settings,
}

request!(InspectNetwork => models::Network, "network_inspect", network.id);

impl InspectNetwork {
    /// Sets whether to include the services that use a network of a swarm. Defaults to `false`. Requires API 1.28.
    pub fn verbose(mut self, verbose: bool) -> Self {
        self.verbose = Some(verbose);
        self
    }

    /// Looks for the network in this scope only: `local`, `swarm` or `global`. Requires API 1.31.
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Resolves to `None` if there is no such network, instead of failing.
    pub fn optional(self) -> Optional<models::Network> {
        Optional::new(self.settings.clone(), move |settings| Self { settings, ..self })
    }

    async fn call(self) -> Result<models::Network> {
        let (api, id) = self.network.api("network_inspect", &self.settings).await?;
        api.document(api.network_inspect(id, self.scope.as_deref(), self.verbose).await)
    }
}
