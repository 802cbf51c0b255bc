//! The services of the session of a build with BuildKit.

use std::collections::BTreeMap;

use super::{options::Options, secrets, ssh};
use crate::{DockerClient, Result, buildkit::Services};

/// Returns the services for a build with these options: secrets, credentials, SSH agents and outputs, but no files.
pub(super) async fn services(docker: &DockerClient, options: &Options) -> Result<Services> {
    // Credentials that are not valid are an error even if BuildKit does not ask for them.
    docker.registry_config(&options.credentials, false).await?;
    ssh::check(&options.ssh_agents).await?;
    Ok(Services {
        docker: docker.clone(),
        secrets: secrets::read(options.secrets.clone()).await?,
        credentials: options.credentials.clone(),
        configured_credentials: !options.anonymous,
        ssh_agents: options.ssh_agents.clone(),
        directories: BTreeMap::new(),
        upload: None,
        exports: options.exporters().into_iter().map(|(_, target)| target).collect(),
    })
}
