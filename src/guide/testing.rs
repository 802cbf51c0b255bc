//! Your own code, without Docker.
//!
//! The crate `dockerclient-testkit` is a double of an engine, in the process of the test. It speaks the real protocol,
//! so the code under test is the real code, with a real client; there is no trait to write against.
//!
//! ```toml
//! [dev-dependencies]
//! dockerclient-testkit = "0.1"
//! ```
//!
//! ```
//! use dockerclient::{DockerClient, Result, containers::StopOptions};
//! use dockerclient_testkit::{Call, Engine};
//!
//! /// The code under test: stops a container, if there is one.
//! async fn stop(docker: &DockerClient, name: &str) -> Result<bool> {
//!     match docker.container(name).stop(&StopOptions::default()).await {
//!         Ok(_) => Ok(true),
//!         Err(error) if error.is_not_found() => Ok(false),
//!         Err(error) => Err(error),
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<()> {
//! let engine = Engine::new();
//! let docker = engine.client("1.41");
//! assert!(!stop(&docker, "web").await?); // the double knows that there is none
//!
//! engine.expect(Call::to("container_stop").with("id", "web").fails(500, "cannot kill it"));
//! assert_eq!(stop(&docker, "web").await.unwrap_err().status(), Some(500));
//! // A call that was expected and does not come fails the test when the engine is dropped.
//! # Ok(())
//! # }
//! ```
//!
//! The double has images, containers that run programs of yours, a registry and events, and refuses what engines
//! refuse. It fails a test that sends what the API's document does not know. Its own documentation has the rest.
