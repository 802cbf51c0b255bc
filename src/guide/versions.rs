//! Engines of every age.
//!
//! The first call asks the engine which versions of the API it speaks, once for all clones. From then on, the newest
//! one that both sides know is spoken: 1.15 (Docker 1.3) to 1.55.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::Engine::new();
//! # let docker = engine.client("1.41");
//! use dockerclient::ApiVersion;
//!
//! let spoken = docker.api_version().await?;
//! assert!(spoken >= ApiVersion::OLDEST && spoken <= ApiVersion::NEWEST);
//! if spoken >= ApiVersion::new(1, 25) {
//!     println!("there is prune");
//! }
//! # Ok(())
//! # }
//! ```
//!
//! Each method's documentation says since when it is there, and options say "Needs API 1.x", where that is not the
//! oldest version. What the spoken version lacks is refused by this crate, as engines ignore options that they do not
//! know:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::Engine::new();
//! # let docker = engine.client("1.41");
//! # let docker = engine.client("1.18");
//! let error = docker.volumes().list(&Default::default()).await.unwrap_err();
//! assert!(error.is_unsupported());
//! assert_eq!(error.to_string(), "volume list: needs API 1.21, but 1.18 is spoken");
//! # Ok(())
//! # }
//! ```
//!
//! What newer versions lost is refused as well, with what to use instead, or said otherwise where there is an
//! equivalent.
//!
//! # Pinning
//!
//! [`api_version`](crate::DockerClientBuilder::api_version) or the variable `DOCKER_API_VERSION` say which version to
//! speak; the engine is not asked then. Do so to see what a program does with an old engine, with a new one at hand:
//! engines speak older versions, too.
//!
//! # One answer from all
//!
//! There is one type for all versions, with the fields of every version. What an engine does not send is empty: `0`,
//! `""`, no items. Only where absent and empty mean different things is a field an `Option`. Where old engines tell the
//! same otherwise, a method says it in one way: [`mount_points`](crate::models::ContainerInspect::mount_points),
//! [`endpoints`](crate::models::NetworkSettings::endpoints), [`total_size`](crate::models::ImageSummary::total_size).
