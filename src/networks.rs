//! Networks.

use crate::{
    DockerClient, Result, models, names,
    prune::{PruneOptions, Pruned},
    wire::Wire,
};

mod list;

pub use self::list::ListOptions;

/// All networks of an engine. Made by [`DockerClient::networks`]. All that is asked of networks needs API 1.21.
#[derive(Clone, Debug)]
pub struct Networks {
    docker: DockerClient,
}

/// What came of creating a network.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Created {
    /// The network.
    pub network: Network,
    /// What the engine says is not quite right with it; mostly empty.
    pub warning: String,
}

impl Networks {
    pub(crate) fn new(docker: DockerClient) -> Self {
        Self { docker }
    }

    /// Lists networks. Since API 1.28, without their containers.
    ///
    /// Calls `GET /networks`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails if the engine refuses a filter (400).
    #[doc(alias = "ListNetworks")]
    pub async fn list(&self, options: &ListOptions) -> Result<Vec<models::Network>> {
        let wire = self.docker.wire("network_list").await?;
        let filters = options.filters.to_query();
        wire.document(wire.network_list(filters.as_deref()).await)
    }

    /// Creates a network.
    ///
    /// Calls `POST /networks/create`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails if the name is taken (409), if there is no such driver (404), or if the addresses overlap with others (403
    /// or 500).
    #[doc(alias = "CreateNetwork")]
    pub async fn create(&self, network: &models::NetworkCreate) -> Result<Created> {
        let wire = self.docker.wire("network_create").await?;
        let made = wire.document(wire.network_create(network).await)?;
        Ok(Created { network: self.docker.network(made.id), warning: made.warning })
    }

    /// Removes networks that no container uses, and tells what was removed.
    ///
    /// Calls `POST /networks/prune`, since API 1.25, and waits as long as that takes.
    ///
    /// # Errors
    ///
    /// Fails if the engine refuses a filter (400), or if it is pruning already (409).
    pub async fn prune(&self, options: &PruneOptions) -> Result<Pruned<String>> {
        let wire = self.docker.wire("network_prune").await?;
        let filters = options.to_query();
        let pruned = wire.document(wire.network_prune(filters.as_deref()).await)?;
        Ok(Pruned { removed: pruned.networks_deleted, reclaimed: 0 })
    }
}

/// One network. Made by [`DockerClient::network`]; does nothing until something is asked of it.
///
/// Whatever is asked fails if there is no such network (404).
#[derive(Clone, Debug)]
pub struct Network {
    docker: DockerClient,
    id: String,
}

impl Network {
    pub(crate) fn new(docker: DockerClient, id: String) -> Self {
        Self { docker, id }
    }

    /// What the network was called when this handle was made: its name, or its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Tells all the engine knows about the network, its containers included.
    ///
    /// Calls `GET /networks/{id}`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails if there is no such network (404); [`find`](Self::find) does not.
    #[doc(alias = "InspectNetwork")]
    pub async fn inspect(&self) -> Result<models::Network> {
        let (wire, id) = self.wire("network_inspect").await?;
        wire.document(wire.network_inspect(id, None, None).await)
    }

    /// Tells all the engine knows about the network, if it has it.
    ///
    /// Calls `GET /networks/{id}`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails as everything does, but not if there is no such network.
    pub async fn find(&self) -> Result<Option<models::Network>> {
        match self.inspect().await {
            Ok(network) => Ok(Some(network)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Connects `container`, by id or name, as `endpoint` says: with which addresses, under which names. What is left
    /// at its default is the engine's choice.
    ///
    /// Calls `POST /networks/{id}/connect`, since API 1.21; `endpoint` needs API 1.22 if it says anything.
    ///
    /// # Errors
    ///
    /// Fails if there is no such container (404), or if it is connected already (403).
    #[doc(alias = "ConnectNetwork")]
    pub async fn connect(&self, container: &str, endpoint: &models::EndpointSettings) -> Result<()> {
        let (wire, id) = self.wire("network_connect").await?;
        let endpoint_config =
            Some(endpoint.clone()).filter(|endpoint| *endpoint != models::EndpointSettings::default());
        let connection = models::NetworkConnect { container: container.into(), endpoint_config };
        wire.done(wire.network_connect(id, &connection).await)
    }

    /// Disconnects `container`, by id or name.
    ///
    /// Calls `POST /networks/{id}/disconnect`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails if it is not connected (404, 403 or 500).
    #[doc(alias = "DisconnectNetwork")]
    pub async fn disconnect(&self, container: &str) -> Result<()> {
        self.detach(container, false).await
    }

    /// Disconnects `container`, by id or name, even if it is not there any more.
    ///
    /// Calls `POST /networks/{id}/disconnect`, since API 1.21; to force it needs API 1.22.
    ///
    /// # Errors
    ///
    /// Fails if it is not connected (404, 403 or 500).
    pub async fn force_disconnect(&self, container: &str) -> Result<()> {
        self.detach(container, true).await
    }

    async fn detach(&self, container: &str, force: bool) -> Result<()> {
        let (wire, id) = self.wire("network_disconnect").await?;
        let disconnection = models::NetworkDisconnect { container: container.into(), force };
        wire.done(wire.network_disconnect(id, &disconnection).await)
    }

    /// Removes the network.
    ///
    /// Calls `DELETE /networks/{id}`, since API 1.21.
    ///
    /// # Errors
    ///
    /// Fails if a container is connected to it, or if it is one of the engine's own (403).
    #[doc(alias = "RemoveNetwork")]
    pub async fn remove(&self) -> Result<()> {
        let (wire, id) = self.wire("network_delete").await?;
        wire.done(wire.network_delete(id).await)
    }

    /// The generated client, and the name as it stands in paths.
    async fn wire(&self, operation: &'static str) -> Result<(Wire<'_>, &str)> {
        let id = names::network(&self.id).map_err(|error| error.during(operation))?;
        Ok((self.docker.wire(operation).await?, id))
    }
}
