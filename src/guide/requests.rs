//! Requests: settings, sending, time limits, and requests that return streams.
//!
//! Every method of a handle that calls the engine returns a request, for example
//! [`StopContainer`](crate::containers::StopContainer). A request owns its data, and sends nothing until it is awaited.
//! Its settings are methods:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! # docker.containers().create("busybox").name("web").cmd(["sleep", "60"]).await?.start().await?;
//! use std::time::Duration;
//!
//! let web = docker.container("web");
//! web.restart().await?;
//! web.stop().timeout(Duration::from_secs(3)).await?;
//! web.remove().force(true).volumes(true).await?;
//! # Ok(())
//! # }
//! ```
//!
//! - A setting that is not set is not sent: the default of the engine, or of the container, applies.
//! - Flags take a `bool`, so a variable can be passed on. Times are [`Timestamp`](crate::Timestamp)s and durations are
//!   [`Duration`](std::time::Duration)s.
//! - The documentation of a setting names the default, and the API version that it requires if that is not the oldest. A
//!   setting that the engine's version lacks makes the call [fail](crate::ErrorKind::Unsupported), and nothing is sent.
//! - A value that this crate rejects makes the call fail with [`InvalidInput`](crate::ErrorKind::InvalidInput), and nothing is
//!   sent. A value that the engine rejects (400) makes it fail with [`BadRequest`](crate::ErrorKind::BadRequest).
//!   [`is_bad_request`](crate::Error::is_bad_request) is true for both.
//! - Requests implement `Clone` where their body can be sent again, and are `Send + 'static`.
//!
//! # Settings of all requests
//!
//! | setting | meaning |
//! |---|---|
//! | `time_limit(duration)` | limits the whole call; see [timeouts](super::time) |
//! | `header(name, value)` | adds an HTTP header; replaces the client's header of that name |
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! use std::time::Duration;
//!
//! let info = docker.info().time_limit(Duration::from_secs(5)).header("X-Request-Id", "7").await?;
//! println!("{} containers", info.containers);
//! # Ok(())
//! # }
//! ```
//!
//! # Sending concurrently
//!
//! `.await` works because a request implements [`IntoFuture`]. Where a future is expected, such as in
//! functions that take a future, such as `tokio::spawn`, call `send()`:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! # docker.containers().create("busybox").name("web").cmd(["sleep", "60"]).await?.start().await?;
//! let (containers, images) = tokio::try_join!(docker.containers().list().all(true).send(), docker.images().list().send())?;
//! println!("{} containers, {} images", containers.len(), images.len());
//!
//! let stopping = tokio::spawn(docker.container("web").stop().send());
//! stopping.await??;
//! # Ok(())
//! # }
//! ```
//!
//! # Objects that may not exist
//!
//! `inspect()` fails if the object does not exist. `try_inspect()` resolves to `None` instead, and `exists()` to a
//! `bool`. Both also send a request, and return all other errors.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! let nosuch = docker.container("nosuch");
//! assert!(nosuch.inspect().await.is_err_and(|error| error.is_not_found()));
//! assert!(nosuch.try_inspect().await?.is_none());
//! assert!(!nosuch.exists().await?);
//! # Ok(())
//! # }
//! ```
//!
//! # Created objects
//!
//! `create()` resolves to a struct with the new object's handle and the engine's warnings. The struct dereferences to
//! the handle, so the next call can follow directly. Items of lists return their handles with `handle(&docker)`.
//! Filters by name match parts of names: `name("web")` also finds `my-web-prod`; see
//! [`ListContainers::name`](crate::containers::ListContainers::name) for exact names.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! let web = docker.containers().create("busybox").name("web").await?;
//! web.start().await?;
//! for warning in &web.warnings {
//!     eprintln!("{warning}");
//! }
//! for container in docker.containers().list().all(true).label("app=old").await? {
//!     container.handle(&docker).remove().force(true).await?;
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Requests that return streams
//!
//! Logs, stats, events, progress and downloads are [streams](super::streams). Their requests resolve when the response
//! begins, so a container that does not exist is an error of the call and not of the first item. Code that is not async uses
//! `stream()`, which returns a [`LazyStream`](crate::LazyStream): its first poll sends the request.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! # docker.containers().create("busybox").name("web").cmd(["echo", "hello"]).await?.start().await?;
//! use dockerclient::{DockerClient, LogOutput, Result};
//! use futures_util::{Stream, TryStreamExt as _};
//!
//! fn output_of(docker: &DockerClient, name: &str) -> impl Stream<Item = Result<LogOutput>> + use<> {
//!     docker.container(name).logs().follow(true).stream()
//! }
//!
//! let output: Vec<LogOutput> = output_of(&docker, "web").try_collect().await?;
//! assert_eq!(output[0].bytes(), &b"hello\n"[..]);
//! # Ok(())
//! # }
//! ```
