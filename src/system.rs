//! The engine itself, its events and its registries.

use http::{HeaderMap, header::DATE};

use crate::{
    ApiVersion, DockerClient, Error, Result, Timestamp, credentials,
    models::{AuthConfig, AuthResult, DiskUsage, Info, Version},
    monitor::EventMonitor,
    wire::Client,
};

mod disk;
mod event;
mod events;

pub use self::{
    disk::DiskUsageKind,
    event::{Event, EventKind},
    events::{Events, EventsOptions},
};

/// Since this version, engines have to be asked to list what takes up space.
const VERBOSE: ApiVersion = ApiVersion::new(1, 52);

impl DockerClient {
    /// Tells the versions of the engine and of its API.
    ///
    /// Calls `GET /version`.
    ///
    /// # Errors
    ///
    /// Fails if the engine cannot be reached.
    #[doc(alias = "Version")]
    pub async fn version(&self) -> Result<Version> {
        let wire = self.wire("system_version").await?;
        wire.document(wire.system_version().await)
    }

    /// Tells what the engine is, and what it holds.
    ///
    /// Calls `GET /info`.
    ///
    /// # Errors
    ///
    /// Fails if the engine cannot be reached.
    #[doc(alias = "Info")]
    pub async fn info(&self) -> Result<Info> {
        let wire = self.wire("system_info").await?;
        wire.document(wire.system_info().await)
    }

    /// Asks the engine whether it is there.
    ///
    /// Calls `GET /_ping`.
    ///
    /// # Errors
    ///
    /// Fails if it is not.
    pub async fn ping(&self) -> Result<()> {
        let wire = self.wire("system_ping").await?;
        wire.bytes(wire.system_ping().await).map(|_| ())
    }

    /// Has the engine check credentials against the registry they name.
    ///
    /// Calls `POST /auth`, and waits as long as the registry takes.
    ///
    /// # Errors
    ///
    /// Fails if they are wrong (401 from engines before 1.6 and since 1.12, 500 from others), or if the registry does.
    pub async fn auth(&self, credentials: &AuthConfig) -> Result<AuthResult> {
        let wire = self.wire("system_auth").await?;
        let credentials = wire.during(credentials::plain(&credentials.serveraddress, credentials))?;
        match wire.document(wire.system_auth(&credentials).await) {
            // Nothing more to say is also good.
            Err(error) if error.status() == Some(204) => Ok(AuthResult::default()),
            outcome => outcome,
        }
    }

    /// Tells what images, containers, volumes and builds take up on disk. Engines look at every file for it.
    ///
    /// The fields that end in `usage` are told by engines since API 1.52, and made here of the others from older ones.
    ///
    /// Calls `GET /system/df`, since API 1.25, and waits as long as that takes.
    ///
    /// # Errors
    ///
    /// Fails if the engine is at it already (409; 500 from engines before 23).
    pub async fn disk_usage(&self) -> Result<DiskUsage> {
        self.measure_disk(&DiskUsageKind::ALL, None).await
    }

    /// Tells what [`disk_usage`](Self::disk_usage) tells, but of these kinds of things only, which may be much faster.
    ///
    /// Calls `GET /system/df`; the choice needs API 1.42.
    ///
    /// # Errors
    ///
    /// Fails if there is no kind, and as [`disk_usage`](Self::disk_usage) does.
    pub async fn disk_usage_of(&self, kinds: impl IntoIterator<Item = DiskUsageKind>) -> Result<DiskUsage> {
        let kinds: Vec<DiskUsageKind> = kinds.into_iter().collect();
        if kinds.is_empty() {
            return Err(Error::request("there is nothing to measure").during("system_df"));
        }
        let words = kinds.iter().map(|kind| kind.as_str().to_owned()).collect();
        self.measure_disk(&kinds, Some(words)).await
    }

    async fn measure_disk(&self, kinds: &[DiskUsageKind], words: Option<Vec<String>>) -> Result<DiskUsage> {
        let wire = self.wire("system_df").await?;
        let verbose = (wire.version() >= VERBOSE).then_some(true);
        let mut usage: DiskUsage = wire.document(wire.system_df(words.as_ref(), verbose).await)?;
        usage.complete(kinds);
        Ok(usage)
    }

    /// Tells what happens in the engine, as it happens.
    ///
    /// Resolves once the engine has answered. Calls `GET /events`.
    ///
    /// # Errors
    ///
    /// Fails if the engine refuses an option (400), or if the API that is spoken
    /// does not know it: filters need API 1.16.
    #[doc(alias = "MonitorEvents")]
    pub async fn events(&self, options: &EventsOptions) -> Result<Events> {
        let wire = self.wire("system_events").await?;
        let (since, until) = (options.to_since(), options.to_until());
        let filters = options.filters.to_query();
        let call =
            async |client: &Client| client.system_events(filters.as_deref(), since.as_deref(), until.as_deref()).await;
        let (head, body) = wire.stream(call).await?;
        Ok(Events::new(body, wire.longest_item(), answered_at(&head)))
    }

    /// Tells what happens in the engine, across broken connections and engines that restart.
    ///
    /// Does nothing until it is polled. Calls `GET /events` and `GET /_ping`.
    #[doc(alias = "StartMonitorEvents")]
    pub fn monitor_events(&self, options: &EventsOptions) -> EventMonitor {
        EventMonitor::new(self.clone(), options.clone())
    }

    /// The engine's clock; the second it shows.
    pub(crate) async fn engine_time(&self) -> Result<Timestamp> {
        let wire = self.wire("system_ping").await?;
        let (head, _) = wire.bytes(wire.system_ping().await)?;
        Ok(answered_at(&head))
    }
}

/// When an answer was given, by the clock of who gave it. All engines tell; of a proxy that does not, the clock here.
fn answered_at(head: &HeaderMap) -> Timestamp {
    let date = head.get(DATE).and_then(|date| Timestamp::from_http_date(date.to_str().ok()?));
    date.unwrap_or_else(Timestamp::now)
}
