//! An async client for the Docker Engine API, versions 1.15 to 1.55 (Docker 1.3 to 29).
//!
//! ```no_run
//! # async fn example() -> dockerclient::Result<()> {
//! use dockerclient::DockerClient;
//!
//! let docker = DockerClient::from_env()?;
//! let hello = docker.run("busybox").args(["echo", "hello"]).output().await?;
//! print!("{hello}");
//! # Ok(())
//! # }
//! ```
//!
//! The [guide] has one page per topic, with tested examples. The repository has example programs (`examples/`), a list of all
//! operations (`docs/operations.md`), and the counterparts of bollard's methods (`docs/porting.md`).
//!
//! Calls need a [Tokio](https://docs.rs/tokio) runtime with I/O and time enabled:
//!
//! ```toml
//! [dependencies]
//! dockerclient = { path = "../dockerclient" } # there is no release yet
//! tokio = { version = "1", features = ["macros", "rt-multi-thread"] }
//! ```
//!
//! # Handles
//!
//! [`DockerClient`] returns handles: for all [`containers()`](DockerClient::containers), for one
//! [`container("web")`](DockerClient::container), and the same for images, networks, volumes, plugins and the objects of a
//! [swarm](guide::swarm). Creating a handle sends nothing.
//!
//! # Requests
//!
//! Every method that calls the engine returns a request, which is sent when it is awaited. Its settings are methods; a
//! setting that is not set is not sent. Its `send()` returns a future for `tokio::spawn` and `join!`. See
//! [requests](guide::requests).
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! use std::time::Duration;
//!
//! for container in docker.containers().list().all(true).label("app=web").await? {
//!     println!("{:.12} {} {}", container.id, container.image, container.status);
//! }
//! docker.container("web").stop().timeout(Duration::from_secs(60)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Streams
//!
//! Logs, events, stats, progress and downloads are [streams](guide::streams). Their requests resolve when the response
//! begins; a truncated stream ends with an error. [Monitors](monitor) are streams that reconnect.
//!
//! # Errors
//!
//! Every fallible call returns [`Error`]. Its [`kind`](Error::kind) classifies the failure, and its `Display` names the
//! operation and the cause. Expected outcomes are not errors: that a container was running already, or exited with a code
//! other than 0. See [errors](guide::errors).
//!
//! # Versions
//!
//! The first call negotiates the API version, the newest that both the engine and this crate support; see [`ApiVersion`]. An
//! operation or setting that the negotiated version lacks fails before anything is sent, with [`ErrorKind::Unsupported`]. The
//! documentation names the required version ("since API 1.17", "Requires API 1.18") if it is not the oldest.
//!
//! # Time limits and cancellation
//!
//! Each phase of a call has a limit, see [`DockerClientBuilder`]; streams have none. Every request has a `time_limit` for the
//! whole call. Dropping a future or a stream closes its connection, and leaves the client usable; the engine may continue the
//! operation. Waiting for the next item of a stream is cancel safe. See [timeouts and cancellation](guide::time).
//!
//! # Operations without a method
//!
//! [`DockerClient::get`], [`post`](DockerClient::post) and [`request`](DockerClient::request) send any request by method and
//! path, see [raw requests](guide::raw).
//!
//! # Logging
//!
//! Each request is a [`tracing`](https://docs.rs/tracing) span `docker` of level `DEBUG`, with the fields `operation` (or
//! `method` and `path`, for raw requests), `api_version` and `status`. Invalid parts of the Docker CLI's configuration, and
//! credentials that a build leaves out, are events of level `WARN`. Spans and events contain no credentials, headers or
//! bodies.
//!
//! # Compatibility
//!
//! Requires Rust 1.88, and Linux, macOS or Windows. A higher minimum version of Rust, a new API version and new fields of
//! [models] are minor releases: build models with `..Default::default()`. Enums and results that can grow are
//! `#[non_exhaustive]`.
//!
//! # Features
//!
//! None is enabled by default.
//!
//! | feature | adds |
//! |---|---|
//! | `buildkit` | [builds with BuildKit](guide/builds/index.html) as `docker build` does, the build cache and the history of builds; includes `tar` |
//! | `chrono`, `jiff`, `time` | conversions between [`Timestamp`] and the types of these crates |
//! | `progress` | progress bars for pulls, pushes and builds, with indicatif |
//! | `ssh` | `ssh://` addresses, with the system's `ssh` |
//! | `tar` | builds from a directory, copying files by their paths, and reading archives |
//! | `tls` | TLS, with rustls and *ring* |
//! | `tls-aws-lc-rs` | TLS, with rustls and aws-lc-rs; see [`Tls`](Tls#crypto-provider) |
//! | `tls-no-provider` | TLS, with rustls and the crypto provider that the program installs |
//! | `websocket` | `Container::attach_websocket` |

#![deny(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod buildkit;
mod client;
mod config;
pub mod configs;
pub mod containers;
mod credentials;
mod environment;
mod error;
pub mod exec;
mod exit_status;
mod filters;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod generated;
mod go_json;
#[cfg(doc)]
pub mod guide;
pub mod images;
mod logs;
pub mod models;
pub mod monitor;
pub mod networks;
pub mod nodes;
mod output;
#[cfg_attr(
    not(all(feature = "buildkit", feature = "ssh")),
    allow(dead_code, unused_imports, reason = "parts of it are used by features")
)]
mod platform;
pub mod plugins;
mod prune;
pub mod raw;
mod redacted;
mod regular_file;
mod request;
pub mod secrets;
pub mod services;
pub mod session;
mod size;
mod stream;
mod subprocess;
pub mod swarm;
pub mod system;
pub mod tasks;
mod terminal;
mod time;
mod transport;
mod validate;
mod version;
mod versioned;
pub mod volumes;

pub use self::{
    client::{ClientLimits, DockerClient, DockerClientBuilder},
    error::{Error, ErrorKind, Result},
    filters::Filters,
    output::Output,
    prune::Pruned,
    request::{Exists, LazyStream, Optional},
    size::Size,
    stream::{
        Captured, Download, Line, Lines, LogDetails, LogOutput, OutputBatch, OutputHalf, OutputStream, Reader, Source,
        Upload,
    },
    terminal::TerminalSize,
    time::Timestamp,
    transport::{SshOptions, Tls},
    version::ApiVersion,
};
#[cfg(feature = "tar")]
pub use stream::{Entries, Entry, EntryKind};

/// The OpenAPI document that this crate is generated from, for the testkit.
#[doc(hidden)]
pub static OPENAPI_DOCUMENT: &str = include_str!("../spec/docker.json");

#[cfg(all(doctest, feature = "buildkit", feature = "progress", feature = "tls-no-provider"))]
#[doc = include_str!("../README.md")]
struct Readme;

#[cfg(all(doctest, feature = "buildkit", feature = "tls-no-provider"))]
#[doc = include_str!("../docs/porting.md")]
struct Porting;
