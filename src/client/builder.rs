//! [`DockerClientBuilder`], the settings of a client.

use std::{ffi::OsString, fmt, io, path::PathBuf, time::Duration};

use tokio::io::{AsyncRead, AsyncWrite};

use super::DockerClient;
use crate::{
    ApiVersion, Error, Result,
    config::{ConfigDirectory, ConfigFile, ProxyVariables},
    credentials::{Helpers, Store},
    environment::Environment,
    error::{Kind, Unsupported},
    transport::{
        self, Configuration, Connector, CustomConnector, Endpoint, EndpointOptions, Headers, HttpClient, Limits,
    },
};

/// A builder for a [`DockerClient`]. Returned by [`DockerClient::builder`].
///
/// Settings that are not set come from the environment, as [`DockerClient::from_env`] documents. Each setting documents its
/// default.
///
/// # Examples
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
    endpoint: EndpointOptions,
    #[cfg(feature = "ssh")]
    ssh: Option<crate::SshOptions>,
    connector: Option<CustomConnector>,
    api_version: Option<ApiVersion>,
    limits: Limits,
    config_directory: Option<PathBuf>,
    anonymous: bool,
    helper_path: Option<String>,
    /// `None` for the default of the endpoint; `Some(None)` for no limit.
    max_connections: Option<Option<usize>>,
    headers: CustomHeaders,
    no_proxy: bool,
    no_container_proxies: bool,
}

/// Headers that the program adds. `Debug` shows only their names, because values may be secrets.
#[derive(Clone, Default)]
struct CustomHeaders(Vec<(String, String)>);

impl fmt::Debug for CustomHeaders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl DockerClientBuilder {
    /// Sets the address of the engine. Defaults to the engine of the environment, see [`DockerClient::from_env`].
    ///
    /// | address | transport |
    /// |---|---|
    /// | `unix:///path` or `/path` | Unix socket; not on Windows |
    /// | `npipe:////./pipe/name` or `\\.\pipe\name` | named pipe; only on Windows |
    /// | `tcp://host:port/prefix` or `host:port/prefix` | TCP, with TLS if it is configured |
    /// | `http://host:port/prefix` | TCP without TLS |
    /// | `https://host:port/prefix` | TCP with TLS; requires a feature for TLS, see [`Tls`](crate::Tls) |
    /// | `ssh://user@host:port/socket` | SSH; requires the feature `ssh` |
    ///
    /// The host defaults to `localhost`, and the port to 2375, or to 2376 with `https://`. The optional prefix is prepended
    /// to the path of each request. An SSH address requires only the host. `npipe://` and `unix://` are the default pipe and
    /// socket of Docker.
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.endpoint.address = Some(address.into());
        self
    }

    /// Sets the name of the Docker CLI context to use.
    ///
    /// Defaults to the context of the environment, see [`DockerClient::from_env`].
    pub fn context(mut self, name: impl Into<String>) -> Self {
        self.endpoint.context = Some(name.into());
        self
    }

    /// Sets the TLS configuration. Defaults to the TLS settings of the environment, see [`DockerClient::from_env`]. Requires
    /// a feature for TLS, see [`Tls`](crate::Tls).
    ///
    /// If neither this builder nor the environment selects an engine, the address is `tcp://localhost:2376`.
    #[cfg(feature = "tls-no-provider")]
    #[cfg_attr(docsrs, doc(cfg(any(feature = "tls", feature = "tls-aws-lc-rs", feature = "tls-no-provider"))))]
    pub fn tls(mut self, tls: crate::Tls) -> Self {
        self.endpoint.tls = Some(tls);
        self
    }

    /// Sets options of connections over SSH. Defaults to none: only the user's `ssh` configuration applies. Requires the
    /// feature `ssh`, and an engine with an `ssh://` address.
    #[cfg(feature = "ssh")]
    pub fn ssh(mut self, options: crate::SshOptions) -> Self {
        self.ssh = Some(options);
        self
    }

    /// Uses a custom transport: `dial` is called for each connection, and returns a bidirectional byte stream to the
    /// engine.
    ///
    /// Cannot be combined with [`address`](Self::address), [`context`](Self::context) or a TLS configuration.
    ///
    /// # Examples
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
        self.connector = Some(CustomConnector::new(dial));
        self
    }

    /// Sets the API version to use, without negotiation.
    ///
    /// Defaults to `DOCKER_API_VERSION` or, if that is not set, to the newest version that both the engine and this crate
    /// support.
    pub fn api_version(mut self, version: ApiVersion) -> Self {
        self.api_version = Some(version);
        self
    }

    /// Sets the timeout for opening a connection. Defaults to 10 seconds; `None` disables it.
    ///
    /// Within this time, an attempt that fails for a temporary reason is retried: no free file descriptor, a full backlog of
    /// a Unix socket, a busy named pipe, or an SSH server that limits unauthenticated connections (`MaxStartups`).
    #[doc(alias = "NewDockerClientTimeout")]
    pub fn connect_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.connect_timeout = limit.into();
        self
    }

    /// Sets the timeout for the response headers. Defaults to 60 seconds; `None` disables it.
    ///
    /// Does not apply to operations whose response headers arrive only when the engine has finished its work, or with the
    /// first output:
    ///
    /// - containers: create, start, stop, restart, kill, wait, remove, commit, changes, logs, export, all copy operations,
    ///   and list and inspect with sizes;
    /// - images: pull, push, build, load, save, import, search, distribution, remove, history, and list with shared sizes;
    /// - volumes: all; networks: create, remove, connect, disconnect;
    /// - events, disk usage, prune, and checking credentials.
    ///
    /// The negotiation of the API version must complete within this time. To limit a whole call, use the `time_limit` of its
    /// request.
    pub fn response_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.response_timeout = limit.into();
        self
    }

    /// Sets the maximum idle time while the body of a response is read. Defaults to 60 seconds; `None` disables it.
    ///
    /// The timeout starts again with each chunk; an error response must be complete within it. Does not apply to streams,
    /// which have their own timeouts, such as [`OutputStream::read_timeout`](crate::OutputStream::read_timeout).
    pub fn read_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.read_timeout = limit.into();
        self
    }

    /// Sets the maximum number of connections that calls use at once. Defaults to 100, or to 8 over SSH; `None` is no limit.
    ///
    /// Further calls wait, without a timeout, until a connection is free. The limit applies separately to calls with a
    /// [`response_timeout`](Self::response_timeout) and to calls without one, so that long operations do not block short
    /// ones. Streams, sessions, uploads and downloads have a connection each, and do not count towards the limit.
    ///
    /// A call whose future is not polled keeps its connection, and could block other calls indefinitely. To prevent this
    /// deadlock, one connection more than the limit is opened whenever calls are waiting and no call has completed for a
    /// second.
    pub fn max_connections(mut self, limit: impl Into<Option<usize>>) -> Self {
        self.max_connections = Some(limit.into());
        self
    }

    /// Sets the maximum size of a response that is not a stream (an object or a list), in bytes. Defaults to 64 MiB.
    ///
    /// Applies to the bytes received and, approximately, to the memory of the values decoded from them, which a
    /// malicious or faulty response could make a hundred times larger. A call with a larger response fails
    /// ([`is_decode`](Error::is_decode)). A list of 10,000 containers takes about 40 MB.
    ///
    /// Does not apply to downloads that are not decoded, such as archives. For [raw requests](crate::DockerClient::request), only
    /// the bytes received are limited, because the memory of your own types is not known.
    pub fn max_response_size(mut self, bytes: usize) -> Self {
        self.limits.max_response_size = bytes;
        self
    }

    /// Sets the maximum size of a stream item (a frame of output, a line, a JSON object), in bytes. Defaults to 16 MiB.
    ///
    /// Applies to the bytes received and to the memory of the values decoded from them. A larger item ends its stream with an
    /// error; a longer line of [`lines`](crate::OutputStream::lines) is truncated.
    pub fn max_item_size(mut self, bytes: usize) -> Self {
        self.limits.max_item_size = bytes;
        self
    }

    /// Sets the directory of the Docker CLI's configuration (`config.json` and contexts). It need not exist.
    ///
    /// Defaults to `DOCKER_CONFIG` or, if that is not set, to `.docker` in the user's home directory, which is `HOME` or, on
    /// Windows, `USERPROFILE`.
    pub fn config_directory(mut self, path: impl Into<PathBuf>) -> Self {
        self.config_directory = Some(path.into());
        self
    }

    /// Disables the lookup of registry credentials: only credentials that are passed to a call are sent.
    ///
    /// By default, pull, push, search and build use the credentials that [`credentials`](DockerClient::credentials) finds in
    /// the user's configuration.
    pub fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// Sets the directories to search for credential helpers, separated by colons, or by semicolons on Windows. Defaults to
    /// `PATH`.
    ///
    /// Useful for services, whose `PATH` often lacks the directories of programs that their user installed. It is also the
    /// `PATH` of the helpers.
    pub fn credential_helper_path(mut self, directories: impl Into<String>) -> Self {
        self.helper_path = Some(directories.into());
        self
    }

    /// Sets the timeout after which a credential helper is killed. Defaults to 60 seconds, because the user may have to
    /// unlock a keychain; `None` disables it.
    pub fn credential_helper_timeout(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.helper_timeout = limit.into();
        self
    }

    /// Adds a header to every request to the engine, for example one that a reverse proxy requires.
    ///
    /// Replaces an earlier header of that name, the one in `config.json` (`HttpHeaders`), and the `User-Agent` of this
    /// client. Headers of a single call, such as `X-Registry-Auth`, take precedence. `Debug` output does not contain the
    /// value.
    ///
    /// # Examples
    ///
    /// ```
    /// use dockerclient::DockerClient;
    ///
    /// let docker = DockerClient::builder()
    ///     .address("tcp://127.0.0.1:2375")
    ///     .header("User-Agent", "my-tool/1.0")
    ///     .header("Authorization", "Bearer secret")
    ///     .build()?;
    /// # Ok::<(), dockerclient::Error>(())
    /// ```
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.0.push((name.into(), value.into()));
        self
    }

    /// Connects to the engine directly, and ignores `HTTP_PROXY` and `HTTPS_PROXY`, which are used by default.
    pub fn no_proxy(mut self) -> Self {
        self.no_proxy = true;
        self
    }

    /// Disables setting proxy variables in containers and builds.
    ///
    /// By default, [`create`](crate::containers::Containers::create) and [`build`](crate::images::Images::build) add the
    /// `proxies` of `config.json` to the environment and the build arguments, as the Docker CLI does: `HTTP_PROXY`,
    /// `HTTPS_PROXY`, `NO_PROXY`, `FTP_PROXY` and `ALL_PROXY`, each in upper and lower case, unless the call sets the
    /// variable itself.
    pub fn no_container_proxies(mut self) -> Self {
        self.no_container_proxies = true;
        self
    }

    /// Creates the client. Reads the Docker CLI's configuration and the certificates, but does not connect to the engine.
    ///
    /// # Errors
    ///
    /// Fails if a setting of this builder, of the environment or of the configuration is not valid, if no engine is
    /// configured and no default socket or named pipe is usable, or if this crate does not support the configured API
    /// version.
    pub fn build(self) -> Result<DockerClient> {
        let environment = match self.no_proxy {
            true => Environment::of_process().without_proxies(),
            false => Environment::of_process(),
        };
        let pinned = match self.api_version {
            Some(version) => Some(version),
            None => environment.get("DOCKER_API_VERSION")?.map(str::parse).transpose()?,
        };
        if let Some(version) = pinned {
            check_supported(version)?;
        }
        let directory = self.config_directory.or_else(|| environment.config_directory()).map(ConfigDirectory::new);
        let file = match &directory {
            Some(directory) => directory.load()?,
            None => ConfigFile::default(),
        };
        let endpoint = match self.connector {
            Some(_) if self.endpoint.is_set() => {
                return Err(Error::invalid_input("connector() cannot be combined with address(), context() or tls()"));
            }
            Some(dial) => Endpoint::Custom(dial),
            None => {
                let config = Configuration { directory: directory.as_ref(), file: &file };
                transport::resolve(&self.endpoint, &environment, config)?
            }
        };
        #[cfg(feature = "ssh")]
        let endpoint = match self.ssh {
            Some(options) => {
                let mut endpoint = endpoint;
                endpoint.set_ssh_options(options)?;
                endpoint
            }
            None => endpoint,
        };
        let mut headers = Headers::new(&file.headers)?;
        for (name, value) in &self.headers.0 {
            headers.insert(name, value)?;
        }
        let proxies = match self.no_container_proxies {
            true => ProxyVariables::default(),
            false => file.proxy_variables(&endpoint.config_key()),
        };
        let max_connections = match self.max_connections {
            Some(Some(0)) => {
                return Err(Error::invalid_input("invalid max_connections: 0; use at least 1"));
            }
            Some(limit) => limit,
            None => Some(transport::default_max_connections(&endpoint)),
        };
        let connector = Connector::new(endpoint, headers);
        let path = self.helper_path.map_or_else(|| environment.program_path().to_owned(), OsString::from);
        let helpers = Helpers::new(path, self.limits.helper_timeout);
        let store = directory.filter(|_| !self.anonymous).map(|directory| Store::new(directory, helpers));
        Ok(DockerClient::new(HttpClient::new(connector, max_connections)?, self.limits, pinned, store, proxies))
    }
}

fn check_supported(version: ApiVersion) -> Result<()> {
    if (ApiVersion::OLDEST..=ApiVersion::NEWEST).contains(&version) {
        return Ok(());
    }
    Err(Error::new(Kind::Unsupported(Unsupported {
        message: format!(
            "unsupported API version {version}: this crate supports {} to {}",
            ApiVersion::OLDEST,
            ApiVersion::NEWEST
        ),
        required: Some(version),
        negotiated: None,
    })))
}
