//! Output, events, statistics and progress, as they come.
//!
//! | stream | of | its items |
//! |---|---|---|
//! | [`OutputStream`](crate::OutputStream) | [`logs`](crate::containers::Container::logs), and of a [session](super::sessions) | pieces of output |
//! | [`Events`](crate::system::Events) | [`events`](crate::DockerClient::events) | what happened in the engine |
//! | [`StatsStream`](crate::containers::StatsStream) | [`stats`](crate::containers::Container::stats) | what a container uses |
//! | [`Progress`](crate::images::Progress) | pulls, pushes, builds, imports, loads | how far it is |
//! | [`Download`](crate::Download) | archives | bytes |
//!
//! A call that returns a stream resolves once the engine has answered. So what cannot begin, as the logs of a container
//! that is not there, is an error of the call. The items are `Result`s; after an error there are no more. All implement
//! `futures_core::Stream`; `TryStreamExt` of the crate `futures-util` has `try_next` and its kin.
//!
//! # Output
//!
//! Output tells stdout from stderr, unless there is a terminal, which mixes them. It comes by the piece, by the line,
//! as a reader, or all at once:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::Engine::new();
//! # let docker = engine.client("1.41");
//! # use dockerclient::{containers::CreateOptions, models::ContainerConfig};
//! # let cmd = ["sh", "-c", "echo one; echo two >&2"].map(Into::into).into();
//! # let config = ContainerConfig { image: "busybox".into(), cmd, ..Default::default() };
//! # docker.containers().create(&CreateOptions::new(config).name("web")).await?.container.start().await?;
//! use dockerclient::{Output, containers::LogsOptions};
//! use futures_util::TryStreamExt as _;
//!
//! let web = docker.container("web");
//! let mut pieces = web.logs(&LogsOptions::default()).await?;
//! while let Some(piece) = pieces.try_next().await? {
//!     match piece {
//!         Output::Stderr(bytes) => eprint!("{}", String::from_utf8_lossy(&bytes)),
//!         other => print!("{}", String::from_utf8_lossy(other.bytes())),
//!     }
//! }
//!
//! let mut lines = web.logs(&LogsOptions::default().timestamps().tail(100)).await?.lines();
//! while let Some(line) = lines.try_next().await? {
//!     println!("{:?} {:?} {}", line.time, line.source, line.text());
//! }
//!
//! let all = web.logs(&LogsOptions::default().only_stderr()).await?.capture().await?;
//! assert_eq!(all.stderr_text(), "two\n");
//! # Ok(())
//! # }
//! ```
//!
//! `follow()` goes on until the container ends. To go on across its restarts, take a [monitor](super::monitors).
//!
//! # Events
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::Engine::new();
//! # let docker = engine.client("1.41");
//! use dockerclient::{Timestamp, containers::CreateOptions, models::ContainerConfig, system::EventsOptions};
//! use futures_util::TryStreamExt as _;
//!
//! let began = Timestamp::now();
//! let config = ContainerConfig { image: "busybox".into(), ..Default::default() };
//! docker.containers().create(&CreateOptions::new(config)).await?;
//!
//! let so_far = EventsOptions::default().since(began).until(Timestamp::now()).kind("container");
//! let mut events = docker.events(&so_far).await?; // without `until`, it goes on
//! while let Some(event) = events.try_next().await? {
//!     println!("{} {} {:.12}", event.time, event.action, event.id);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Slow and fast
//!
//! A stream is read as fast as you take its items. If you are slow, the engine waits, and for events it drops what it
//! cannot hold. An item may have 16 MiB at most ([`item_limit`](crate::DockerClientBuilder::item_limit)); nothing else
//! is kept.
//!
//! Dropping a stream closes its connection. Dropping the wait for an item loses nothing, so streams may stand in
//! `select!`. A stream waits for its next item for as long as it takes, unless it is given an
//! [`idle_timeout`](crate::OutputStream::idle_timeout).
