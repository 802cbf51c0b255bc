//! Tests against a real engine, at the API version that `cargo xtask test` sets.
//!
//! All requests go through a [proxy](validating_proxy) that validates them and their responses against the OpenAPI
//! specification of that version. Attached sessions bypass it.

#![cfg(unix)] // needs an engine at a Unix socket
#![allow(clippy::unwrap_used)] // a panic fails the test

mod buildkit;
#[cfg(feature = "buildkit")]
mod buildkit_builds;
mod builds;
mod checkpoints;
mod command;
#[cfg(feature = "tar")]
mod command_line;
mod containers;
#[cfg(feature = "tar")]
mod context;
mod create;
mod credentials;
mod docker_cli;
mod document;
mod engine;
mod exec;
mod files;
#[path = "../fake_engine/helper_scripts.rs"]
mod helper_scripts;
#[path = "../fake_engine/home.rs"]
mod home;
mod images;
mod logs;
mod models;
mod monitors;
mod names;
mod networks;
mod options;
mod patterns;
mod plugins;
mod raw;
mod recordings;
mod registry;
mod rejections;
mod requests;
mod run;
mod sessions;
mod stats;
mod stops;
mod streams;
mod system;
mod transfers;
#[cfg(feature = "tar")]
mod untrusted_context;
mod update_and_prune;
mod validating_proxy;
mod versions;
mod volumes;
mod waits;
