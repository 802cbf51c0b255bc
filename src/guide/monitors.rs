//! Monitors: streams that reconnect and resume.
//!
//! A plain stream ends with its connection. A monitor reconnects with backoff and resumes where it stopped.
//!
//! | monitor | yields |
//! |---|---|
//! | [`monitor_events`](crate::DockerClient::monitor_events) | each event, once and in order |
//! | [`containers().monitor()`](crate::containers::Containers::monitor) | a snapshot of all containers, then every change |
//! | [`containers().monitor_stats()`](crate::containers::Containers::monitor_stats) | resource usage of every running container |
//! | [`monitor_logs`](crate::containers::Container::monitor_logs) | each line that a container writes, across its restarts |
//! | [`containers().monitor_logs()`](crate::containers::Containers::monitor_logs) | each line that any container writes |
//! | [`services().monitor()`](crate::services::Services::monitor) | a snapshot of the services of a swarm, then every change |
//! | [`nodes().monitor()`](crate::nodes::Nodes::monitor) | a snapshot of the nodes of a swarm, then every change |
//!
//! The settings of a monitor are methods. A monitor sends nothing until it is polled, and dropping it closes its connections.
//! Waiting for the next item is cancel safe. The items are not `Result`s: a lost connection is an item, with the error and
//! the time until the next attempt. A monitor that gives up ends the stream.
//!
//! # Containers
//!
//! The monitor of containers lists the containers, then watches for changes. The first item with containers is a
//! snapshot of all that match the filters; then each change follows. After a reconnect it lists again and yields the
//! differences. [`view`](crate::monitor::ContainerMonitor::view) is the current list.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! # docker.containers().create("busybox").name("web").label("app", "web").await?;
//! use dockerclient::monitor::ContainerUpdate;
//! let mut updates = docker.containers().monitor().label("app=web");
//! while let Some(update) = updates.next().await {
//!     match update {
//!         ContainerUpdate::Connected => println!("connected"),
//!         ContainerUpdate::Snapshot(all) => println!("{} containers", all.len()),
//!         ContainerUpdate::Appeared(container) => println!("new: {}", container.name()),
//!         ContainerUpdate::Changed(container) => println!("{} is {}", container.name(), container.status),
//!         ContainerUpdate::Removed(id) => println!("{id:.12} was removed"),
//!         ContainerUpdate::Disconnected { error, retry_in } => eprintln!("{error}; next attempt in {retry_in:?}"),
//!         _ => {}
//!     }
//!     # if !updates.view().is_empty() { break }
//! }
//! println!("{} containers in total", updates.view().len());
//! # Ok(())
//! # }
//! ```
//!
//! Changes are batched: many changes in a short time cause only a few list requests. A slow consumer may miss intermediate
//! states of a container, but never its last state.
//!
//! # Services and nodes
//!
//! The monitors of [services](crate::services::Services::monitor) and [nodes](crate::nodes::Nodes::monitor) of a swarm
//! work in the same way: list, watch events, list again. Some changes have no events, such as the number of running
//! tasks, and engines below API 1.30 send no events of swarm objects. So these monitors also list at an interval,
//! [`poll_interval`](crate::monitor::ServiceMonitor::poll_interval).
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! use std::time::Duration;
//! use dockerclient::monitor::ServiceUpdate;
//!
//! let mut updates = docker.services().monitor().status(true).poll_interval(Duration::from_secs(2));
//! while let Some(update) = updates.next().await {
//!     match update {
//!         ServiceUpdate::Appeared(service) | ServiceUpdate::Changed(service) => {
//!             println!("{}: {:?}", service.spec.name, service.service_status);
//!         }
//!         ServiceUpdate::Disconnected { error, .. } => eprintln!("{error}"), // also if the swarm has no leader
//!         _ => {}
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Events and gaps
//!
//! A monitor of events starts from the time of the engine's clock when it is first polled, in whole seconds. So it may return
//! events from up to a second before it began.
//!
//! After a reconnect, a monitor of events requests the events that it missed. Docker keeps only its last events (64
//! before 1.13, 256 since), and none across a restart; Podman keeps them in a file. If events may have been missed, the
//! monitor yields a [`Gap`](crate::monitor::Gap) with the start and the end of that time and the
//! [reason](crate::monitor::GapReason). A monitor of logs does the same for lines. The monitor of containers yields no
//! gaps, because it lists the containers again.
//!
//! # Logs
//!
//! A log monitor yields each line once, across lost connections and restarts of the container, and ends when the container is
//! removed. After a reconnect it reads the log from about a second before the last line it returned; below API 1.19, from the
//! beginning. While its container runs, a log monitor has one connection. The log monitors of stopped containers share one
//! event stream.
//!
//! The monitor of the logs of [all containers](crate::containers::Containers::monitor_logs) also follows those that are
//! created later. `label`, `name` and `ancestor` select containers; `exclude_label`, `exclude_name` and `exclude_image` leave
//! some out. 60 containers take at most 65 connections.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! # let web = docker.containers().create("busybox").name("web").cmd(["echo", "hello"]).label("app", "web").await?;
//! # web.start().await?;
//! use dockerclient::monitor::{CombinedLogUpdate, LogBookmarks};
//!
//! let stored: Option<LogBookmarks> = None; // for example from a file
//! let mut updates = docker.containers().monitor_logs().label("app").exclude_name("shipper").resume(stored);
//! while let Some(update) = updates.next().await {
//!     match update {
//!         CombinedLogUpdate::Line { container, line } => println!("{}: {}", container.name(), line.text()),
//!         CombinedLogUpdate::Gap { container, .. } => eprintln!("{}: lines were missed", container.name()),
//!         CombinedLogUpdate::Failed { container, error, .. } => eprintln!("{}: {error}", container.name()),
//!         _ => continue,
//!     }
//!     let Some(bookmarks) = updates.bookmarks() else { continue }; // before the containers were listed
//!     let json = serde_json::to_string(&bookmarks)?; // every second is enough: see `examples/ship_logs.rs`
//!     # assert!(json.contains("sha256"));
//!     # break;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! [`bookmarks`](crate::monitor::CombinedLogMonitor::bookmarks) are the positions after the lines that were returned, and
//! [`resume`](crate::monitor::CombinedLogMonitor::resume) continues there after a restart of the program. A program that
//! stores the bookmarks together with the lines loses and repeats none; one that stores them from time to time repeats the
//! lines since then if it is killed. A new monitor has no bookmarks until it has listed the containers; keep the stored ones
//! until then. A log that was rotated in the meantime is a [`Gap`](crate::monitor::Gap).
//!
//! A line is in memory as a whole, up to [`max_item_size`](crate::DockerClientBuilder::max_item_size). With
//! [`max_part_size`](crate::monitor::CombinedLogMonitor::max_part_size), long lines are returned in parts that are
//! [marked](crate::Line::partial).
//!
//! # Callbacks
//!
//! [`run`](crate::monitor::run) polls a monitor in a task and calls a closure with each item:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! use dockerclient::monitor::{self, EventUpdate};
//!
//! let events = docker.events().kind("container").monitor();
//! let handle = monitor::run(events, async |update| {
//!     if let EventUpdate::Event(event) = update {
//!         println!("{} {}", event.action, event.id);
//!     }
//! });
//! // Later:
//! handle.stop().await; // the closure is not called again
//! # Ok(())
//! # }
//! ```
//!
//! # Reconnecting
//!
//! The delay before each attempt doubles, from 100 ms up to 30 s, with jitter;
//! [`RetryPolicy`](crate::monitor::RetryPolicy) changes that, and can limit the number of attempts. Errors that a new
//! attempt cannot fix, such as a rejected filter, end the monitor immediately: their `retry_in` is `None`.
//!
//! A connection without data for a minute is checked with a request, which detects an engine that has vanished
//! ([`idle_timeout`](crate::monitor::EventMonitor::idle_timeout)).
//!
//! # Backpressure
//!
//! A monitor reads nothing ahead of its consumer. If the consumer of events is slow, the engine drops events once its buffer
//! is full, and the monitor yields a gap. Wrap a monitor in [`lossy`](crate::monitor::lossy) to read without delay, drop the
//! oldest items that were not consumed, and count them:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! use std::time::Duration;
//! use dockerclient::monitor::{self, LossyItem, RetryPolicy};
//! let policy = RetryPolicy::default().first(Duration::from_secs(1)).longest(Duration::from_secs(30)).attempts(10);
//! let mut events = monitor::lossy(docker.monitor_events().retry(policy), 1000);
//! while let Some(item) = events.next().await {
//!     match item {
//!         LossyItem::Item(update) => println!("{update:?}"),
//!         LossyItem::Dropped(count) => eprintln!("{count} items were dropped"),
//!         # _ => {}
//!     }
//!     # break;
//! }
//! # Ok(())
//! # }
//! ```
