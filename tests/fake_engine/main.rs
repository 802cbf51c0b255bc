//! Tests against fake engines of the testkit; no Docker is needed.

#![allow(clippy::unwrap_used)] // a panic fails the test

#[cfg(feature = "tls")]
mod addresses;
#[cfg(feature = "tar")]
mod archives;
mod buildkit;
#[cfg(feature = "buildkit")]
mod buildkit_builds;
mod cancellation;
mod checkpoints;
mod command;
mod compat;
mod configuration;
#[cfg(feature = "tar")]
mod context;
mod create;
mod credentials;
mod errors;
mod faults;
mod fields;
#[cfg(feature = "tar")]
mod files;
mod helpers;
mod home;
mod limits;
mod logins;
mod monitors;
mod old_engines;
mod operations;
mod options;
mod plugins;
mod podman;
mod progress;
mod raw;
mod requests;
mod run;
mod schemas;
mod service_logs;
mod service_waits;
mod sessions;
mod streams;
mod swarm_updates;
mod tracing;
#[cfg(feature = "tar")]
mod untrusted_context;
mod versions;
mod waits;
