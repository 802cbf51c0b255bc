//! Connecting: which engine is used, and how to reach it.
//!
//! A [`DockerClient`](crate::DockerClient) connects to one engine. Creating one reads the environment and the configuration
//! of the Docker CLI; no connection is opened before the first call.
//!
//! ```no_run
//! # async fn example() -> dockerclient::Result<()> {
//! use dockerclient::DockerClient;
//!
//! let docker = DockerClient::from_env()?; // the engine that `docker ps` uses
//! docker.ping().await?;
//! let version = docker.version().await?;
//! println!("engine {} on {} ({})", version.version, version.os, version.arch);
//! println!("{} containers", docker.info().await?.containers);
//! # Ok(())
//! # }
//! ```
//!
//! [`from_env`](crate::DockerClient::from_env) selects the engine as the Docker CLI does, including contexts.
//! [`connect`](crate::DockerClient::connect) takes an address, and [`builder`](crate::DockerClient::builder) has every setting:
//!
//! ```no_run
//! # fn main() -> dockerclient::Result<()> {
//! use std::time::Duration;
//! use dockerclient::{ApiVersion, DockerClient};
//!
//! let local = DockerClient::connect("unix:///var/run/docker.sock")?; // on Windows: npipe:////./pipe/docker_engine
//! let other = DockerClient::builder()
//!     .address("tcp://engine.example:2375")
//!     .api_version(ApiVersion::new(1, 41))
//!     .connect_timeout(Duration::from_secs(2))
//!     .build()?;
//! # Ok(())
//! # }
//! ```
//!
//! | address | connects to | requires |
//! |---|---|---|
//! | `unix:///var/run/docker.sock`, `/var/run/docker.sock`, `unix://` | a Unix socket | a system other than Windows |
//! | `npipe:////./pipe/docker_engine`, `npipe://\\.\pipe\docker_engine`, `\\.\pipe\docker_engine`, `npipe://` | a named pipe | Windows |
//! | `tcp://host:2375`, `host:2375`, `:2375`, `tcp://` | a TCP port; with TLS if certificates are configured | |
//! | `http://host:2375` | a TCP port, without TLS | |
//! | `https://host:2376` | a TCP port, with TLS | the feature `tls`, `tls-aws-lc-rs` or `tls-no-provider` |
//! | `tcp://host:9000/api/endpoints/1/docker` | an engine behind a reverse proxy; also with `http://` and `https://` | |
//! | `ssh://user@host` | the engine of another machine, through the system's `ssh` | the feature `ssh` |
//!
//! The certificates for TLS are taken from `DOCKER_CERT_PATH` or the context, or from a [`Tls`](crate::Tls), which is passed to
//! [`builder().tls(…)`](crate::DockerClientBuilder#method.tls):
//!
//! ```no_run
//! # #[cfg(feature = "tls-no-provider")]
//! # fn main() -> dockerclient::Result<()> {
//! use dockerclient::{DockerClient, Tls};
//!
//! let docker = DockerClient::builder()
//!     .address("tcp://engine.example:2376")
//!     .tls(Tls::from_directory("/home/me/certificates")) // ca.pem, cert.pem, key.pem
//!     .build()?;
//! # Ok(())
//! # }
//! # #[cfg(not(feature = "tls-no-provider"))] fn main() {}
//! ```
//!
//! The features select the crypto provider of rustls: `tls` is *ring*, which needs only a C compiler; `tls-aws-lc-rs` is
//! aws-lc-rs, which also supports keys on P-521 and post-quantum key exchange, and takes longer to build. A provider that the
//! program installs with `CryptoProvider::install_default` before it creates the client takes precedence, and is the only one
//! with `tls-no-provider`. See [`Tls`](crate::Tls#crypto-provider).
//!
//! [`SshOptions`](crate::SshOptions) set the key, the known hosts and other options of `ssh` in code.
//!
//! Calls, streams and sessions work over a named pipe as over a Unix socket. A client waits for a busy pipe, at most for the
//! [`connect_timeout`](crate::DockerClientBuilder::connect_timeout). The EOF of a session's input reaches the engine if the
//! pipe is in message mode, as Docker's is.
//!
//! For any other transport, supply a [`connector`](crate::DockerClientBuilder::connector): a function that returns a
//! stream of bytes. A proxy in front of the engine may require a [`header`](crate::DockerClientBuilder::header) on every
//! request.
//!
//! # Differences from the Docker CLI
//!
//! [`from_env`](crate::DockerClient::from_env) uses the engine, and sends the headers and proxy variables, that the docker
//! CLI 28 would. These differences are intentional:
//!
//! | | Docker CLI | this crate |
//! |---|---|---|
//! | no engine is configured | `/var/run/docker.sock`; on Windows `npipe:////./pipe/docker_engine` | if that cannot be opened, also other sockets or named pipes, see [`from_env`](crate::DockerClient::from_env) |
//! | address `/run/docker.sock`, `\\.\pipe\docker_engine` | path on `tcp://localhost:2375`; rejected | Unix socket; named pipe |
//! | address `http://…`, `https://…` | rejected | accepted |
//! | address with a password or a query | ignores both | rejected; the password is not in the error |
//! | address `unix://relative` | path in the current directory | rejected |
//! | address `unix://…` on Windows | accepted | rejected |
//! | address `tcp://` on Windows | `tcp://127.0.0.1:2375` | `tcp://localhost:2375` |
//! | `ssh` requires a password or an unknown host key | prompts on the terminal | fails (`BatchMode=yes`) |
//! | `DOCKER_TLS` without `ca.pem` | fails, but does not verify | does not need it |
//! | only one of `cert.pem` and `key.pem` | ignores it | fails |
//! | keys on P-521, RSA keys below 2048 bits, certificates of X.509 version 1 | accepted | rejected, as rustls does not support them; aws-lc-rs supports P-521 |
//! | a configuration file is a FIFO or a device | blocks | fails |
//! | malformed credentials in `config.json` | warning | fails if a call needs them |
//! | `config.json` names no credential helper | uses `pass`, `secretservice`, `osxkeychain` or `wincred`, if installed | uses none |
//! | a credential helper fails | prints its stdout | returns only its stderr in the error: stdout may contain a secret |
//! | proxies at `https://…`, invalid values of `HTTP_PROXY` | accepts; ignores | fails |
//! | `DOCKER_AUTH_CONFIG`, `DOCKER_CUSTOM_HEADERS`, `DOCKER_DEFAULT_PLATFORM`, `DOCKER_BUILDKIT` | used | not read |
//!
//! As in the Docker CLI, sessions (attach and exec) do not use a proxy. The table does not list differences between API
//! versions and engines.
//!
//! # Other limits
//!
//! [`with_limits`](crate::DockerClient::with_limits) returns a client with other limits that shares the connections:
//!
//! ```
//! # fn example(docker: &dockerclient::DockerClient) {
//! let slow = docker.with_limits(|limits| limits.response_timeout(None).max_item_size(64 << 20));
//! # }
//! ```
//!
//! # One client is enough
//!
//! Clones share connections and the negotiated API version. Create a client once, and give a clone to each task:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! let tasks: Vec<_> = (0..3)
//!     .map(|_| {
//!         let docker = docker.clone();
//!         tokio::spawn(async move { docker.ping().await })
//!     })
//!     .collect();
//! for task in tasks {
//!     task.await??;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Calls occupy up to 100 connections at once, or 8 over SSH, and further calls wait: see
//! [`max_connections`](crate::DockerClientBuilder::max_connections).
//!
//! One client works in several Tokio runtimes, even while one of them is blocked in synchronous code: each runtime has
//! separate connections. A stream or session belongs to the runtime in which it was opened, and makes progress only
//! while that runtime runs.
