//! Tests on Windows against a real engine: `cargo xtask windows` runs them with Wine and the private engine.
//!
//! The engine has a Unix socket, so a [relay] connects a named pipe to it.

#![cfg(all(windows, feature = "buildkit", any(feature = "tls", feature = "tls-aws-lc-rs")))]
#![allow(clippy::unwrap_used)] // a panic fails the test

mod engine;
mod files;
mod relay;
mod transports;
#[allow(dead_code)] // shared with the suite of transports
#[path = "../transports/work.rs"]
mod work;
