//! The services of the session of a build with BuildKit.

use std::collections::BTreeMap;

use super::{options::Options, secrets, ssh};
use crate::{DockerClient, Result, buildkit::Services};

/// Returns the services for a build with these options: secrets, credentials, SSH agents and outputs, but no files
/// and no build caches.
pub(super) async fn services(docker: &DockerClient, options: &Options) -> Result<Services> {
    // Credentials that are not valid are an error even if BuildKit does not request them.
    docker.registry_config(&options.credentials, false).await?;
    let secrets = secrets::read(options.secrets.clone()).await?;
    Ok(Services {
        docker: docker.clone(),
        secrets,
        credentials: options.credentials.clone(),
        configured_credentials: !options.anonymous,
        ssh_agents: ssh::open(options).await?,
        directories: BTreeMap::new(),
        upload: None,
        exports: options.exporters().into_iter().map(|(_, target)| target).collect(),
        stores: BTreeMap::new(),
    })
}
