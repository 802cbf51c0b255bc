//! The client, from which every call starts.

use std::{
    fmt,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use futures_util::{
    FutureExt,
    future::{BoxFuture, WeakShared},
};

use crate::{
    ApiVersion, Result,
    connect::{HttpClient, Limits},
    containers::{Container, Containers},
    credentials::Store,
    exec::Exec,
    images::{Image, Images},
    networks::{Network, Networks},
    version::negotiate,
    volumes::{Volume, Volumes},
    wire::{self, Hooks, Wire},
};

mod builder;

pub use builder::DockerClientBuilder;

/// A client of one Docker Engine.
///
/// Clones are cheap and share their connections and the negotiated version. A
/// client does nothing until something is asked of it: making one never fails
/// because the engine is down.
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
#[doc(alias = "Client")]
#[derive(Clone)]
pub struct DockerClient(Arc<Inner>);

struct Inner {
    http: HttpClient,
    limits: Limits,
    pinned: Option<ApiVersion>,
    /// Where credentials are that a call is not given; none if it shall show nothing.
    store: Option<Store>,
    /// The generated client, once the version is known.
    wire: OnceLock<wire::Client>,
    /// The negotiation that runs, if one does. Whoever waits for it drives it.
    negotiation: Mutex<Option<WeakShared<BoxFuture<'static, Result<ApiVersion>>>>>,
}

impl DockerClient {
    /// A client of the engine that the docker command line would talk to.
    ///
    /// The first of these that is there says which:
    ///
    /// | what | means |
    /// |---|---|
    /// | `DOCKER_HOST` | the address of the engine; contexts do not count then |
    /// | `DOCKER_CONTEXT` | the context of that name; `default` means none |
    /// | `currentContext` in `config.json` | the same |
    /// | `/var/run/docker.sock` | Docker |
    /// | `$XDG_RUNTIME_DIR/docker.sock` | Docker without root |
    /// | `$XDG_RUNTIME_DIR/podman/podman.sock`, `/run/podman/podman.sock` | Podman |
    ///
    /// A socket counts if it is there and this user may open it. What else is heard of:
    ///
    /// | what | means |
    /// |---|---|
    /// | `DOCKER_TLS_VERIFY`, not empty | TLS with a `tcp://` address, and only with engines that `ca.pem` vouches for |
    /// | `DOCKER_TLS`, not empty | TLS with a `tcp://` address, with whoever answers |
    /// | `DOCKER_CERT_PATH` | where `ca.pem`, `cert.pem` and `key.pem` are; with `config.json` if it is not set |
    /// | `DOCKER_CONFIG` | where `config.json`, with [`credentials`](Self::credentials), and the contexts are; `.docker` in the home directory if it is not set |
    /// | `DOCKER_API_VERSION` | the version of the API to speak, without negotiation |
    ///
    /// A variable that is empty is not set. A context brings its own certificates, and no `DOCKER_TLS…` changes them.
    /// Use [`builder`](Self::builder) to say more, or otherwise; its word goes before all of this.
    ///
    /// # Errors
    ///
    /// Fails if one of these cannot be meant, and says which, or if there is no socket at any of the usual places,
    /// and says where it looked and why it took none. Does not look whether an engine answers.
    #[doc(alias = "TLSConfigFromCertPath")]
    pub fn from_env() -> Result<Self> {
        Self::builder().build()
    }

    /// A client of the engine at `address`, as `unix:///var/run/docker.sock` or `tcp://127.0.0.1:2375`; what else is
    /// said comes from the environment, see [`from_env`](Self::from_env).
    ///
    /// # Errors
    ///
    /// Fails if `address` cannot be meant. Does not look whether an engine is there.
    #[doc(alias = "NewDockerClient")]
    pub fn connect(address: &str) -> Result<Self> {
        Self::builder().address(address).build()
    }

    /// A client made to order.
    #[doc(alias = "NewDockerClientTimeout")]
    pub fn builder() -> DockerClientBuilder {
        DockerClientBuilder::default()
    }

    fn new(http: HttpClient, limits: Limits, pinned: Option<ApiVersion>, store: Option<Store>) -> Self {
        Self(Arc::new(Inner { http, limits, pinned, store, wire: OnceLock::new(), negotiation: Mutex::default() }))
    }

    /// All containers of the engine.
    #[must_use]
    pub fn containers(&self) -> Containers {
        Containers::new(self.clone())
    }

    /// The container with this name or id, or with an id that begins so.
    #[must_use]
    pub fn container(&self, id: impl Into<String>) -> Container {
        Container::new(self.clone(), id.into())
    }

    /// All images of the engine.
    #[must_use]
    pub fn images(&self) -> Images {
        Images::new(self.clone())
    }

    /// The image with this name or id.
    #[must_use]
    pub fn image(&self, name: impl Into<String>) -> Image {
        Image::new(self.clone(), name.into())
    }

    /// All networks of the engine.
    #[must_use]
    pub fn networks(&self) -> Networks {
        Networks::new(self.clone())
    }

    /// The network with this name or id, or with an id that begins so.
    #[must_use]
    pub fn network(&self, id: impl Into<String>) -> Network {
        Network::new(self.clone(), id.into())
    }

    /// All volumes of the engine.
    #[must_use]
    pub fn volumes(&self) -> Volumes {
        Volumes::new(self.clone())
    }

    /// The volume with this name.
    #[must_use]
    pub fn volume(&self, name: impl Into<String>) -> Volume {
        Volume::new(self.clone(), name.into())
    }

    /// The command with this id.
    #[must_use]
    pub fn exec(&self, id: impl Into<String>) -> Exec {
        Exec::new(self.clone(), id.into())
    }

    /// The version of the API that is spoken: the pinned one, or the newest that the engine and this client know.
    ///
    /// The engine is asked once, by the first call of any clone.
    ///
    /// Calls `GET /version`, without a version.
    ///
    /// # Errors
    ///
    /// Fails if the engine cannot be reached, or if there is no version that both know.
    pub async fn api_version(&self) -> Result<ApiVersion> {
        Ok(self.wire("system_version").await?.version())
    }

    /// The host at which ports of containers are published.
    pub(crate) fn host(&self) -> String {
        self.0.http.endpoint().host()
    }

    /// How long phases may take.
    pub(crate) fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Where credentials are that a call is not given.
    pub(crate) fn store(&self) -> Option<&Store> {
        self.0.store.as_ref()
    }

    /// The generated client, for one operation.
    pub(crate) async fn wire(&self, operation: &'static str) -> Result<Wire<'_>> {
        let client = match self.0.wire.get() {
            Some(client) => client,
            None => self.negotiated().await.map_err(|error| error.during(operation).early())?,
        };
        Ok(Wire::new(client, operation))
    }

    async fn negotiated(&self) -> Result<&wire::Client> {
        let version = match self.0.pinned {
            Some(version) => version,
            None => self.negotiate().await?,
        };
        let hooks = Hooks::new(self.0.http.clone(), version, self.0.limits);
        let base = format!("http://{}/v{version}", self.0.http.endpoint().authority());
        let client = wire::Client::new_with_client(&base, request_builder()?, hooks);
        Ok(self.0.wire.get_or_init(|| client))
    }

    /// Waits for the negotiation that runs, or for a new one; all who wait learn what became of it.
    async fn negotiate(&self) -> Result<ApiVersion> {
        let negotiation = {
            let mut running = self.0.negotiation.lock().unwrap_or_else(PoisonError::into_inner);
            running.as_ref().and_then(WeakShared::upgrade).unwrap_or_else(|| {
                let new = negotiate::negotiate(self.0.http.clone(), self.0.limits).boxed().shared();
                *running = new.downgrade();
                new
            })
        };
        negotiation.await
    }
}

/// What the generated code builds its requests with. It sends none of them, see [`Hooks`].
fn request_builder() -> Result<reqwest::Client> {
    reqwest::Client::builder().no_proxy().build().map_err(wire::body_error)
}

impl fmt::Debug for DockerClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DockerClient")
            .field("address", &self.0.http.endpoint().to_string())
            .field("api_version", &self.0.wire.get().map(|client| client.inner.version()))
            .finish()
    }
}
