//! Creating containers, with settings named like the flags of the Docker CLI.

use std::{borrow::Cow, ops::Deref};

use super::{Container, Containers};
use crate::{
    ApiVersion, DockerClient, Error, Result,
    config::ProxyVariables,
    generated::Api,
    models::{ContainerConfig, ContainerCreate, HostConfig},
    request::{Settings, request},
};

mod devices;
mod gpus;
mod health;
mod mounts;
mod networks;
mod ports;
mod process;
mod resources;
mod security;
#[cfg(test)]
mod tests;

use self::networks::Attachment;
pub(crate) use self::resources::nano_cpus;
pub use self::{
    gpus::Gpus,
    ports::{ContainerPorts, HostPorts},
};

/// Since this version, limits of memory and CPU are part of the host configuration.
const LIMITS_OF_HOST: ApiVersion = ApiVersion::new(1, 18);

impl Containers {
    /// Creates a container from an image, and does not start it, as `docker create` does.
    ///
    /// The image is not pulled. Adds the proxy variables of the user's `config.json` to the environment, as the Docker CLI
    /// does, unless [`no_container_proxies`](crate::DockerClientBuilder::no_container_proxies) is set. Calls
    /// `POST /containers/create`.
    ///
    /// # Errors
    ///
    /// Fails if there is no such image (404), if the name is in use (409), if a setting is not valid
    /// ([`is_bad_request`](crate::Error::is_bad_request)), or if one is newer than the API version in use
    /// ([`is_unsupported`](crate::Error::is_unsupported)).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::containers::RestartPolicy;
    ///
    /// let web = docker
    ///     .containers()
    ///     .create("nginx:1.27")
    ///     .name("web")
    ///     .env("MODE", "fast")
    ///     .publish(8080, 80)
    ///     .bind("/srv/site", "/usr/share/nginx/html:ro")
    ///     .memory("512m")
    ///     .restart(RestartPolicy::UnlessStopped)
    ///     .await?;
    /// web.start().await?;
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "ContainerCreate")]
    #[doc(alias = "CreateContainer")]
    pub fn create(&self, image: impl Into<String>) -> CreateContainer {
        ContainerBuilder::new(self.docker.clone(), image.into(), Create(()))
    }
}

/// A container to be created: its image, command, environment, resources, and more.
///
/// All settings are optional, and have the names of the flags of `docker run`. Unset settings default to the settings of the
/// image and the engine. [`CreateContainer`] creates the container, [`RunContainer`](super::RunContainer) also runs it.
///
/// A setting that is not valid makes the call fail ([`is_bad_request`](crate::Error::is_bad_request)), and nothing is sent;
/// with several, the first is reported.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ContainerBuilder<V> {
    pub(super) docker: DockerClient,
    pub(super) name: Option<String>,
    pub(super) platform: Option<String>,
    /// Boxed, because it is large and each setting moves the builder.
    pub(super) body: Box<ContainerCreate>,
    /// Settings of the network that the container is created in.
    attachment: Attachment,
    /// The error of the first invalid setting.
    invalid: Option<Error>,
    pub(super) settings: Settings,
    /// The operation, `Create` or `Run`, and its settings.
    pub(super) verb: V,
}

/// A request to create a container. Returned by [`Containers::create`].
pub type CreateContainer = ContainerBuilder<Create>;

/// The container is created only.
#[derive(Clone, Debug)]
pub struct Create(());

request!(CreateContainer => CreatedContainer, "container_create");

impl CreateContainer {
    /// Sets whether the engine removes the container and its anonymous volumes once it has exited, as `docker create --rm`
    /// does. Defaults to `false`. Requires API 1.25.
    #[doc(alias = "rm")]
    pub fn auto_remove(mut self, auto_remove: bool) -> Self {
        self.host().auto_remove = auto_remove;
        self
    }

    async fn call(self) -> Result<CreatedContainer> {
        self.create().await
    }
}

impl<V> ContainerBuilder<V> {
    pub(super) fn new(docker: DockerClient, image: String, verb: V) -> Self {
        let config = ContainerConfig { image, ..Default::default() };
        let body = Box::new(ContainerCreate { config, ..Default::default() });
        let (attachment, settings) = (Attachment::default(), Settings::default());
        Self { docker, name: None, platform: None, body, attachment, invalid: None, settings, verb }
    }

    /// Sets the name of the container. Defaults to a name that the engine generates.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Requires the image to be of this platform, for example `linux/arm64`. Requires API 1.41.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platform = Some(platform.into());
        self
    }

    /// Replaces the whole configuration, for fields that have no setter here. Discards earlier settings that
    /// are part of it, such as the command, environment and labels; if its `image` is empty, the current image is kept.
    pub fn config(mut self, mut config: ContainerConfig) -> Self {
        if config.image.is_empty() {
            config.image = std::mem::take(&mut self.body.config.image);
        }
        self.body.config = config;
        self
    }

    /// Replaces the whole host configuration, for fields that have no setter here. Discards earlier settings
    /// that are part of it, such as limits, mounts and published ports.
    pub fn host_config(mut self, host_config: HostConfig) -> Self {
        self.body.host_config = Some(host_config);
        self
    }

    /// The host configuration, to be changed.
    fn host(&mut self) -> &mut HostConfig {
        self.body.host_config.get_or_insert_default()
    }

    /// Sets a value that may be invalid.
    fn try_set<T>(mut self, value: Result<T>, set: impl FnOnce(&mut Self, T)) -> Self {
        match value {
            Ok(value) => set(&mut self, value),
            Err(error) => _ = self.invalid.get_or_insert(error),
        }
        self
    }

    /// Fails if a setting is not valid.
    pub(super) fn check(&self) -> Result<()> {
        self.invalid.clone().map_or(Ok(()), Err)
    }

    /// Creates the container.
    pub(super) async fn create(&self) -> Result<CreatedContainer> {
        self.check().map_err(|error| error.during("container_create"))?;
        let api = self.docker.api("container_create", &self.settings).await?;
        let body = self.body(&api, self.docker.proxies());
        let (name, platform) = (self.name.as_deref(), self.platform.as_deref());
        let created = api.document(api.container_create(name, platform, &body).await)?;
        Ok(CreatedContainer { container: self.docker.container(created.id), warnings: created.warnings })
    }

    fn body(&self, api: &Api<'_>, proxies: &ProxyVariables) -> Cow<'_, Box<ContainerCreate>> {
        self.body_for(api.version(), proxies)
    }

    /// The body of the request as engines of this version read it, with those `proxies` that the environment does not set.
    fn body_for(&self, version: ApiVersion, proxies: &ProxyVariables) -> Cow<'_, Box<ContainerCreate>> {
        let mut body = Cow::Borrowed(&self.body);
        let env = &self.body.config.env;
        let is_set = |name: &str| env.iter().any(|variable| variable.split('=').next() == Some(name));
        let missing = proxies.missing(is_set);
        if !missing.is_empty() {
            body.to_mut().config.env.extend(missing.into_iter().map(|(name, value)| format!("{name}={value}")));
        }
        if !self.attachment.is_empty() {
            self.attachment.apply(body.to_mut(), version);
        }
        if version < LIMITS_OF_HOST && body.host_config.as_ref().is_some_and(has_limits) {
            move_limits(body.to_mut());
        }
        body
    }
}

/// Whether there are limits that are part of the container's configuration in old versions of the API.
fn has_limits(host: &HostConfig) -> bool {
    host.memory != 0 || host.memory_swap != 0 || host.cpu_shares != 0 || !host.cpuset_cpus.is_empty()
}

/// Moves limits to the fields that old API versions have for them.
fn move_limits(body: &mut ContainerCreate) {
    let (config, host) = (&mut body.config, body.host_config.get_or_insert_default());
    config.memory = std::mem::take(&mut host.memory);
    config.memory_swap = std::mem::take(&mut host.memory_swap);
    config.cpu_shares = std::mem::take(&mut host.cpu_shares);
    config.cpuset = std::mem::take(&mut host.cpuset_cpus);
}

/// A new container. Dereferences to its handle.
#[doc(alias = "RespContainersCreate")]
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CreatedContainer {
    /// Handle of the container, with its id.
    pub container: Container,
    /// Warnings of the engine, for example about settings that it ignored.
    pub warnings: Vec<String>,
}

impl Deref for CreatedContainer {
    type Target = Container;

    fn deref(&self) -> &Container {
        &self.container
    }
}
