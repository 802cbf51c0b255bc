//! Volumes: the handles [`Volumes`] and [`Volume`], and the requests that their methods return.
//!
//! The guide has a page on [networks and volumes](crate::guide::networks).

use std::fmt;

use crate::{DockerClient, Result, generated::Api, models, request::Settings, validate};

mod create;
mod inspect;
mod list;
mod prune;
mod remove;
mod update;

pub use self::{
    create::{CreateVolume, CreatedVolume},
    inspect::InspectVolume,
    list::ListVolumes,
    prune::PruneVolumes,
    remove::RemoveVolume,
    update::{ReplaceVolumeSpec, UpdateVolume},
};

/// A handle for the volumes of an engine. Returned by [`DockerClient::volumes`]. Requires API 1.21.
#[derive(Clone, Debug)]
pub struct Volumes {
    docker: DockerClient,
}

impl Volumes {
    pub(crate) fn new(docker: DockerClient) -> Self {
        Self { docker }
    }
}

/// A handle for one volume. Returned by [`DockerClient::volume`], which sends nothing. Requires API 1.21.
///
/// All requests fail if there is no such volume (404), unless documented otherwise.
///
/// # Examples
///
/// ```no_run
/// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
/// let data = docker.volume("data");
/// println!("{}", data.inspect().await?.mountpoint);
/// data.remove().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Volume {
    docker: DockerClient,
    name: String,
}

impl Volume {
    pub(crate) fn new(docker: DockerClient, name: String) -> Self {
        Self { docker, name }
    }

    /// Returns the name of the volume.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the generated client, and the name validated for use in a path.
    async fn api(&self, operation: &'static str, settings: &Settings) -> Result<(Api<'_>, &str)> {
        let name = validate::volume(&self.name).map_err(|error| error.during(operation))?;
        let api = self.docker.api(operation, settings).await.map_err(|error| error.about(Some(name)))?;
        Ok((api.of(name), name))
    }
}

impl fmt::Debug for Volume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Volume").field(&self.name).finish()
    }
}

impl From<Volume> for String {
    fn from(volume: Volume) -> Self {
        volume.name
    }
}

impl From<&Volume> for String {
    fn from(volume: &Volume) -> Self {
        volume.name.clone()
    }
}

impl models::Volume {
    /// Returns the handle of this volume.
    #[must_use]
    pub fn handle(&self, docker: &DockerClient) -> Volume {
        docker.volume(&self.name)
    }
}
