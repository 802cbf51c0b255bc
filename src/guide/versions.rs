//! API versions: engines from Docker 1.3 to 29.
//!
//! The first call negotiates the API version: the newest that both the engine and this crate support, from 1.15 to 1.55.
//! Clones of the client share it.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! use dockerclient::ApiVersion;
//!
//! let version = docker.api_version().await?;
//! assert!(version >= ApiVersion::OLDEST && version <= ApiVersion::NEWEST);
//! if version >= ApiVersion::new(1, 25) {
//!     println!("prune is supported");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The documentation of each method names the version that introduced it. The documentation of each setting has "Requires
//! API 1.x", unless the oldest version supports it. If the negotiated version lacks an operation or a setting, the call
//! fails before anything is sent, because engines silently ignore unknown options:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! # let docker = engine.client("1.18");
//! let error = docker.volumes().list().await.unwrap_err();
//! assert!(error.is_unsupported());
//! assert_eq!(error.to_string(), "failed to list volumes: requires API 1.21 or later; the negotiated version is 1.18");
//! # Ok(())
//! # }
//! ```
//!
//! An option that a newer version has removed fails too, with an error that names the replacement; where there is an exact
//! equivalent, this crate sends that instead.
//!
//! # Pinning a version
//!
//! [`api_version`](crate::DockerClientBuilder::api_version), or the variable `DOCKER_API_VERSION`, sets the version
//! without negotiation. Use it to test a program's behavior at an old API version with a new engine, which supports
//! older versions too.
//!
//! # One type for all versions
//!
//! There is one type for all versions, with the fields of every version. Fields that an engine does not send are empty: `0`,
//! `""`, empty lists. Where old engines send the same information in another form, a method returns it in one form:
//! [`mount_points`](crate::models::ContainerInspect::mount_points), [`endpoints`](crate::models::NetworkSettings::endpoints),
//! [`total_size`](crate::models::ImageSummary::total_size).
