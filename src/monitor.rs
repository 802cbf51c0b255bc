//! Monitors: streams that do not end when a connection does.
//!
//! A monitor is an adapter over the plain streams. It reconnects, resumes without
//! loss or repetition where the engine remembers enough, and says [`Gap`] where that
//! cannot be shown. Monitors are plain streams: they do nothing unless polled, a slow
//! consumer slows their reading, and dropping one ends it. For those who would rather
//! be called, [`run`] calls back.
//!
//! - [`EventMonitor`], by [`DockerClient::monitor_events`](crate::DockerClient::monitor_events)
//! - [`ContainerMonitor`], by [`Containers::monitor`](crate::containers::Containers::monitor)
//! - [`StatsMonitor`], by [`Containers::monitor_stats`](crate::containers::Containers::monitor_stats)
//! - [`LogMonitor`], by [`Container::monitor_logs`](crate::containers::Container::monitor_logs)

mod bookmark;
mod connection;
mod containers;
mod events;
mod handle;
mod logs;
mod lossy;
mod measurement;
mod memory;
mod retry;
mod stats;
mod view;
mod watchdog;

pub use self::{
    containers::{ContainerMonitor, ContainerUpdate},
    events::{EventMonitor, EventUpdate},
    handle::{Group, Handle, run},
    logs::{LogMonitor, LogUpdate},
    lossy::{Lossy, LossyItem, lossy},
    memory::{Gap, GapReason},
    retry::RetryPolicy,
    stats::{Sample, StatsMonitor, StatsUpdate},
};
