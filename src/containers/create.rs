//! What to make a container of.

use super::Container;
use crate::models::{ContainerConfig, ContainerCreate, EndpointSettings, HostConfig};

/// Options of [`Containers::create`](super::Containers::create).
///
/// ```
/// use dockerclient::{
///     containers::CreateOptions,
///     models::{ContainerConfig, HostConfig},
/// };
///
/// let options = CreateOptions::new(ContainerConfig {
///     image: "busybox".into(),
///     cmd: vec!["echo".into(), "hello".into()],
///     ..Default::default()
/// })
/// .name("greeter")
/// .host_config(HostConfig { binds: vec!["/srv:/srv:ro".into()], ..Default::default() });
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct CreateOptions {
    pub(super) name: Option<String>,
    pub(super) platform: Option<String>,
    pub(super) body: ContainerCreate,
}

impl CreateOptions {
    /// A container of this configuration. Fields that are left at their default are the image's to say.
    pub fn new(config: ContainerConfig) -> Self {
        Self { name: None, platform: None, body: ContainerCreate { config, ..Default::default() } }
    }

    /// Its name; the engine makes one up if it has none.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// What it gets of the host: limits, ports, mounts.
    pub fn host_config(mut self, host_config: HostConfig) -> Self {
        self.body.host_config = Some(host_config);
        self
    }

    /// A network, by name or id, that it is connected to from the beginning, as `endpoint` says; several calls connect
    /// it to several. Needs API 1.22, and engines before API 1.44 take but one.
    ///
    /// Without, it is connected to the network that the host configuration's `network_mode` says.
    pub fn network(mut self, network: impl Into<String>, endpoint: EndpointSettings) -> Self {
        let networks = self.body.networking_config.get_or_insert_default();
        networks.endpoints_config.insert(network.into(), endpoint);
        self
    }

    /// What its image must run on, as `linux/arm64`: one for something else does not count. Needs API 1.41.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platform = Some(platform.into());
        self
    }
}

/// A container that was created.
#[doc(alias = "RespContainersCreate")]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Created {
    /// The container, by its id.
    pub container: Container,
    /// What the engine ignored or changed, for people.
    pub warnings: Vec<String>,
}
