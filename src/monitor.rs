//! Long-lived streams of events, containers, stats, logs, services and nodes that reconnect.
//!
//! A monitor wraps the stream of one connection. When the connection is lost, it reconnects with backoff
//! ([`RetryPolicy`]) and resumes where it was: no item is lost or repeated, or a [`Gap`] reports the time in which items may
//! have been missed.
//!
//! - [`EventMonitor`], returned by [`DockerClient::monitor_events`](crate::DockerClient::monitor_events)
//! - [`ContainerMonitor`], returned by [`Containers::monitor`](crate::containers::Containers::monitor)
//! - [`StatsMonitor`], returned by [`Containers::monitor_stats`](crate::containers::Containers::monitor_stats)
//! - [`LogMonitor`], returned by [`Container::monitor_logs`](crate::containers::Container::monitor_logs)
//! - [`CombinedLogMonitor`], returned by [`Containers::monitor_logs`](crate::containers::Containers::monitor_logs)
//! - [`ServiceMonitor`], returned by [`Services::monitor`](crate::services::Services::monitor)
//! - [`NodeMonitor`], returned by [`Nodes::monitor`](crate::nodes::Nodes::monitor)
//!
//! A monitor is a [`Stream`](futures_core::Stream) whose items are not `Result`s: a lost connection is an item, and does
//! not end the stream unless the monitor gives up. It spawns no task. It makes progress only while it is polled, so a slow
//! consumer applies backpressure, and dropping the monitor closes its connections.
//!
//! [`run`] polls a monitor in a task and calls a callback with each item. [`lossy()`] drops items instead of applying
//! backpressure.
//!
//! The guide's page on [monitors](crate::guide::monitors) has examples.

mod combined_logs;
mod container_cache;
mod container_stats;
mod containers;
mod event_history;
mod event_queries;
mod events;
mod idle_timer;
mod log_bookmark;
mod log_opening;
mod log_position;
mod log_selection;
mod log_update;
mod logs;
mod lossy;
mod nodes;
mod object_cache;
mod objects;
mod polled_if_woken;
mod retry;
mod services;
mod shared_events;
mod stats;
mod task;

pub(crate) use self::shared_events::Feeds;
pub use self::{
    combined_logs::{CombinedLogMonitor, CombinedLogUpdate},
    containers::{ContainerMonitor, ContainerUpdate},
    event_history::{Gap, GapReason},
    events::{EventMonitor, EventUpdate},
    log_bookmark::{LogBookmark, LogBookmarks},
    log_update::LogUpdate,
    logs::LogMonitor,
    lossy::{Lossy, LossyItem, lossy},
    nodes::{NodeMonitor, NodeUpdate},
    retry::RetryPolicy,
    services::{ServiceMonitor, ServiceUpdate},
    stats::{Sample, StatsMonitor, StatsUpdate},
    task::{Group, Handle, run},
};
