//! Making a client to order.

use std::{io, path::PathBuf, time::Duration};

use tokio::io::{AsyncRead, AsyncWrite};

use super::DockerClient;
use crate::{
    ApiVersion, Error, Result,
    config::ConfigDirectory,
    connect::{self, Connector, Dial, Endpoint, HttpClient, Limits, Wish},
    credentials::{Helpers, Store},
    environment::Environment,
    error::{Kind, Unsupported},
};

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
    wish: Wish,
    connector: Option<Dial>,
    api_version: Option<ApiVersion>,
    limits: Limits,
    config_directory: Option<PathBuf>,
    anonymous: bool,
    helper_path: Option<String>,
    helper_timeout: Option<Duration>,
}

impl DockerClientBuilder {
    /// Where the engine listens: `unix:///path`, `tcp://host:port`, `http://host:port`, `https://host:port` or
    /// `ssh://user@host:port/socket`.
    ///
    /// Defaults to what the environment says, see [`DockerClient::from_env`]. Port 2375 may be left out, or 2376 with
    /// TLS. `https` needs the feature `tls`, and `ssh` the feature `ssh`; of an ssh address, all but the host may be
    /// left out.
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.wish.address = Some(address.into());
        self
    }

    /// The context of the docker command line to use, by its name.
    ///
    /// Defaults to what the environment says, see [`DockerClient::from_env`].
    pub fn context(mut self, name: impl Into<String>) -> Self {
        self.wish.context = Some(name.into());
        self
    }

    /// Speak TLS, and how. Defaults to what the environment says, see [`DockerClient::from_env`].
    #[cfg(feature = "tls")]
    pub fn tls(mut self, tls: crate::Tls) -> Self {
        self.wish.tls = Some(tls);
        self
    }

    /// A way to the engine of your own: `dial` is called for each connection, and returns any stream of bytes in both
    /// directions.
    ///
    /// ```
    /// use dockerclient::DockerClient;
    /// use tokio::net::TcpStream;
    ///
    /// let docker = DockerClient::builder().connector(|| TcpStream::connect("127.0.0.1:2375")).build()?;
    /// # Ok::<(), dockerclient::Error>(())
    /// ```
    pub fn connector<F, R, S>(mut self, dial: F) -> Self
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output = io::Result<S>> + Send + 'static,
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        self.connector = Some(Dial::new(dial));
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
    #[doc(alias = "NewDockerClientTimeout")]
    pub fn connect_timeout(mut self, limit: Duration) -> Self {
        self.limits.connect = Some(limit);
        self
    }

    /// How long the engine may take to begin its answer. Defaults to 60 seconds.
    ///
    /// Does not bound operations that answer only when their work is done, however
    /// long that takes: `stop`, `restart`, `kill`, `wait`, `remove`, `commit`, and
    /// what talks to a registry. Nor `logs`, which Podman begins only with the first output.
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

    /// The directory with the configuration of the docker command line: `config.json`, and contexts. It need not exist.
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
    /// Reads the files that say where it is, and certificates.
    ///
    /// # Errors
    ///
    /// Fails if what is said here, by the environment or by the command line's configuration cannot be meant, or if
    /// this crate does not speak the version that is wanted.
    pub fn build(self) -> Result<DockerClient> {
        let environment = Environment::of_process()?;
        let pinned = match self.api_version {
            Some(version) => Some(version),
            None => environment.get("DOCKER_API_VERSION").map(str::parse).transpose()?,
        };
        if let Some(version) = pinned {
            speakable(version)?;
        }
        let directory = self.config_directory.or_else(|| environment.config_directory()).map(ConfigDirectory::new);
        let endpoint = match self.connector {
            Some(_) if self.wish.is_something() => {
                return Err(Error::request("a connector is given, which leaves nothing to say about where to connect"));
            }
            Some(dial) => Endpoint::Custom(dial),
            None => connect::find(&self.wish, &environment, directory.as_ref())?,
        };
        let connector = Connector::new(endpoint, self.limits.connect);
        let path = self.helper_path.as_deref().or_else(|| environment.get("PATH")).unwrap_or_default();
        let helpers = Helpers::new(path, self.helper_timeout);
        let store = directory.filter(|_| !self.anonymous).map(|directory| Store::new(directory, helpers));
        Ok(DockerClient::new(HttpClient::new(connector), self.limits, pinned, store))
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
