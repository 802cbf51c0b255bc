//! Timeouts and cancellation.
//!
//! Each phase of a call has a separate limit. None of them limits a whole response, because logs may be followed for
//! days. `None` or [`Duration::MAX`](std::time::Duration::MAX) disables a limit.
//!
//! | phase | limit | setting |
//! |---|---|---|
//! | opening a connection | 10 s | [`connect_timeout`](crate::DockerClientBuilder::connect_timeout) |
//! | until the response headers arrive | 60 s; none where they arrive when the work is done: `create`, `start`, `stop`, pulls, … | [`response_timeout`](crate::DockerClientBuilder::response_timeout) |
//! | no data while a response that is not a stream is read | 60 s | [`read_timeout`](crate::DockerClientBuilder::read_timeout) |
//! | no data in a stream | none | [`read_timeout`](crate::OutputStream::read_timeout) of the stream |
//! | a credential helper | 60 s | [`credential_helper_timeout`](crate::DockerClientBuilder::credential_helper_timeout) |
//! | a whole call | none | `time_limit` of the [request](super::requests#settings-of-all-requests) |
//!
//! A response that arrives slowly but steadily is not limited, with two exceptions: negotiating the API version must be
//! complete within the `response_timeout`, and an error response within the `read_timeout`.
//!
//! A call waits without a limit for one of the connections that
//! [`max_connections`](crate::DockerClientBuilder::max_connections) allows.
//!
//! If a limit is exceeded, the call fails with [`ErrorKind::Timeout`](crate::ErrorKind::Timeout). A stream without a
//! limit may be idle for as long as the engine is reachable. Over TCP, a host or network that is down is
//! detected within a minute, and the stream ends with [`ErrorKind::ConnectionLost`](crate::ErrorKind::ConnectionLost).
//! While data is being uploaded, it is detected only when the operating system stops retransmitting, on Linux after
//! about 15 minutes.
//!
//! # The time limit of a call
//!
//! `time_limit` limits a call from its first step to its result, or to the beginning of its stream, including the negotiation
//! of the API version. It replaces the client's `response_timeout` and `read_timeout` for this call, so it can also be
//! longer.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! # docker.containers().create("busybox").name("job").cmd(["sleep", "3600"]).await?.start().await?;
//! # tokio::time::pause();
//! use std::time::Duration;
//!
//! let job = docker.container("job");
//! match job.wait().time_limit(Duration::from_secs(60)).await {
//!     Ok(exit) => println!("{exit}"),
//!     Err(error) if error.is_timeout() => job.kill().await?, // the wait has ended, the container has not
//!     Err(error) => return Err(error.into()),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Cancellation
//!
//! To cancel a call or a stream, drop it. This closes its connection, and the client remains usable. The engine may
//! continue the operation: a container that was being stopped is still stopped.
//!
//! Waiting for the next item of a stream or monitor is cancel safe: `select!` loses nothing.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! # let cmd = ["sh", "-c", "echo one; sleep 3600"];
//! # docker.containers().create("busybox").name("web").cmd(cmd).await?.start().await?;
//! # let stop = async {};
//! # tokio::pin!(stop);
//! let mut lines = docker.container("web").logs().follow(true).await?.lines();
//! loop {
//!     tokio::select! {
//!         line = lines.try_next() => match line? {
//!             Some(line) => println!("{}", line.text()),
//!             None => break,
//!         },
//!         () = &mut stop => break, // for example Ctrl-C
//!     }
//! }
//! # Ok(())
//! # }
//! ```
