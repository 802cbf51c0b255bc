//! Networks: the handles [`Networks`] and [`Network`], and the requests that their methods return.
//!
//! The guide has a page on [networks and volumes](crate::guide::networks).

use std::fmt;

use crate::{DockerClient, Result, generated::Api, models, request::Settings, validate};

mod connect;
mod create;
mod disconnect;
mod inspect;
mod list;
mod prune;
mod remove;

pub use self::{
    connect::ConnectNetwork,
    create::{CreateNetwork, CreatedNetwork},
    disconnect::DisconnectNetwork,
    inspect::InspectNetwork,
    list::ListNetworks,
    prune::PruneNetworks,
    remove::RemoveNetwork,
};

/// A handle for the networks of an engine. Returned by [`DockerClient::networks`]. Requires API 1.21.
#[derive(Clone, Debug)]
pub struct Networks {
    docker: DockerClient,
}

impl Networks {
    pub(crate) fn new(docker: DockerClient) -> Self {
        Self { docker }
    }
}

/// A handle for one network. Returned by [`DockerClient::network`], which sends nothing. Requires API 1.21.
///
/// All requests fail if there is no such network (404), unless documented otherwise.
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// let back = docker.network("back");
/// back.connect("web").alias("www").await?;
/// println!("{} containers", back.inspect().await?.containers.len());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Network {
    docker: DockerClient,
    id: String,
}

impl Network {
    pub(crate) fn new(docker: DockerClient, id: String) -> Self {
        Self { docker, id }
    }

    /// Returns the id or name that the handle was created with. For a network that was created by this client or
    /// listed, it is the id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the generated client, and the name or id validated for use in a path.
    async fn api(&self, operation: &'static str, settings: &Settings) -> Result<(Api<'_>, &str)> {
        let id = validate::network(&self.id).map_err(|error| error.during(operation))?;
        let api = self.docker.api(operation, settings).await.map_err(|error| error.about(Some(id)))?;
        Ok((api.of(id), id))
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Network").field(&self.id).finish()
    }
}

impl From<Network> for String {
    fn from(network: Network) -> Self {
        network.id
    }
}

impl From<&Network> for String {
    fn from(network: &Network) -> Self {
        network.id.clone()
    }
}

impl models::Network {
    /// Returns the handle of this network.
    #[must_use]
    pub fn handle(&self, docker: &DockerClient) -> Network {
        docker.network(&self.id)
    }
}
