//! A client of the Docker Engine API.

#![deny(missing_docs)]

mod client;
mod connect;
pub mod containers;
mod error;
pub mod exec;
mod filters;
pub mod images;
pub mod models;
mod names;
mod stream;
pub mod system;
mod terminal;
mod time;
mod version;
mod wire;

pub use self::{
    client::{DockerClient, DockerClientBuilder},
    error::{Error, Result},
    filters::Filters,
    stream::Output,
    terminal::TerminalSize,
    time::Timestamp,
    version::ApiVersion,
};
