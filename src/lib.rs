//! A client of the Docker Engine API.
//!
//! ```no_run
//! use dockerclient::{DockerClient, containers::ListOptions};
//!
//! # async fn example() -> dockerclient::Result<()> {
//! let docker = DockerClient::from_env()?;
//! for container in docker.containers().list(&ListOptions::default().all()).await? {
//!     println!("{:.12} {} {}", container.id, container.image, container.status);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The [guide] has a page a subject, with examples that run.
//!
//! # Handles
//!
//! [`DockerClient`] leads to collections ([`containers()`](DockerClient::containers)), to single things
//! ([`container("web")`](DockerClient::container)), and to the engine itself ([`info()`](DockerClient::info)). A handle does
//! nothing until something is asked of it. Options are values that start from `default()`.
//!
//! # Versions
//!
//! The engine is asked for its version by the first call, and the newest one that both sides know is spoken, see
//! [`ApiVersion`]. What the spoken version lacks fails before anything is sent, with
//! [`is_unsupported`](Error::is_unsupported). Docs say "Needs API 1.18" or "since API 1.17" where it is not the oldest.
//!
//! # Errors
//!
//! There is one [`Error`]. It is asked by predicate, says which operation failed and, in words for people, why. What a caller
//! may expect is no error: that a container was running already, or ended with a code other than 0.
//!
//! # Time and cancellation
//!
//! Each phase of a call has a limit, see [`DockerClientBuilder`]; streams have none. Dropping a future or a stream closes its
//! connection, and leaves the client usable; the engine may still do what was asked. Every wait for the next item of a stream
//! is cancel safe.

#![deny(missing_docs)]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod client;
mod config;
mod connect;
pub mod containers;
mod credentials;
mod environment;
mod error;
pub mod exec;
mod filters;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
#[cfg(doc)]
pub mod guide;
pub mod images;
pub mod models;
pub mod monitor;
mod names;
pub mod networks;
mod prune;
pub mod session;
mod stream;
pub mod system;
mod terminal;
mod time;
mod version;
pub mod volumes;
mod wire;

pub use self::{
    client::{DockerClient, DockerClientBuilder},
    connect::Tls,
    error::{Error, Result},
    filters::Filters,
    prune::{PruneOptions, Pruned},
    stream::{Captured, Download, Line, Lines, Output, OutputStream, Reader, Source, Upload},
    terminal::TerminalSize,
    time::Timestamp,
    version::ApiVersion,
};
#[cfg(feature = "tar")]
pub use stream::{Entries, Entry, EntryKind};

#[cfg(all(doctest, feature = "progress", feature = "tar", feature = "tls"))]
#[doc = include_str!("../README.md")]
struct Readme;
