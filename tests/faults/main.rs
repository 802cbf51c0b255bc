//! Fault injection on real sockets, one file per kind of fault.
//!
//! A fault results in a specific error within the configured time limit. It leaks no file descriptor and no task (see
//! `leak_check`), closes its connection, and the same client can make the next call.

#![allow(clippy::unwrap_used)] // a panic fails the test

mod concurrency;
mod connecting;
mod engine;
#[cfg(target_os = "linux")] // network namespaces
mod host_down;
mod keepalive;
mod leak_check;
#[cfg(target_os = "linux")] // Linux limits, and `setrlimit`
mod linux_limits;
#[cfg_attr(unix, path = "local/unix.rs")]
#[cfg_attr(windows, path = "local/named_pipe.rs")]
mod local;
mod oversized;
mod protocols;
mod responses;
mod runtimes;
mod stalls;
mod transports;
mod truncation;
mod uploads;
