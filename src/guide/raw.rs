//! Raw requests: operations that this crate has no method for.
//!
//! An engine can have operations that this crate does not support: those of a newer API version, of Podman, of a
//! plugin or of a proxy. [`DockerClient::get`](crate::DockerClient::get), `head`,
//! `post`, `put`, `delete` and [`request`](crate::DockerClient::request) send any of them with the client's connections,
//! API version, headers and limits:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let engine = dockerclient_testkit::FakeEngine::new();
//! # let docker = engine.client("1.41");
//! use serde::Deserialize;
//! use serde_json::json;
//!
//! #[derive(Deserialize)]
//! struct Created {
//!     #[serde(rename = "Name")]
//!     name: String,
//! }
//!
//! let created: Created = docker.post("/volumes/create").json(&json!({ "Name": "data" })).await?.json().await?;
//! assert_eq!(created.name, "data");
//!
//! let filters = json!({ "name": ["data"] });
//! let found: serde_json::Value = docker.get("/volumes").query("filters", &filters).await?.json().await?;
//! assert_eq!(found["Volumes"][0]["Name"], "data");
//!
//! let removed = docker.delete("/volumes/data").query("force", true).await?;
//! assert_eq!(removed.status(), 204);
//!
//! let error = docker.get("/volumes/data").await.unwrap_err();
//! assert!(error.is_not_found());
//! assert!(error.to_string().starts_with("GET /volumes/data failed: "));
//! # Ok(())
//! # }
//! ```
//!
//! The [response](crate::raw::RawResponse) is read as JSON, as bytes, as text or as a stream
//! ([`into_download`](crate::raw::RawResponse::into_download)). A status that is not a success is an
//! [`Error`](crate::Error), as with all other calls, unless the request accepts
//! [any status](crate::raw::RawRequest::any_status).
//!
//! Raw requests differ from this crate's other requests:
//!
//! - The request is not checked against the API version. Engines ignore unknown parameters and fields.
//! - The [response timeout](crate::DockerClientBuilder::response_timeout) of the client applies. Disable it with
//!   [`time_limit(None)`](crate::raw::RawRequest::time_limit) for an operation that responds when its work is done.
//! - Errors in the progress of a pull, push or build are in the body of a response with status 200.
//! - A name in the path that has special characters must be percent-encoded. A path that an engine would route to another
//!   endpoint, with `..` or `//`, is rejected.
//!
//! # Paths without the version
//!
//! [`unversioned`](crate::raw::RawRequest::unversioned) sends the path unchanged, for example for Podman's own API:
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
//! let pods = docker.get("/v4.0.0/libpod/pods/json").unversioned().await?.text().await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Connections
//!
//! [`upgrade`](crate::raw::RawRequest::upgrade) requests an upgrade to another protocol, and returns a
//! [`RawConnection`](crate::raw::RawConnection), which implements `AsyncRead` and `AsyncWrite`:
//!
//! ```no_run
//! # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
//! use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
//!
//! let attach = docker.post("/containers/web/attach").query("stream", true).query("stdin", true).query("stdout", true);
//! let mut connection = attach.upgrade("tcp").await?;
//! connection.write_all(b"hello\n").await?;
//! connection.shutdown().await?;
//! let mut output = Vec::new();
//! connection.read_to_end(&mut output).await?;
//! # Ok(())
//! # }
//! ```
