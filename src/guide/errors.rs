//! Which error it is, and what to do about it.
//!
//! There is one [`Error`](crate::Error). Ask it:
//!
//! | question | it is | what to do |
//! |---|---|---|
//! | [`is_not_found`](crate::Error::is_not_found) | no such container, image, … (404) | make it, or look at the name |
//! | [`is_conflict`](crate::Error::is_conflict) | not in this state, or the name is taken (409) | |
//! | [`is_bad_request`](crate::Error::is_bad_request) | a call that cannot be meant (400, or not sent) | mend the call |
//! | [`is_unauthorized`](crate::Error::is_unauthorized) | no or wrong credentials (401) | log in |
//! | [`is_credentials`](crate::Error::is_credentials) | the user's credential helper has failed | look at what it says |
//! | [`is_unsupported`](crate::Error::is_unsupported) | the API that is spoken lacks it; nothing was sent | see [versions](super::versions) |
//! | [`is_connect`](crate::Error::is_connect) | no engine there; nothing was sent | try again later |
//! | [`is_broken`](crate::Error::is_broken) | a connection that broke on the way | see below |
//! | [`is_timeout`](crate::Error::is_timeout) | a limit was passed | see [time](super::time) |
//! | [`is_failure`](crate::Error::is_failure) | a pull or build that began and failed | its [`code`](crate::Error::code) is a step's exit code |
//! | [`is_truncated`](crate::Error::is_truncated) | an answer that broke off | try again, if the call may come twice |
//! | [`is_decode`](crate::Error::is_decode) | an answer that makes no sense | report it: the message names the field |
//! | [`is_ended`](crate::Error::is_ended) | a container that ended before it was ready | look at its logs |
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::Engine::new();
//! # let docker = engine.client("1.41");
//! use dockerclient::images::PullOptions;
//!
//! let container = docker.container("ghost");
//! match container.start().await {
//!     Ok(start) => println!("{start:?}"),
//!     Err(error) if error.is_not_found() => println!("there is none"),
//!     Err(error) if error.is_connect() => println!("there is no engine: {error}"),
//!     Err(error) => return Err(error.into()),
//! }
//!
//! let error = container.inspect().await.unwrap_err();
//! assert_eq!(error.to_string(), "container inspect: engine said 404: No such container: ghost");
//! assert_eq!((error.status(), error.operation()), (Some(404), Some("container_inspect")));
//! # Ok(())
//! # }
//! ```
//!
//! An error says what was being done and what came of it; `source()` has the rest. It holds no credentials and no
//! bodies, so it may be logged. It is cheap to clone.
//!
//! # What is no error
//!
//! What a caller may expect is a value: that a container [runs already](crate::containers::Start), that it ended with
//! [another code than 0](crate::containers::Exit), that there is [none](crate::containers::Container::find).
//!
//! # Whether to try again
//!
//! [`may_have_been_executed`](crate::Error::may_have_been_executed) says whether the engine may have done what was asked
//! all the same. If not, try again. Else, reading again is always safe; so are `start` and `stop`, which say when there was
//! nothing to do. To `create` with a name is safe, too: the second one is a conflict.
