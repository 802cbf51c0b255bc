//! Reading the engine's events.

use super::{EventKind, EventStream, response_time};
use crate::{
    ApiVersion, DockerClient, Filters, LazyStream, Result, Timestamp,
    generated::Client,
    monitor::EventMonitor,
    request::{Settings, request},
};

/// Docker before this version may immediately end a stream without `until`.
const ENDLESS: ApiVersion = ApiVersion::new(1, 23);

/// Since this version, every engine accepts several actions. Podman before 3.2 (API 1.40) would return only events that match
/// all of them, that is, none.
const SEVERAL_ACTIONS: ApiVersion = ApiVersion::new(1, 41);

/// The year 2096.
const FAR: &str = "4000000000";

impl DockerClient {
    /// Returns a stream of the engine's events, as `docker events` does. Resolves once the engine has sent response headers.
    ///
    /// Calls `GET /events`. The stream does not reconnect; [`monitor`](ReadEvents::monitor) does.
    ///
    /// # Errors
    ///
    /// Fails if the engine rejects a filter (400), or if the API version lacks it: filters require API 1.16.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// let mut events = docker.events().action("start").action("die").await?;
    /// while let Some(event) = events.try_next().await? {
    ///     println!("{} {} {}", event.time, event.action, event.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "SystemEvents")]
    #[doc(alias = "MonitorEvents")]
    pub fn events(&self) -> ReadEvents {
        ReadEvents {
            docker: self.clone(),
            since: None,
            until: None,
            filters: Filters::default(),
            sufficient_actions: &[],
            settings: Settings::default(),
        }
    }

    /// Returns a stream of the engine's events that reconnects when the connection is lost or the engine restarts.
    ///
    /// The same as `events().monitor()`, see [`ReadEvents::monitor`].
    #[doc(alias = "StartMonitorEvents")]
    pub fn monitor_events(&self) -> EventMonitor {
        self.events().monitor()
    }
}

/// A request to read events. Returned by [`DockerClient::events`].
#[doc(alias = "MonitorEventsOptions")]
#[doc(alias = "MonitorEventsFilters")]
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ReadEvents {
    docker: DockerClient,
    pub(crate) since: Option<Timestamp>,
    until: Option<Timestamp>,
    filters: Filters,
    sufficient_actions: &'static [&'static str],
    settings: Settings,
}

request!(ReadEvents => EventStream, "system_events");

impl ReadEvents {
    /// Begins with the events since this time, by the engine's clock, rounded down to whole seconds. Defaults to now.
    ///
    /// Engines keep only their last events: 64 before 1.13, 256 since.
    pub fn since(mut self, time: Timestamp) -> Self {
        self.since = Some(time);
        self
    }

    /// Ends the stream at this time, by the engine's clock, rounded up to whole seconds. Defaults to a stream that does not
    /// end.
    pub fn until(mut self, time: Timestamp) -> Self {
        self.until = Some(time);
        self
    }

    /// Includes only events of this container, by name or id (repeat to match any of several). Requires API 1.16.
    pub fn container(self, container: impl Into<String>) -> Self {
        self.filter("container", container)
    }

    /// Includes only events of this image and its containers (repeat to match any of several). Requires API 1.16.
    pub fn image(self, image: impl Into<String>) -> Self {
        self.filter("image", image)
    }

    /// Includes only this action, for example `start` (repeat to match any of several). Requires API 1.16.
    pub fn action(self, action: impl Into<String>) -> Self {
        self.filter("event", action)
    }

    /// Includes only events of containers and images with this label, `key` or `key=value` (repeat to require
    /// several labels). Requires API 1.21.
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
    }

    /// Includes only events of this kind of object (repeat to match any of several). Requires API 1.22.
    pub fn kind(self, kind: impl Into<EventKind>) -> Self {
        let kind = kind.into();
        self.filter("type", kind.as_str())
    }

    /// Includes only events of this volume (repeat to match any of several). Requires API 1.22.
    pub fn volume(self, name: impl Into<String>) -> Self {
        self.filter("volume", name)
    }

    /// Includes only events of this network, by name or id (repeat to match any of several). Requires API 1.22.
    pub fn network(self, network: impl Into<String>) -> Self {
        self.filter("network", network)
    }

    /// Adds a filter that has no dedicated method.
    pub fn filter(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.filters.add(key, value);
        self
    }

    /// Adds filters.
    pub fn filters(mut self, filters: impl Into<Filters>) -> Self {
        self.filters.extend(filters);
        self
    }

    /// Sets the actions that the caller needs; the caller ignores other events. Engines that do not support several actions
    /// send all events. An empty list requests all events.
    pub(crate) fn sufficient_actions(mut self, actions: &'static [&'static str]) -> Self {
        self.sufficient_actions = actions;
        self
    }

    /// Returns the stream without waiting: the request is sent when the stream is first polled, and an error of the
    /// request is the first item.
    pub fn stream(self) -> LazyStream<EventStream> {
        LazyStream::new(self.into_future())
    }

    /// Returns a stream of these events that reconnects when the connection is lost or the engine restarts.
    ///
    /// Sends nothing until it is polled. Calls `GET /events` and `GET /_ping`. The time limit and the headers of the request
    /// apply to each `GET /events`.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) {
    /// use dockerclient::monitor::EventUpdate;
    /// let mut monitor = docker.events().label("app=web").monitor();
    /// while let Some(update) = monitor.next().await {
    ///     match update {
    ///         EventUpdate::Event(event) => println!("{} {}", event.action, event.id),
    ///         EventUpdate::Disconnected { error, .. } => eprintln!("{error}"),
    ///         _ => {}
    ///     }
    /// }
    /// # }
    /// ```
    pub fn monitor(self) -> EventMonitor {
        EventMonitor::new(self.docker.clone(), self)
    }

    async fn call(self) -> Result<EventStream> {
        let api = self.docker.api("system_events", &self.settings).await?;
        let since = self.since.map(|since| since.unix_seconds().to_string());
        let until = until_parameter(self.until, api.version());
        let mut filters = self.filters;
        if api.version() >= SEVERAL_ACTIONS {
            self.sufficient_actions.iter().for_each(|action| filters.add("event", *action));
        }
        let filters = filters.to_query();
        let call =
            async |client: &Client| client.system_events(filters.as_deref(), since.as_deref(), until.as_deref()).await;
        let (head, body) = api.stream(call).await?;
        Ok(EventStream::new(body, api.max_item_size(), self.until, response_time(&head)))
    }
}

/// The parameter `until`: whole seconds, rounded up.
fn until_parameter(until: Option<Timestamp>, version: ApiVersion) -> Option<String> {
    let rounded_up = |until: Timestamp| {
        let (seconds, rest) = (1_000_000_000, until.unix_nanoseconds());
        rest.div_euclid(seconds) + i128::from(rest.rem_euclid(seconds) > 0)
    };
    let far = (version < ENDLESS).then(|| FAR.to_owned());
    until.map(|until| rounded_up(until).to_string()).or(far)
}
