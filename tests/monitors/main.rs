//! Monitors of a real engine that is stopped, killed and started again under them.
//!
//! One test at a time: `cargo xtask test` sets the environment, and the number of rounds is
//! `DOCKERCLIENT_TEST_ROUNDS`.

#![allow(clippy::unwrap_used)] // in a test, a panic is a report

mod engine;
mod lives;
mod restarts;
