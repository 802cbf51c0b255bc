//! Making a client to order.

use std::{path::PathBuf, time::Duration};

use super::DockerClient;
use crate::{
    ApiVersion, Error, Result,
    config::ConfigDirectory,
    connect::{Address, Connector, HttpClient, Limits},
    credentials::{Helpers, Store},
    environment::Environment,
    error::{Kind, Unsupported},
};

/// Where an engine listens if nobody says otherwise.
const DEFAULT_ADDRESS: &str = "unix:///var/run/docker.sock";

/// Makes a [`DockerClient`]. What is not said comes from the environment.
///
/// ```
/// use std::time::Duration;
/// use dockerclient::{ApiVersion, DockerClient};
///
/// let docker = DockerClient::builder()
///     .address("tcp://127.0.0.1:2375")
///     .api_version(ApiVersion::new(1, 17))
///     .connect_timeout(Duration::from_secs(2))
///     .build()?;
/// # Ok::<(), dockerclient::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct DockerClientBuilder {
    address: Option<String>,
    api_version: Option<ApiVersion>,
    limits: Limits,
    config_directory: Option<PathBuf>,
    anonymous: bool,
    helper_path: Option<String>,
    helper_timeout: Option<Duration>,
}

impl DockerClientBuilder {
    /// Where the engine listens: `unix:///path`, `tcp://host:port` or `http://host:port`.
    ///
    /// Defaults to `DOCKER_HOST`, and to `unix:///var/run/docker.sock` if that is not set.
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    /// The version of the API to speak.
    ///
    /// Defaults to `DOCKER_API_VERSION`, and to the newest that both sides know if that is not set.
    pub fn api_version(mut self, version: ApiVersion) -> Self {
        self.api_version = Some(version);
        self
    }

    /// How long opening a connection may take. Defaults to 10 seconds.
    ///
    /// Bounds only the dialling; what comes after has limits of its own.
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.limits.connect = Some(limit);
        self
    }

    /// How long the engine may take to begin its answer. Defaults to 60 seconds.
    ///
    /// Does not bound operations that answer only when their work is done, however
    /// long that takes: `stop`, `restart`, `kill`, `wait`, `remove`, `commit`, and
    /// what talks to a registry.
    pub fn answer_timeout(mut self, limit: Duration) -> Self {
        self.limits.answer = Some(limit);
        self
    }

    /// How long the engine may fall silent in the middle of an answer that is one document. Defaults to 60 seconds.
    ///
    /// Does not bound streams: logs may follow for days.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.limits.body = Some(limit);
        self
    }

    /// How long an item of a stream may be, in bytes: a frame of output, a line, a document. Defaults to 16 MiB.
    ///
    /// A longer one is an error, and the end of its stream.
    pub fn item_limit(mut self, bytes: usize) -> Self {
        self.limits.item = bytes;
        self
    }

    /// The directory with the configuration of the docker command line, `config.json`. It need not exist.
    ///
    /// Defaults to `DOCKER_CONFIG`, and to `.docker` in the `HOME` directory if that is not set.
    pub fn config_directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.config_directory = Some(path.into());
        self
    }

    /// Shows registries nothing but what a call is given, whatever the user's configuration holds.
    ///
    /// Without this, pulls, pushes, searches and builds show what
    /// [`credentials`](DockerClient::credentials) finds.
    pub fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// The directories to look for credential helpers in, with a colon between them. Defaults to `PATH`.
    ///
    /// Services are often started with a `PATH` that lacks what their user installed. Helpers get it as theirs.
    pub fn credential_helper_path(mut self, directories: impl Into<String>) -> Self {
        self.helper_path = Some(directories.into());
        self
    }

    /// How long a credential helper may take before it is killed. Defaults to 60 seconds, in which its user may have
    /// to unlock something.
    pub fn credential_helper_timeout(mut self, limit: Duration) -> Self {
        self.helper_timeout = Some(limit);
        self
    }

    /// Makes the client, without looking whether an engine is there.
    ///
    /// # Errors
    ///
    /// Fails if the address or the version, said here or by the environment, cannot
    /// be meant, or if this crate does not speak that version.
    pub fn build(self) -> Result<DockerClient> {
        let environment = Environment::of_process()?;
        let named = self.address.as_deref().or_else(|| environment.get("DOCKER_HOST"));
        let address: Address = named.unwrap_or(DEFAULT_ADDRESS).parse()?;
        let pinned = match self.api_version {
            Some(version) => Some(version),
            None => environment.get("DOCKER_API_VERSION").map(str::parse).transpose()?,
        };
        if let Some(version) = pinned {
            speakable(version)?;
        }
        let connector = Connector::new(address, self.limits.connect);
        let store = self.store(&environment);
        Ok(DockerClient::new(HttpClient::new(connector), self.limits, pinned, store))
    }

    /// Where credentials are, if anybody knows and wants them.
    fn store(&self, environment: &Environment) -> Option<Store> {
        if self.anonymous {
            return None;
        }
        let directory = self.config_directory.clone().or_else(|| environment.config_directory())?;
        let path = self.helper_path.as_deref().or_else(|| environment.get("PATH")).unwrap_or_default();
        Some(Store::new(ConfigDirectory::new(directory), Helpers::new(path, self.helper_timeout)))
    }
}

fn speakable(version: ApiVersion) -> Result<()> {
    if (ApiVersion::OLDEST..=ApiVersion::NEWEST).contains(&version) {
        return Ok(());
    }
    Err(Error::new(Kind::Unsupported(Unsupported {
        message: format!(
            "API {version} is wanted, but this client speaks {} to {}",
            ApiVersion::OLDEST,
            ApiVersion::NEWEST
        ),
        needed: Some(version),
        spoken: None,
    })))
}
