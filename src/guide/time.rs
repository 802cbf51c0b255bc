//! What takes how long at most, and how to stop it.
//!
//! Each phase of a call has a limit of its own. None bounds a whole answer, as logs may follow for days.
//!
//! | phase | limit | set by |
//! |---|---|---|
//! | opening a connection | 10 s | [`connect_timeout`](crate::DockerClientBuilder::connect_timeout) |
//! | until the answer begins | 60 s; none where the answer comes when the work is done: `stop`, `wait`, pulls, … | [`answer_timeout`](crate::DockerClientBuilder::answer_timeout) |
//! | silence in the middle of a document | 60 s | [`idle_timeout`](crate::DockerClientBuilder::idle_timeout) |
//! | silence in a stream | none | [`OutputStream::idle_timeout`](crate::OutputStream::idle_timeout), and of the other streams |
//! | a credential helper | 60 s | [`credential_helper_timeout`](crate::DockerClientBuilder::credential_helper_timeout) |
//!
//! What passes its limit is an error with [`is_timeout`](crate::Error::is_timeout). A stream without a limit may be silent
//! for as long as its engine is there: over TCP, one whose machine or network has gone is missed within a minute, and the
//! stream ends with an error that [`is_broken`](crate::Error::is_broken). Who sends to such an engine learns of it when the
//! system gives up sending, on Linux after a quarter of an hour.
//!
//! # Stopping
//!
//! Drop it. A call that is dropped closes its connection; so does a stream. The client stays usable. The engine may go
//! on with what it was asked: a container that was to be stopped is stopped all the same.
//!
//! So a limit for a whole piece of work is Tokio's:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::Engine::new();
//! # let docker = engine.client("1.41");
//! # use dockerclient::{containers::CreateOptions, models::ContainerConfig};
//! # let cmd = ["sleep", "3600"].map(Into::into).into();
//! # let config = ContainerConfig { image: "busybox".into(), cmd, ..Default::default() };
//! # docker.containers().create(&CreateOptions::new(config).name("job")).await?.container.start().await?;
//! # tokio::time::pause();
//! use std::time::Duration;
//! use tokio::time::timeout;
//!
//! let job = docker.container("job");
//! match timeout(Duration::from_secs(60), job.wait()).await {
//!     Ok(exit) => println!("ended with {}", exit?.code),
//!     Err(_elapsed) => job.kill("KILL").await?, // the wait is over, the container is not
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Waiting for the next item of a stream or monitor is cancel safe: what `select!` drops loses nothing.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::Engine::new();
//! # let docker = engine.client("1.41");
//! # use dockerclient::{containers::CreateOptions, models::ContainerConfig};
//! # let cmd = ["sh", "-c", "echo one; sleep 3600"].map(Into::into).into();
//! # let config = ContainerConfig { image: "busybox".into(), cmd, ..Default::default() };
//! # docker.containers().create(&CreateOptions::new(config).name("web")).await?.container.start().await?;
//! # let stop = async {};
//! # tokio::pin!(stop);
//! use dockerclient::containers::LogsOptions;
//! use futures_util::TryStreamExt as _;
//!
//! let mut lines = docker.container("web").logs(&LogsOptions::default().follow()).await?.lines();
//! loop {
//!     tokio::select! {
//!         line = lines.try_next() => match line? {
//!             Some(line) => println!("{}", line.text()),
//!             None => break,
//!         },
//!         () = &mut stop => break, // Ctrl-C, or what you like
//!     }
//! }
//! # Ok(())
//! # }
//! ```
