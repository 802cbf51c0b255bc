//! SSH agents of builds with BuildKit.

use std::{collections::BTreeMap, path::PathBuf};

use tokio::net::UnixStream;

use super::BuildImage;
use crate::{Error, Result};

impl BuildImage {
    /// Forwards the SSH agent at the Unix socket `socket` to build steps that mount it: `RUN --mount=type=ssh`, or with another
    /// `id` than `default`, `RUN --mount=type=ssh,id=…`. Requires the feature `buildkit`, and [`build_kit`](Self::build_kit).
    ///
    /// Steps can list keys and sign with them. Other requests to the agent, such as to add or remove keys, fail.
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> Result<(), Box<dyn std::error::Error>> {
    /// use dockerclient::Upload;
    ///
    /// let context = Upload::from_file("context.tar").await?;
    /// let agent = std::env::var("SSH_AUTH_SOCK")?;
    /// docker.images().build(context).build_kit(true).ssh_agent("default", agent).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn ssh_agent(mut self, id: impl Into<String>, socket: impl Into<PathBuf>) -> Self {
        self.options.ssh_agents.insert(id.into(), socket.into());
        self
    }
}

/// Fails if an agent does not accept connections.
pub(super) async fn check(agents: &BTreeMap<String, PathBuf>) -> Result<()> {
    for (id, socket) in agents {
        UnixStream::connect(socket).await.map_err(|error| {
            Error::local_io(format!("failed to connect to the SSH agent {id:?} at {}: {error}", socket.display()))
        })?;
    }
    Ok(())
}
