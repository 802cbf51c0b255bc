//! Errors: kinds of errors, and whether to retry.
//!
//! Every failed call returns an [`Error`](crate::Error). Its [`kind`](crate::Error::kind) classifies the failure;
//! predicates such as [`is_not_found`](crate::Error::is_not_found) are short forms.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! use dockerclient::ErrorKind;
//!
//! let container = docker.container("ghost");
//! match container.start().await {
//!     Ok(start) => println!("{start:?}"),
//!     Err(error) => match error.kind() {
//!         ErrorKind::NotFound => println!("there is no such container"),
//!         ErrorKind::Connect => println!("the engine is not running: {error}"),
//!         _ => return Err(error.into()),
//!     },
//! }
//!
//! let error = container.inspect().await.unwrap_err();
//! assert_eq!(error.to_string(), "failed to inspect container ghost: No such container: ghost (404)");
//! assert_eq!((error.status(), error.operation()), (Some(404), Some("container_inspect")));
//! assert!(error.is_not_found());
//! # Ok(())
//! # }
//! ```
//!
//! An error names the operation and the cause; [`source`](std::error::Error::source) has the details. Cloning an error
//! is cheap.
//!
//! # Kinds
//!
//! [`is_bad_request`](crate::Error::is_bad_request) covers two kinds: `InvalidInput`, if this crate rejected a value before
//! it sent anything, and `BadRequest`, if the engine rejected the request (400). [`status`](crate::Error::status) is `None`
//! for the first.
//!
//! | [`ErrorKind`](crate::ErrorKind) | meaning | what to do |
//! |---|---|---|
//! | `InvalidInput` | an argument or setting is not valid; nothing was sent | fix the arguments |
//! | `LocalIo` | a local file could not be read or written | see its message |
//! | `Unsupported` | the negotiated API version lacks the operation or option; nothing was sent | see [versions](super::versions) |
//! | `Credentials` | a credential helper failed; nothing was sent | see its message |
//! | `Connect` | no connection could be established; nothing was sent | check that the engine is running, and retry |
//! | `ConnectionLost` | the connection was closed before the response was complete | see [below](#retrying) |
//! | `Timeout` | a time limit was exceeded | see [time](super::time) |
//! | `BadRequest` | the engine rejected the parameters (400) | fix the arguments |
//! | `Unauthorized`, `Forbidden` | credentials are missing, wrong or not sufficient (401, 403) | log in |
//! | `NotFound` | the object does not exist (404) | create it, or [check first](super::requests#objects-that-may-not-exist) |
//! | `Conflict` | the object is not in a state that allows the operation, or the name is in use (409) | inspect the object |
//! | `TooManyRequests` | a rate limit was exceeded (429) | retry later |
//! | `Server` | the engine failed (5xx) | see its message, and the log of the engine |
//! | `OtherStatus` | another status that is not a success | see its [`status`](crate::Error::status) |
//! | `OperationFailed` | a pull, push or build began and failed | its [`code`](crate::Error::code) is the exit code of a build step |
//! | `WaitFailed` | a container exited or became unhealthy, or the update of a service failed, before the awaited condition was met | read its logs |
//! | `Truncated` | the response ended too early | see [below](#retrying) |
//! | `Decode` | the response could not be decoded, or is larger than a limit | raise the [limit](crate::DockerClientBuilder::max_response_size) if the message names it; otherwise report it |
//! | `Internal` | a bug in this crate | report it |
//!
//! # Errors may be logged
//!
//! Neither an error nor its sources contain credentials or response bodies. If a response cannot be decoded, the error names
//! the position and the cause, and not the value. The exception is the engine's own error message: at most 8 KiB of it are
//! kept, and control characters are escaped when the error is displayed. The `Debug` output of this crate's types redacts the
//! values of environment variables and build arguments, credentials, the options of log and volume drivers, and the input of
//! commands.
//!
//! # Outcomes that are not errors
//!
//! Expected outcomes are values: a container [is already running](crate::containers::Start), or exited with [a code other
//! than 0](crate::containers::ExitStatus); an object [does not exist](super::requests#objects-that-may-not-exist).
//!
//! # Retrying
//!
//! If [`may_have_been_executed`](crate::Error::may_have_been_executed) is `false`, the engine did not run the operation, and
//! a retry is safe. Otherwise, retry only idempotent operations: reads, `start`, `stop`, and `create` with a name (a
//! duplicate is rejected with 409). Requests are `Clone`:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! # docker.containers().create("busybox").name("web").await?;
//! use std::time::Duration;
//!
//! let start = docker.container("web").start();
//! let started = loop {
//!     match start.clone().await {
//!         Err(error) if error.is_connect() => tokio::time::sleep(Duration::from_secs(1)).await,
//!         outcome => break outcome?,
//!     }
//! };
//! println!("{started:?}");
//! # Ok(())
//! # }
//! ```
