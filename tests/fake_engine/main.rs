//! Tests against fake engines of the testkit; no Docker is needed.

#![allow(clippy::unwrap_used)] // a panic fails the test

#[cfg(any(feature = "tls", feature = "tls-aws-lc-rs"))]
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
#[cfg(unix)] // helpers that are shell scripts
mod helper_calls;
#[cfg(unix)] // helpers that are shell scripts
mod helper_scripts;
#[cfg(unix)] // helpers that are shell scripts
mod helpers;
mod home;
mod limits;
#[cfg(all(target_os = "linux", feature = "tar"))] // `/proc`, and names that are not UTF-8
mod linux_files;
#[cfg(feature = "tar")]
mod local_files;
mod logins;
mod monitors;
#[cfg(windows)] // named pipes
mod named_pipes;
mod old_engines;
mod operations;
mod options;
mod plugins;
mod podman;
mod progress;
mod raw;
mod requests;
mod run;
mod run_failures;
mod schemas;
mod service_logs;
mod service_waits;
mod sessions;
mod split_output;
mod streams;
mod swarm_updates;
mod tracing;
#[cfg(unix)] // Unix sockets, and a device file
mod unix;
#[cfg(all(unix, feature = "tar"))] // FIFOs, sockets, devices, modes and owners
mod unix_files;
#[cfg(feature = "tar")]
mod untrusted_context;
mod versions;
mod waits;
