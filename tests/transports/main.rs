//! Transports to a real engine: TLS, SSH and custom connectors.
//!
//! `cargo xtask test` sets the environment.

#![cfg(unix)] // needs an engine at a Unix socket
#![allow(clippy::unwrap_used)] // a panic fails the test

mod connectors;
mod ssh;
mod tls;
mod work;
