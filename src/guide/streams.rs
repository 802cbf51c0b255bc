//! Streams: output, events, stats and progress.
//!
//! | stream | returned by | items |
//! |---|---|---|
//! | [`OutputStream`](crate::OutputStream) | [`logs`](crate::containers::Container::logs), and the output of [sessions](super::sessions) | chunks of output |
//! | [`EventStream`](crate::system::EventStream) | [`events`](crate::DockerClient::events) | events |
//! | [`StatsStream`](crate::containers::StatsStream) | [`stats`](crate::containers::Container::stats) | samples of resource usage |
//! | [`Progress`](crate::images::Progress) | `progress()` of pulls, pushes, builds, imports and loads | progress |
//! | [`Convergence`](crate::services::Convergence) | `progress()` of [`wait_until_converged`](crate::services::Service::wait_until_converged) | progress of a service |
//! | [`Download`](crate::Download) | [`export`](crate::containers::Container::export), [`save`](crate::images::Image::save), [`copy_out`](crate::containers::Container::copy_out) | bytes of an archive |
//!
//! A request that returns a stream resolves once the response begins, so that an error such as 404 is an error of the call. The
//! items are `Result`s, and an error is the last item. Each stream has `try_next()` to wait for the next item, and implements
//! `futures_core::Stream` for adapters such as those of the crate `futures-util`.
//! [`stream()`](super::requests#requests-that-return-streams) of a request returns a stream without `await`.
//!
//! # Output
//!
//! Output has the source stdout or stderr, unless the container has a TTY, which merges them. Read it in chunks, in lines, as
//! a reader, or all at once. [`next_batch`](crate::OutputStream::next_batch) returns several chunks, which is faster if they
//! are small.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! # let cmd = ["sh", "-c", "echo one; echo two >&2"];
//! # docker.containers().create("busybox").name("web").cmd(cmd).await?.start().await?;
//! use dockerclient::LogOutput;
//! let web = docker.container("web");
//! let mut chunks = web.logs().await?;
//! while let Some(chunk) = chunks.try_next().await? {
//!     match chunk {
//!         LogOutput::Stderr(_) => eprint!("{chunk}"),
//!         _ => print!("{chunk}"),
//!     }
//! }
//!
//! let mut lines = web.logs().timestamps(true).tail(100).await?.lines();
//! while let Some(line) = lines.try_next().await? {
//!     println!("{:?} {:?} {}", line.time, line.source, line.text());
//! }
//!
//! let all = web.logs().stdout(false).await?.capture().await?;
//! assert_eq!(all.stderr_text(), "two\n");
//! # Ok(())
//! # }
//! ```
//!
//! With `follow(true)`, the stream continues until the container exits. To continue across its restarts, use a
//! [monitor](super::monitors). `logs` inspects the container first, because the format depends on whether it has a TTY;
//! `tty(…)` saves that request.
//!
//! # Events
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! use dockerclient::Timestamp;
//! let began = Timestamp::now();
//! docker.containers().create("busybox").await?;
//!
//! // Without `until`, the stream continues.
//! let mut events = docker.events().since(began).until(Timestamp::now()).kind("container").await?;
//! while let Some(event) = events.try_next().await? {
//!     println!("{} {} {:.12}", event.time, event.action, event.id);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # Backpressure and limits
//!
//! Streams apply backpressure: nothing is read ahead of the consumer. If the consumer is slow, the engine waits, except for
//! events, which it drops once its buffer is full. An item has at most 16 MiB
//! ([`max_item_size`](crate::DockerClientBuilder::max_item_size)); a longer line is [truncated](crate::Line::truncated).
//!
//! Dropping a stream closes its connection. Waiting for the next item is cancel safe, so streams can be used in `select!`. A
//! stream waits for its next item without a limit, unless a [`read_timeout`](crate::OutputStream::read_timeout) is set.
