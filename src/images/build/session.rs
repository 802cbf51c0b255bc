//! The session of a build with BuildKit.

use super::{options::Options, secrets, ssh};
use crate::{
    DockerClient, Error, Result,
    buildkit::{BuildSession, Services},
    request::Settings,
};

/// Opens the session of a build with these options. Returns `None` for the classic builder.
pub(super) async fn open(
    docker: &DockerClient,
    options: &Options,
    settings: &Settings,
) -> Result<Option<BuildSession>> {
    if !options.build_kit {
        let needs =
            |what, id| Err(Error::invalid_input(format!("the {what} {id:?} requires BuildKit: build_kit(true)")));
        return match (options.secrets.keys().next(), options.ssh_agents.keys().next()) {
            (Some(id), _) => needs("secret", id),
            (None, Some(id)) => needs("SSH agent", id),
            (None, None) => Ok(None),
        };
    }
    // Credentials that are not valid are an error even if BuildKit does not ask for them.
    docker.registry_config(&options.credentials, false).await?;
    ssh::check(&options.ssh_agents).await?;
    let services = Services {
        docker: docker.clone(),
        secrets: secrets::read(options.secrets.clone()).await?,
        credentials: options.credentials.clone(),
        configured_credentials: !options.anonymous,
        ssh_agents: options.ssh_agents.clone(),
    };
    BuildSession::open(services, settings).await.map(Some)
}
