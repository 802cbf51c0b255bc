//! What must hold whatever an engine does, shown on engines that follow a script.

#![allow(clippy::unwrap_used)] // in a test, a panic is a report

#[cfg(feature = "tls")]
mod addresses;
mod ages;
#[cfg(feature = "tar")]
mod archives;
mod cancellation;
#[cfg(feature = "tar")]
mod context;
mod credentials;
mod faults;
#[cfg(feature = "tar")]
mod files;
mod helpers;
mod home;
mod logins;
mod monitors;
mod old_engines;
mod operations;
mod options;
mod podman;
mod progress;
mod requests;
mod schemas;
mod sessions;
mod streams;
mod tracing;
mod versions;
mod waits;
