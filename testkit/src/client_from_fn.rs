//! A client whose requests are handled by a function instead of an engine.

use std::future;

use dockerclient::{ApiVersion, DockerClient};

use crate::{FakeEngine, Request, Response};

/// Creates a client whose requests are handled by a function, without a fake engine: for tests of code that makes few calls,
/// or of responses that a simulation does not give. The client uses the newest API version, and sends the function nothing
/// else than the requests of its calls. They are not checked against the OpenAPI document.
///
/// # Panics
///
/// If the function panics, the call fails with status 500, and the test fails when the last clone of the client is dropped.
///
/// # Examples
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> dockerclient::Result<()> {
/// use dockerclient_testkit::{Request, Response, client_from_fn};
///
/// let docker = client_from_fn(async |request: Request| match (request.method(), request.path()) {
///     ("GET", "/containers/web/json") => Response::json(200, r#"{"Id": "f43c", "State": {"Running": true}}"#),
///     ("POST", "/containers/web/stop") => Response::empty(204),
///     _ => Response::json(404, r#"{"message": "no such container"}"#),
/// });
/// assert!(docker.container("web").is_running().await?);
/// docker.container("web").stop().await?;
/// assert!(docker.container("db").inspect().await.unwrap_err().is_not_found());
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn client_from_fn<R>(respond: impl Fn(Request) -> R + Send + Sync + 'static) -> DockerClient
where
    R: Future<Output = Response> + Send + 'static,
{
    let engine = FakeEngine::builder().forwarding(respond);
    // The engine runs as long as the client.
    let builder = DockerClient::builder().connector(move || future::ready(engine.connector()()));
    // Do not read the configuration of the user who runs the test.
    let builder = builder.config_directory("/nonexistent").anonymous();
    builder.api_version(ApiVersion::NEWEST).build().expect("valid settings")
}
