//! The ways to a real engine: TLS, SSH, and connectors of one's own.
//!
//! `cargo xtask test` sets the environment.

#![allow(clippy::unwrap_used)] // in a test, a panic is a report

mod connectors;
mod ssh;
mod tls;
mod work;
