//! What must hold whatever an engine does, shown on engines that follow a script.

#![allow(clippy::unwrap_used)] // in a test, a panic is a report

mod cancellation;
mod engine;
mod faults;
mod monitors;
mod old_engines;
mod operations;
mod requests;
mod schemas;
mod sessions;
mod streams;
mod tracing;
mod versions;
