//! Testing: test your own code without Docker.
//!
//! The crate `dockerclient-testkit` is a fake engine that runs in the process of the test. It speaks the real HTTP API and
//! keeps state, so the code under test uses a real client; there is no trait to program against.
//!
//! ```toml
//! [dev-dependencies]
//! dockerclient-testkit = "0.1"
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
