//! Benchmarks of calls and streams: a fast fixture server, three clients, and the work that they do.
//!
//! `cargo xtask bench` runs them. Each measurement is a separate process: `client`, or `counted` with an allocator that counts
//! allocations. They need Unix sockets, so they do not build on Windows.

pub mod client;
pub mod fixture;
pub mod measure;
pub mod work;
