//! What calls and streams cost: an engine that is never the bottleneck, three clients of it, and what they have to do.
//!
//! `cargo xtask bench` runs it all. Each measurement is a process of its own: `client`, or
//! `counted` with an allocator that counts.

pub mod client;
pub mod fixture;
pub mod measure;
pub mod work;
