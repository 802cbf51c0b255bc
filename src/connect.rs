//! Where the engine is, and how bytes reach it.
//!
//! An [`Address`] becomes a [`Connector`], the one place that dials. On it stand
//! the pooled [`HttpClient`] for everything that is a request and an answer, and
//! connections of their own for what is more than that.

mod address;
mod connector;
mod dedicated;
mod http;

pub(crate) use self::{
    address::Address,
    connector::{Connector, Stream},
    dedicated::{Connection, Received},
    http::{HttpClient, Limits},
};
