//! [`DockerClient`], the client for one Docker Engine.

use std::{
    fmt,
    hash::{Hash, Hasher},
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, WeakShared},
};
use tokio::runtime::{Handle, Id};

#[cfg(feature = "buildkit")]
use crate::buildkit::BuildHistory;
use crate::{
    ApiVersion, Error, Result,
    buildkit::BuildKit,
    config::ProxyVariables,
    configs::{Config, Configs},
    containers::{Container, Containers},
    credentials::Store,
    exec::Exec,
    generated::{self, Api, Hooks},
    images::{Image, Images},
    monitor::Feeds,
    networks::{Network, Networks},
    nodes::{Node, Nodes},
    plugins::{Plugin, Plugins},
    request::Settings,
    secrets::{Secret, Secrets},
    services::{Service, Services},
    swarm::Swarm,
    tasks::{Task, Tasks},
    transport::{HttpClient, Limits},
    version::negotiate,
    volumes::{Volume, Volumes},
};

mod builder;
mod limits;

pub use self::{builder::DockerClientBuilder, limits::ClientLimits};

/// A client for one Docker Engine.
///
/// [`from_env`](Self::from_env) selects the engine that the Docker CLI would use, [`connect`](Self::connect) takes an
/// address, and [`builder`](Self::builder) has all settings. None of them connects: the first call opens a connection and
/// negotiates the API version.
///
/// Create one client per engine, and clone it: cloning is cheap, and an `Arc` around it is not needed. Clones share the idle
/// connections, the limit on connections and the negotiated API version, and are equal to each other.
///
/// # Examples
///
/// ```no_run
/// # async fn example() -> dockerclient::Result<()> {
/// use dockerclient::DockerClient;
///
/// let docker = DockerClient::from_env()?;
/// println!("engine {}", docker.version().await?.version);
/// # Ok(())
/// # }
/// ```
///
/// # Panics
///
/// Creating a client needs no runtime. Calls panic if they are awaited outside a Tokio runtime, or in one without I/O and
/// time enabled.
#[doc(alias = "Client")]
#[derive(Clone)]
pub struct DockerClient(Arc<Inner>);

struct Inner {
    http: HttpClient,
    limits: Limits,
    pinned: Option<ApiVersion>,
    /// Looks up credentials for calls without explicit ones. `None` disables the lookup.
    store: Option<Store>,
    /// Proxy variables for containers and builds.
    proxies: ProxyVariables,
    /// The generated client, once the API version is known.
    api: OnceLock<generated::Client>,
    /// The version negotiations in progress, at most one per Tokio runtime. Their callers poll them.
    negotiations: Mutex<Vec<(Id, Negotiation)>>,
    /// The event streams that log monitors share.
    feeds: Feeds,
}

type Negotiation = WeakShared<BoxFuture<'static, Result<ApiVersion>>>;

/// Two clients are equal if one is a clone of the other.
impl PartialEq for DockerClient {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for DockerClient {}

impl Hash for DockerClient {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

impl DockerClient {
    /// Creates a client for the engine that the Docker CLI would use.
    ///
    /// The first of these settings that applies selects the engine:
    ///
    /// | setting | meaning |
    /// |---|---|
    /// | `DOCKER_HOST` | the address of the engine; contexts are ignored |
    /// | `DOCKER_CONTEXT` | the name of a context; `default` means no context |
    /// | `currentContext` in `config.json` | the name of a context; `default` means no context |
    /// | `DOCKER_TLS_VERIFY` or `DOCKER_TLS` | `tcp://localhost:2376`, with TLS |
    /// | `/var/run/docker.sock` exists | Docker |
    /// | `$XDG_RUNTIME_DIR/docker.sock` exists | rootless Docker |
    /// | `~/.docker/run/docker.sock` or `~/.docker/desktop/docker.sock` exists | Docker Desktop on macOS, or on Linux |
    /// | `~/.colima/default/docker.sock` exists | Colima |
    /// | `~/.orbstack/run/docker.sock` exists | OrbStack |
    /// | `~/.rd/docker.sock` exists | Rancher Desktop |
    /// | `$XDG_RUNTIME_DIR/podman/podman.sock` or `/run/podman/podman.sock` exists | Podman |
    ///
    /// On Windows, the default sockets are replaced by named pipes:
    ///
    /// | setting | meaning |
    /// |---|---|
    /// | `npipe:////./pipe/docker_engine` exists | Docker |
    /// | `npipe:////./pipe/dockerDesktopLinuxEngine` exists | Docker Desktop, Linux containers |
    /// | `npipe:////./pipe/podman-machine-default` exists | Podman |
    ///
    /// A default socket is skipped if this user has no permission to open it, a named pipe only if it does not exist. The
    /// home directory `~` is `HOME` or, on Windows, `USERPROFILE`; if that is not set, the home directory of the user. Other
    /// settings:
    ///
    /// | setting | meaning |
    /// |---|---|
    /// | `DOCKER_TLS_VERIFY`, not empty | use TLS for `tcp://` addresses and verify the engine's certificate against `ca.pem` |
    /// | `DOCKER_TLS`, not empty | use TLS for `tcp://` addresses, without verifying the engine's certificate |
    /// | `DOCKER_CERT_PATH` | the directory of `ca.pem`, `cert.pem` and `key.pem`; by default that of `config.json` |
    /// | `DOCKER_CONFIG` | the directory of `config.json` and the contexts; by default `.docker` in the home directory |
    /// | `DOCKER_API_VERSION` | the API version to use, without negotiation |
    /// | `HTTP_PROXY`, `HTTPS_PROXY`, `NO_PROXY`, also in lower case | the proxy for engines on other machines: `HTTP_PROXY` without TLS, `HTTPS_PROXY` with TLS |
    /// | `HttpHeaders` in `config.json` | headers of every request to the engine |
    /// | `proxies` in `config.json` | proxy variables for containers and builds, see [`no_container_proxies`](DockerClientBuilder::no_container_proxies) |
    /// | `auths`, `credsStore`, `credHelpers` in `config.json` | credentials for registries, see [`credentials`](Self::credentials) |
    ///
    /// An empty variable counts as not set. A context has its own certificates, which the `DOCKER_TLS…` variables do not
    /// change. If parts of `config.json` are invalid, they are ignored with a `tracing` warning. The settings of a
    /// [`builder`](Self::builder) take precedence over all of these. See also the [differences from the Docker
    /// CLI](crate::guide::connecting#differences-from-the-docker-cli).
    ///
    /// # Errors
    ///
    /// Fails if one of these settings is not valid; the error names it. Fails if no setting selects an engine and no default
    /// socket or named pipe is usable; the error lists each path and why it was rejected. Does not connect to the engine.
    #[doc(alias = "TLSConfigFromCertPath")]
    pub fn from_env() -> Result<Self> {
        Self::builder().build()
    }

    /// Creates a client for the engine at `address`, for example `unix:///var/run/docker.sock`,
    /// `npipe:////./pipe/docker_engine` or `tcp://127.0.0.1:2375`.
    ///
    /// See [`DockerClientBuilder::address`] for the forms of an address. All other settings come from the environment, see
    /// [`from_env`](Self::from_env).
    ///
    /// # Errors
    ///
    /// Fails if `address` or a setting of the environment is not valid, for example a named pipe on a system other than
    /// Windows. Does not connect to the engine.
    ///
    /// # Examples
    ///
    /// ```
    /// use dockerclient::DockerClient;
    ///
    /// let docker = DockerClient::connect("tcp://127.0.0.1:2375")?;
    /// # Ok::<(), dockerclient::Error>(())
    /// ```
    #[doc(alias = "NewDockerClient")]
    pub fn connect(address: &str) -> Result<Self> {
        Self::builder().address(address).build()
    }

    /// Returns a builder, which has all settings of a client.
    #[doc(alias = "NewDockerClientTimeout")]
    pub fn builder() -> DockerClientBuilder {
        DockerClientBuilder::default()
    }

    fn new(
        http: HttpClient,
        limits: Limits,
        pinned: Option<ApiVersion>,
        store: Option<Store>,
        proxies: ProxyVariables,
    ) -> Self {
        let (api, negotiations, feeds) = (OnceLock::new(), Mutex::default(), Feeds::default());
        Self(Arc::new(Inner { http, limits, pinned, store, proxies, api, negotiations, feeds }))
    }

    /// Returns a handle for the containers of the engine: list, create, prune, monitor.
    #[must_use]
    pub fn containers(&self) -> Containers {
        Containers::new(self.clone())
    }

    /// Returns a handle for the container with this name, id, or unique prefix of an id. Does not check that it exists.
    #[must_use]
    pub fn container(&self, id: impl Into<String>) -> Container {
        Container::new(self.clone(), id.into())
    }

    /// Returns a handle for the images of the engine: list, build, load, import, search, prune.
    #[must_use]
    pub fn images(&self) -> Images {
        Images::new(self.clone())
    }

    /// Returns a handle for the image with this name or id, for example `alpine:3.20`. Does not check that it exists.
    #[must_use]
    pub fn image(&self, name: impl Into<String>) -> Image {
        Image::new(self.clone(), name.into())
    }

    /// Returns a handle for the networks of the engine: list, create, prune.
    #[must_use]
    pub fn networks(&self) -> Networks {
        Networks::new(self.clone())
    }

    /// Returns a handle for the network with this name, id, or unique prefix of an id. Does not check that it exists.
    #[must_use]
    pub fn network(&self, id: impl Into<String>) -> Network {
        Network::new(self.clone(), id.into())
    }

    /// Returns a handle for the volumes of the engine: list, create, prune.
    #[must_use]
    pub fn volumes(&self) -> Volumes {
        Volumes::new(self.clone())
    }

    /// Returns a handle for the volume with this name, or for the cluster volume with this id. Does not check that it exists.
    #[must_use]
    pub fn volume(&self, name: impl Into<String>) -> Volume {
        Volume::new(self.clone(), name.into())
    }

    /// Returns a handle for the swarm that the engine is part of: inspect, init, join, update, leave. Requires API 1.24.
    #[must_use]
    pub fn swarm(&self) -> Swarm {
        Swarm::new(self.clone())
    }

    /// Returns a handle for the nodes of the swarm: list. Requires API 1.24.
    #[must_use]
    pub fn nodes(&self) -> Nodes {
        Nodes::new(self.clone())
    }

    /// Returns a handle for the node with this name or id. Does not check that it exists. Requires API 1.24.
    #[must_use]
    pub fn node(&self, id: impl Into<String>) -> Node {
        Node::new(self.clone(), id.into())
    }

    /// Returns a handle for the services of the swarm: list, create. Requires API 1.24.
    #[must_use]
    pub fn services(&self) -> Services {
        Services::new(self.clone())
    }

    /// Returns a handle for the service with this name or id. Does not check that it exists. Requires API 1.24.
    #[must_use]
    pub fn service(&self, id: impl Into<String>) -> Service {
        Service::new(self.clone(), id.into())
    }

    /// Returns a handle for the tasks of the swarm: list. Requires API 1.24.
    #[must_use]
    pub fn tasks(&self) -> Tasks {
        Tasks::new(self.clone())
    }

    /// Returns a handle for the task with this id. Does not check that it exists. Requires API 1.24.
    #[must_use]
    pub fn task(&self, id: impl Into<String>) -> Task {
        Task::new(self.clone(), id.into())
    }

    /// Returns a handle for the secrets of the swarm: list, create. Requires API 1.25.
    #[must_use]
    pub fn secrets(&self) -> Secrets {
        Secrets::new(self.clone())
    }

    /// Returns a handle for the secret with this name or id. Does not check that it exists. Requires API 1.25.
    #[must_use]
    pub fn secret(&self, id: impl Into<String>) -> Secret {
        Secret::new(self.clone(), id.into())
    }

    /// Returns a handle for the configs of the swarm: list, create. Requires API 1.30.
    #[must_use]
    pub fn configs(&self) -> Configs {
        Configs::new(self.clone())
    }

    /// Returns a handle for the config with this name or id. Does not check that it exists. Requires API 1.30.
    #[must_use]
    pub fn config(&self, id: impl Into<String>) -> Config {
        Config::new(self.clone(), id.into())
    }

    /// Returns a handle for the plugins of the engine: list, privileges, pull, create. Requires API 1.25.
    #[must_use]
    pub fn plugins(&self) -> Plugins {
        Plugins::new(self.clone())
    }

    /// Returns a handle for the plugin with this name, id, or unique prefix of an id. Does not check that it exists.
    /// Requires API 1.25.
    #[must_use]
    pub fn plugin(&self, name: impl Into<String>) -> Plugin {
        Plugin::new(self.clone(), name.into())
    }

    /// Returns a handle for the exec instance (a command in a running container) with this id. Does not check that it
    /// exists.
    #[must_use]
    pub fn exec(&self, id: impl Into<String>) -> Exec {
        Exec::new(self.clone(), id.into())
    }

    /// Returns a handle for BuildKit: session and grpc, for programs with their own gRPC implementation; with the feature
    /// `buildkit`, disk usage and prune of the build cache. Requires API 1.31.
    #[must_use]
    pub fn buildkit(&self) -> BuildKit {
        BuildKit::new(self.clone())
    }

    /// Returns a handle for the history of builds with BuildKit: list, watch, pin, remove. Requires the feature `buildkit`,
    /// and API 1.43.
    #[cfg(feature = "buildkit")]
    #[must_use]
    pub fn build_history(&self) -> BuildHistory {
        BuildHistory::new(self.clone())
    }

    /// Returns the API version that this client uses: the [configured](DockerClientBuilder::api_version) one, or the newest
    /// that both the engine and this crate support.
    ///
    /// The version is negotiated once, by the first call of any clone.
    ///
    /// Calls `GET /version`, without a version prefix, unless the version is configured or was negotiated before.
    ///
    /// # Errors
    ///
    /// Fails if the engine cannot be reached, or if the engine and this crate have no API version in common.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::ApiVersion;
    ///
    /// if docker.api_version().await? >= ApiVersion::new(1, 25) {
    ///     docker.containers().prune().await?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn api_version(&self) -> Result<ApiVersion> {
        Ok(self.api("system_version", &Settings::default()).await?.version())
    }

    /// Returns the host at which ports of containers are published: that of the address, or `localhost` for a local socket.
    ///
    /// [`Container::port`](crate::containers::Container::port) returns the addresses to which ports are bound, which can be
    /// `0.0.0.0`: all addresses of this host.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn main() -> dockerclient::Result<()> {
    /// use dockerclient::DockerClient;
    ///
    /// assert_eq!(DockerClient::connect("tcp://build.example:2375")?.host(), "build.example");
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn host(&self) -> String {
        self.0.http.endpoint().host()
    }

    /// Returns the time and size limits of calls.
    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Returns the HTTP client, for requests that do not use the generated client.
    pub(crate) fn http(&self) -> &HttpClient {
        &self.0.http
    }

    /// Returns the API version, and negotiates it if necessary.
    pub(crate) async fn negotiated_version(&self) -> Result<ApiVersion> {
        let client = match self.0.api.get() {
            Some(client) => client,
            None => self.generated_client().await.map_err(Error::before_request)?,
        };
        Ok(client.inner.version())
    }

    /// Returns the store of credentials for calls without explicit ones.
    pub(crate) fn store(&self) -> Option<&Store> {
        self.0.store.as_ref()
    }

    /// Returns the proxy variables for containers and builds.
    pub(crate) fn proxies(&self) -> &ProxyVariables {
        &self.0.proxies
    }

    /// Returns the event streams that log monitors share.
    pub(crate) fn feeds(&self) -> &Feeds {
        &self.0.feeds
    }

    /// Returns the generated client for one operation, and negotiates the API version if necessary.
    pub(crate) async fn api(&self, operation: &'static str, settings: &Settings) -> Result<Api<'_>> {
        let headers = settings.headers().map_err(|error| error.during(operation))?;
        let client = match self.0.api.get() {
            Some(client) => client,
            None => self.generated_client().await.map_err(|error| error.during(operation).before_request())?,
        };
        Ok(match (headers, settings.limits(&self.0.limits)) {
            (None, None) => Api::new(client, operation),
            (headers, limits) => Api::with(client, operation, headers, limits),
        })
    }

    async fn generated_client(&self) -> Result<&generated::Client> {
        let version = match self.0.pinned {
            Some(version) => version,
            None => self.negotiate().await?,
        };
        let hooks = Hooks::new(self.0.http.clone(), version, self.0.limits)?;
        // The hooks have the base of the URLs.
        let client = generated::Client::new_with_client("", request_builder()?, hooks);
        Ok(self.0.api.get_or_init(|| client))
    }

    /// Joins the negotiation in progress in this runtime, or starts one. All callers that join get the same result.
    ///
    /// Runtimes do not share a negotiation: its socket and timers belong to the runtime that started it, which may be
    /// blocked.
    async fn negotiate(&self) -> Result<ApiVersion> {
        let runtime = Handle::current().id();
        let negotiation = {
            let mut negotiations = self.0.negotiations.lock().unwrap_or_else(PoisonError::into_inner);
            let running = negotiations.iter().find(|(id, _)| *id == runtime).and_then(|(_, running)| running.upgrade());
            running.unwrap_or_else(|| {
                let new = negotiate::negotiate(self.0.http.clone(), self.0.limits).boxed().shared();
                negotiations.retain(|(id, running)| *id != runtime && running.upgrade().is_some());
                negotiations.extend(new.downgrade().map(|new| (runtime, new)));
                new
            })
        };
        negotiation.await
    }
}

/// Returns the client that the generated code builds requests with. [`Hooks`] sends them in its place.
fn request_builder() -> Result<reqwest::Client> {
    reqwest::Client::builder().no_proxy().build().map_err(generated::invalid_request)
}

impl fmt::Debug for DockerClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DockerClient")
            .field("address", &self.0.http.endpoint().to_string())
            .field("api_version", &self.0.api.get().map(|client| client.inner.version()))
            .finish()
    }
}
