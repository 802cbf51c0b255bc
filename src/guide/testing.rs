//! Testing: test your own code without Docker.
//!
//! The crate `dockerclient-testkit` is a fake engine that runs in the process of the test. It speaks the real HTTP API and keeps
//! state, so the code under test uses a real client; there is no trait to program against.
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
//! the test if a request does not match the API specification. Its documentation describes programs, builds, swarms, failure
//! injection and the limitations.
//!
//! `dockerclient_testkit::client_from_fn(async |request| …)` is a test double at the level of requests: a client with a
//! function in place of an engine, which returns the response to each request.
