//! The engine itself: version, information, disk usage, events, and registry logins.
//!
//! The methods are in [`DockerClient`]; this module has the requests that they return.

use http::{HeaderMap, header::DATE};

use crate::{DockerClient, Result, Timestamp};

mod auth;
mod disk_totals;
mod disk_usage;
mod event;
mod event_stream;
mod events;
mod info;
mod ping;
mod version;

pub use self::{
    auth::CheckCredentials,
    disk_usage::{DiskUsageKind, GetDiskUsage},
    event::{Event, EventKind},
    event_stream::EventStream,
    events::ReadEvents,
    info::GetInfo,
    ping::{Ping, PingEngine, SwarmState},
    version::GetVersion,
};

impl DockerClient {
    /// Returns the time of the engine's clock, in whole seconds.
    pub(crate) async fn engine_time(&self) -> Result<Timestamp> {
        self.ping().read(response_time).await
    }
}

/// Returns the time of a response by the engine's clock, from the header `Date`, or the local time if that is missing.
pub(crate) fn response_time(head: &HeaderMap) -> Timestamp {
    let date = head.get(DATE).and_then(|date| Timestamp::from_http_date(date.to_str().ok()?));
    date.unwrap_or_else(Timestamp::now)
}
