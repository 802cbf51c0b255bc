//! Testing: test your own code without Docker.
//!
//! The crate `dockerclient-testkit` is a fake engine that runs in the process of the test. It speaks the real HTTP API and
//! keeps state, so the code under test uses a real client; there is no trait to program against.
//!
//! ```toml
//! [dev-dependencies]
//! dockerclient-testkit = { path = "../dockerclient/testkit" } # there is no release yet
//! ```
//!
//! ```
//! use dockerclient::{DockerClient, ErrorKind, Result};
//! use dockerclient_testkit::{Call, FakeEngine};
//!
//! /// The code under test: stops a container, if it exists.
//! async fn stop(docker: &DockerClient, name: &str) -> Result<bool> {
//!     match docker.container(name).stop().await {
//!         Ok(_) => Ok(true),
//!         Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
//!         Err(error) => Err(error),
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<()> {
//! let engine = FakeEngine::new();
//! let docker = engine.client("1.41");
//! assert!(!stop(&docker, "web").await?); // the fake engine has no such container
//!
//! engine.expect(Call::to("container_stop").with("id", "web").fails(500, "cannot kill it"));
//! assert_eq!(stop(&docker, "web").await.unwrap_err().kind(), ErrorKind::Server);
//! // If an expected call is not received, dropping the engine fails the test.
//! # Ok(())
//! # }
//! ```
//!
//! The fake engine has images, containers that run programs that you define, networks, volumes, plugins, a registry and events;
//! `FakeEngine::builder().swarm_nodes(3)` makes it a swarm manager. It rejects requests that an engine would reject, and fails
//! the test if a request does not match the OpenAPI document. Its documentation describes programs, builds, swarms, failure
//! injection and the limitations.
//!
//! `dockerclient_testkit::client_from_fn(async |request| …)` mocks the engine at the HTTP level: it returns a client that
//! calls a function, which returns the response to each request.
//!
//! # Recordings
//!
//! `dockerclient_testkit::Recorder` records a session with a real engine in a file, without secrets, and `Replay` replays it
//! without the engine. A request that is not in the recording fails the test, with the difference from the nearest one.
//!
//! ```
//! use dockerclient_testkit::{Recorder, Replay};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! // let docker = DockerClient::from_env()?;
//! let recorder = Recorder::new(&docker);
//! let recorded = recorder.client("1.41").run("busybox").args(["echo", "hello"]).name("hello").output().await?;
//! recorder.redact("text of a secret");
//! let recording = recorder.recording()?; // or save it in a file with save(path)
//!
//! let replay = Replay::new(recording); // or open the file with Replay::open(path)
//! let replayed = replay.client().run("busybox").args(["echo", "hello"]).name("hello").output().await?;
//! assert_eq!(replayed.stdout, recorded.stdout);
//! # Ok(())
//! # }
//! ```
//!
//! # Tests with real containers
//!
//! A test that needs a database runs one: on a free port of this machine, waits until it accepts connections, and removes it
//! afterwards.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! # use dockerclient::DockerClient;
//! let docker = DockerClient::from_env()?;
//! let db = docker.run("postgres:17").env("POSTGRES_PASSWORD", "secret").publish(0, 5432).kill_on_drop(true).spawn().await?;
//! let port = db.container().wait_until_listening(5432).await?;
//! let url = format!("postgres://postgres:secret@{}:{port}", docker.host());
//! // The test. Dropping `db` kills and removes the container.
//! # Ok(())
//! # }
//! ```
//!
//! A container with much output blocks if `db.output` is not read; run it with `detach()` instead. The examples of the
//! repository have more patterns: `wait_until_ready` (ports, messages and health checks), `remove_on_panic` (a guard for
//! detached containers), `reuse` (one container for several test runs, found by its label), `network_alias` (containers that
//! find each other by name) and `copy_in` (files without a bind mount).
