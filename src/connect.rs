//! Where the engine is, and how bytes reach it.
//!
//! [`find()`] makes an [`Endpoint`] of what the program, the environment and the docker
//! command line's configuration say. It becomes a [`Connector`], the one place that
//! dials. On that stand the pooled [`HttpClient`] for everything that is a request and
//! an answer, and connections of their own for what is more than that.

mod address;
mod connector;
mod context;
mod dedicated;
mod endpoint;
mod find;
mod head;
mod http;
mod pooled;
#[cfg(feature = "ssh")]
mod ssh;
mod stream;
mod tls;
mod transfer;
mod wanted;

pub use self::tls::Tls;
#[cfg(fuzzing)]
pub(crate) use self::{address::Address, context::Meta, head::parse, transfer::Transfer};
pub(crate) use self::{
    connector::Connector,
    dedicated::{Connection, Received},
    endpoint::{Dial, Endpoint},
    find::{Wish, find},
    http::{HttpClient, Limits},
    stream::Stream,
    wanted::Answer,
};
