//! Tests against a real swarm of three engines, at the API version that `cargo xtask test` sets.
//!
//! Requests go through the validating proxy of the live suite. The tests stop and kill engines, so they run one at a time
//! (`--test-threads=1`).

#![cfg(unix)] // needs engines at Unix sockets
#![allow(clippy::unwrap_used)] // a panic fails the test

mod cluster;
mod failures;
/// The parts of the live suite that this suite shares.
#[allow(dead_code)] // this suite uses some of their functions
#[path = "../live"]
mod live {
    pub(crate) mod engine;
    pub(crate) mod validating_proxy;
}
mod membership;
mod monitors;
mod quorum;
/// The parts of the suite for one engine that this suite shares.
#[allow(dead_code, unused_imports)] // this suite uses some of its functions
#[path = "../swarm"]
mod swarm {
    pub(crate) mod engine;
}
mod tasks;

use self::live::validating_proxy;
