//! Monitors of a real engine, while it is stopped, killed and restarted.
//!
//! `cargo xtask test` sets the environment and runs one test at a time. `DOCKERCLIENT_TEST_ROUNDS` is the number of
//! rounds.

#![cfg(unix)] // starts and kills engines at Unix sockets
#![allow(clippy::unwrap_used)] // a panic fails the test

mod engine;
mod many_containers;
mod restarts;
