//! Streams end with their connection. Monitors do not: they reconnect, and go on where they were.
//!
//! | monitor | tells |
//! |---|---|
//! | [`monitor_events`](crate::DockerClient::monitor_events) | each event once and in order |
//! | [`containers().monitor()`](crate::containers::Containers::monitor) | the containers that are there, then what becomes of them |
//! | [`containers().monitor_stats()`](crate::containers::Containers::monitor_stats) | what each running container uses |
//! | [`monitor_logs`](crate::containers::Container::monitor_logs) | each line that a container writes, across its restarts |
//!
//! The items of a monitor are no `Result`s: that a connection broke is something it tells, with when it will try again.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::Engine::new();
//! # let docker = engine.client("1.41");
//! # use dockerclient::{containers::CreateOptions, models::ContainerConfig};
//! # let config = ContainerConfig { image: "busybox".into(), ..Default::default() };
//! # docker.containers().create(&CreateOptions::new(config).name("web")).await?;
//! use dockerclient::monitor::ContainerUpdate;
//! use futures_util::StreamExt as _;
//!
//! let mut updates = docker.containers().monitor();
//! while let Some(update) = updates.next().await {
//!     match update {
//!         ContainerUpdate::Connected => println!("connected"),
//!         ContainerUpdate::Snapshot(all) => println!("{} are there", all.len()),
//!         ContainerUpdate::Appeared(container) => println!("new: {:?}", container.names),
//!         ContainerUpdate::Changed(container) => println!("{:?} is {}", container.names, container.status),
//!         ContainerUpdate::Removed(id) => println!("{id:.12} is gone"),
//!         ContainerUpdate::Disconnected { error, retry_in } => eprintln!("{error}; again in {retry_in:?}"),
//!         _ => {}
//!     }
//!     # if !updates.view().is_empty() { break }
//! }
//! println!("{} in all", updates.view().len());
//! # Ok(())
//! # }
//! ```
//!
//! # What cannot be known
//!
//! An engine remembers its last events only, and none across a restart of its own. Where something may be missing, a
//! monitor of events or logs says so with a [`Gap`](crate::monitor::Gap): from when, until when, and why. The monitor
//! of containers needs none: it looks at the containers anew.
//!
//! # Callbacks
//!
//! A monitor is a stream, and does nothing unless it is polled. [`run`](crate::monitor::run) polls it in a task and
//! calls back:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::Engine::new();
//! # let docker = engine.client("1.41");
//! use dockerclient::{monitor::{self, EventUpdate}, system::EventsOptions};
//!
//! let events = docker.monitor_events(&EventsOptions::default());
//! let handle = monitor::run(events, async |update| {
//!     if let EventUpdate::Event(event) = update {
//!         println!("{} {}", event.action, event.id);
//!     }
//! });
//! // Whatever your program does; then:
//! handle.stop().await; // no call of the closure comes after this
//! # Ok(())
//! # }
//! ```
//!
//! # When to try again, and who is too slow
//!
//! Waits grow from attempt to attempt; [`RetryPolicy`](crate::monitor::RetryPolicy) says how, and whether to give up at
//! last. A connection that says nothing for a minute is looked after
//! ([`watchdog`](crate::monitor::EventMonitor::watchdog)). Who takes items slowly slows the reading;
//! [`lossy`](crate::monitor::lossy) drops and counts instead.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::Engine::new();
//! # let docker = engine.client("1.41");
//! use std::time::Duration;
//! use dockerclient::{monitor::{self, LossyItem, RetryPolicy}, system::EventsOptions};
//! use futures_util::StreamExt as _;
//!
//! let patience = RetryPolicy::default().first(Duration::from_secs(1)).longest(Duration::from_secs(30)).attempts(10);
//! let events = docker.monitor_events(&EventsOptions::default()).retry(patience);
//! let mut events = monitor::lossy(events, 1000);
//! while let Some(item) = events.next().await {
//!     match item {
//!         LossyItem::Item(update) => println!("{update:?}"),
//!         LossyItem::Dropped(count) => eprintln!("too slow for {count}"),
//!         # _ => {}
//!     }
//!     # break;
//! }
//! # Ok(())
//! # }
//! ```
