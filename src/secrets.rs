//! Secrets of a swarm: the handles [`Secrets`] and [`Secret`], and the requests that their methods return.
//!
//! A secret is a name and data, which the swarm stores encrypted. Services read it as a file; the data cannot be read
//! from the engine, and cannot be changed.

use std::fmt;

use crate::{DockerClient, Result, generated::Api, models, request::Settings, validate};

mod create;
mod inspect;
mod list;
mod remove;
mod update;

pub use self::{
    create::{CreateSecret, CreatedSecret},
    inspect::InspectSecret,
    list::ListSecrets,
    remove::RemoveSecret,
    update::{ReplaceSecretSpec, UpdateSecret},
};

/// A handle for the secrets of a swarm. Returned by [`DockerClient::secrets`]. Requires API 1.25.
#[derive(Clone, Debug)]
pub struct Secrets {
    docker: DockerClient,
}

impl Secrets {
    pub(crate) fn new(docker: DockerClient) -> Self {
        Self { docker }
    }
}

/// A handle for one secret. Returned by [`DockerClient::secret`], which sends nothing. Requires API 1.25.
///
/// All requests fail if there is no such secret (404), unless documented otherwise, or if the engine is not a swarm
/// manager (503).
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// let key = docker.secrets().create("app_key", "0123").label("app", "web").await?;
/// println!("{:?}", key.inspect().await?.created_at);
/// key.remove().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret {
    docker: DockerClient,
    id: String,
}

impl Secret {
    pub(crate) fn new(docker: DockerClient, id: String) -> Self {
        Self { docker, id }
    }

    /// Returns the id or name that the handle was created with. For a secret that was created by this client or listed,
    /// it is the id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the generated client, and the name or id validated for use in a path.
    async fn api(&self, operation: &'static str, settings: &Settings) -> Result<(Api<'_>, &str)> {
        let id = validate::secret(&self.id).map_err(|error| error.during(operation))?;
        let api = self.docker.api(operation, settings).await.map_err(|error| error.about(Some(id)))?;
        Ok((api.of(id), id))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Secret").field(&self.id).finish()
    }
}

impl From<Secret> for String {
    fn from(secret: Secret) -> Self {
        secret.id
    }
}

impl From<&Secret> for String {
    fn from(secret: &Secret) -> Self {
        secret.id.clone()
    }
}

impl models::Secret {
    /// Returns the handle of this secret.
    #[must_use]
    pub fn handle(&self, docker: &DockerClient) -> Secret {
        docker.secret(&self.id)
    }
}
