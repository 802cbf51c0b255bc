//! Tests against a real engine in swarm mode, at the API version that `cargo xtask test` sets.
//!
//! Requests go through the validating proxy of the live suite. The engine is part of one swarm, so the tests run one at a time
//! (`--test-threads=1`).

#![cfg(unix)] // needs an engine at a Unix socket
#![allow(clippy::unwrap_used)] // a panic fails the test

mod configs;
mod engine;
/// The parts of the live suite that this suite shares.
#[allow(dead_code)] // this suite uses some of their functions
#[path = "../live"]
mod live {
    pub(crate) mod engine;
    pub(crate) mod validating_proxy;
}
mod monitors;
mod nodes;
mod secrets;
mod services;
mod swarm;
mod tasks;
mod volumes;
mod waits;

use self::live::validating_proxy;
