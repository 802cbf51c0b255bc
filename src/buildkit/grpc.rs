//! Connecting to BuildKit's gRPC services.

use super::{BuildKit, upgrade, upgraded};
use crate::{
    Result,
    generated::Client,
    raw::RawConnection,
    request::{Settings, request},
};

impl BuildKit {
    /// Opens a connection to BuildKit's gRPC services, for example `moby.buildkit.v1.Control`.
    ///
    /// The connection carries HTTP/2 without TLS. The engine is its server: this program sends the connection preface,
    /// and calls the services. Dropping the connection closes it, which cancels the calls.
    ///
    /// Calls `POST /grpc` on a dedicated connection, since API 1.40. Deprecated by Docker since API 1.53: newer
    /// engines have the same services at their socket itself, without an upgrade.
    ///
    /// # Errors
    ///
    /// Fails if the engine has no BuildKit (404), or if it does not switch to HTTP/2.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
    /// use tokio::io::AsyncWriteExt as _;
    ///
    /// let mut connection = docker.buildkit().grpc().await?;
    /// connection.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await?; // or pass it to a library for gRPC
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "BuildkitGrpc")]
    #[doc(alias = "DialHijack")]
    pub fn grpc(&self) -> ConnectGrpc {
        ConnectGrpc { buildkit: self.clone(), settings: Settings::default() }
    }
}

/// A request to connect to BuildKit's gRPC services. Returned by [`BuildKit::grpc`].
#[derive(Clone, Debug)]
#[must_use = "a request does nothing unless awaited"]
pub struct ConnectGrpc {
    buildkit: BuildKit,
    settings: Settings,
}

request!(ConnectGrpc => RawConnection, "buildkit_grpc");

impl ConnectGrpc {
    /// Replaces the settings of the request.
    #[cfg(feature = "buildkit")]
    pub(super) fn settings(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }

    async fn call(self) -> Result<RawConnection> {
        let api = self.buildkit.docker.api("buildkit_grpc", &self.settings).await?;
        let response = api.dedicated(upgrade(), async |client: &Client| client.buildkit_grpc().await).await?;
        upgraded(&api, response)
    }
}
