//! What must hold on a real engine, at the API version that `cargo xtask test` sets.
//!
//! Every exchange of these tests passes a tap that holds it against the document of
//! that version: what the engine answers proves the document, and the tests prove
//! the client.

#![allow(clippy::unwrap_used)] // in a test, a panic is a report

mod builds;
#[cfg(feature = "tar")]
mod command_line;
mod containers;
#[cfg(feature = "tar")]
mod context;
mod credentials;
mod document;
mod engine;
mod exec;
mod files;
#[path = "../it/home.rs"]
mod home;
mod images;
mod names;
mod networks;
mod options;
mod registry;
mod sessions;
mod stats;
mod streams;
mod system;
mod tap;
mod transfers;
mod upkeep;
mod versions;
mod volumes;
mod waits;
