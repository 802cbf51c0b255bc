//! Models: the types that are exchanged with the engine, and two ways to serialize them.
//!
//! The types in [`models`](crate::models) are generated from the OpenAPI document. Fields have Docker's names, in
//! snake case. There is one type for all API versions, with the fields of every version; see
//! [versions](super::versions).
//!
//! # Values
//!
//! | in JSON | here |
//! |---|---|
//! | absent, `null`, empty | an empty value: `0`, `""`, an empty list. A field is an `Option` only where absent and empty mean different things |
//! | a time, as a string or a number | `Option<`[`Timestamp`](crate::Timestamp)`>` |
//! | a duration, as a count of nanoseconds or seconds | `Option<`[`Duration`](std::time::Duration)`>` |
//! | a string from a fixed set | an enum, with `Other(String)` for values that this crate does not define |
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! # docker.containers().create("busybox").name("web").await?.start().await?;
//! use dockerclient::{Timestamp, models::ContainerStatus};
//!
//! let web = docker.container("web").inspect().await?;
//! if web.state.status == Some(ContainerStatus::Running) {
//!     println!("up since {:?}", web.state.started_at);
//! }
//! println!("{}", web.state.describe(Timestamp::now())); // Up 3 minutes
//! # Ok(())
//! # }
//! ```
//!
//! [`Timestamp`](crate::Timestamp) adds and subtracts durations, and converts from and to
//! [`SystemTime`](std::time::SystemTime); the features `chrono`, `jiff` and `time` add conversions for the types of these
//! crates:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! # docker.containers().create("busybox").name("web").await?.start().await?;
//! use std::time::Duration;
//! use dockerclient::Timestamp;
//!
//! let recent = docker.container("web").logs().since(Timestamp::now() - Duration::from_secs(600)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Constructing models
//!
//! Write `..Default::default()`, because newer API versions add fields. Requests take whole models for settings that have no
//! method:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! use dockerclient::models::HostConfig;
//!
//! let host = HostConfig { readonly_rootfs: true, pids_limit: Some(100), ..Default::default() };
//! let web = docker.containers().create("busybox").host_config(host).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Serialization
//!
//! There are two forms:
//!
//! - `Serialize` of a model is the form of requests, without empty fields.
//! - [`models::complete`](crate::models::complete) is the form of responses: all fields, in the engine's order, as
//!   `docker inspect` prints them. Use it to print or store a response.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! # docker.volumes().create().name("data").await?;
//! use dockerclient::models;
//!
//! let volume = docker.volume("data").inspect().await?;
//! println!("{}", serde_json::to_string_pretty(&models::complete(&volume))?);
//!
//! let policy = models::RestartPolicy::always();
//! assert_eq!(serde_json::to_string(&policy)?, r#"{"Name":"always"}"#);
//! assert_eq!(serde_json::to_string(&models::complete(&policy))?, r#"{"Name":"always","MaximumRetryCount":0}"#);
//! # Ok(())
//! # }
//! ```
//!
//! `Deserialize` accepts both, as leniently as responses are decoded. Both forms contain secrets, such as environment variables
//! and passwords; the `Debug` output of models redacts them.
