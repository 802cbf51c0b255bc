//! The image of a service: its digest, and the credentials for its registry.

use crate::{
    ApiVersion, DockerClient, Result,
    credentials::RegistryCredentials,
    images::Reference,
    models::{DistributionInspect, NodePlatform, Platform, ServiceSpec},
    request::Settings,
};

/// Since this version, clients resolve the names of images; before, engines do.
const RESOLVED_BY_CLIENT: ApiVersion = ApiVersion::new(1, 30);

/// The operating system and the architecture of parts of an image that are not for a platform.
const UNKNOWN: &str = "unknown";

/// Returns the name of the image of a service, or of its plugin. Empty if there is neither.
pub(super) fn name(spec: &ServiceSpec) -> &str {
    let task = &spec.task_template;
    match (&task.container_spec, &task.plugin_spec) {
        (Some(container), _) => &container.image,
        (None, Some(plugin)) => &plugin.remote,
        (None, None) => "",
    }
}

/// Returns the platforms that the tasks of a service can run on.
pub(super) fn platforms(spec: &ServiceSpec) -> &[NodePlatform] {
    match &spec.task_template.placement {
        Some(placement) => &placement.platforms,
        None => &[],
    }
}

/// Returns the `X-Registry-Auth` header for the registry of the image, if `credentials` are to be sent.
pub(super) async fn registry_auth(
    docker: &DockerClient,
    credentials: Option<&RegistryCredentials>,
    spec: &ServiceSpec,
) -> Result<Option<String>> {
    let Some(credentials) = credentials else { return Ok(None) };
    let reference: Reference = name(spec).parse()?;
    docker.registry_auth(credentials, reference.registry()).await.map(Some)
}

/// Adds the digest of the image in its registry to its name and, unless `keeps_platforms`, sets the platforms of the
/// service to those of the image. Returns a warning if the digest could not be determined.
pub(super) async fn resolve(
    docker: &DockerClient,
    settings: &Settings,
    spec: &mut ServiceSpec,
    auth: Option<&str>,
    keeps_platforms: bool,
) -> Option<String> {
    let image = spec.task_template.container_spec.as_ref()?.image.clone();
    match inspect(docker, settings, &image, auth).await.transpose()? {
        Ok((name, inspected)) => {
            spec.container_mut().image = name;
            let platforms = to_platforms(&inspected);
            if !keeps_platforms && !platforms.is_empty() {
                spec.task_template.placement.get_or_insert_default().platforms = platforms;
            }
            None
        }
        Err(error) => {
            Some(format!("{error}; the nodes resolve the image on their own and may run different versions of it"))
        }
    }
}

/// Returns the name of the image with its digest, and the response of its registry. Returns `None` if engines of the
/// negotiated version resolve names.
async fn inspect(
    docker: &DockerClient,
    settings: &Settings,
    image: &str,
    auth: Option<&str>,
) -> Result<Option<(String, DistributionInspect)>> {
    let api = docker.api("distribution_inspect", settings).await?;
    if api.version() < RESOLVED_BY_CLIENT {
        return Ok(None);
    }
    let reference: Reference = api.during(image.parse())?;
    let tagged = with_tag(&reference);
    let api = api.of(&tagged);
    let inspected = api.document(api.distribution_inspect(&tagged, auth).await)?;
    let name = api.during(with_digest(&tagged, &inspected.descriptor.digest))?;
    Ok(Some((name, inspected)))
}

/// Returns the name with the tag `latest`, if it has neither a tag nor a digest.
fn with_tag(reference: &Reference) -> String {
    match (reference.tag(), reference.digest()) {
        (None, None) => format!("{reference}:latest"),
        _ => reference.to_string(),
    }
}

/// Returns the name with this digest, unless it has one.
fn with_digest(name: &str, digest: &str) -> Result<String> {
    if name.contains('@') {
        return Ok(name.to_owned());
    }
    let name = format!("{name}@{digest}");
    name.parse::<Reference>()?;
    Ok(name)
}

/// Returns the platforms as nodes report them, and as the Docker CLI does. Nodes report ARM as the variant of the processor, for
/// example `armv7l`, and registries as `arm`, so it is left out. Attestations have the platform `unknown/unknown`.
fn to_platforms(inspected: &DistributionInspect) -> Vec<NodePlatform> {
    let mut platforms: Vec<NodePlatform> = Vec::new();
    for Platform { architecture, os, .. } in &inspected.platforms {
        let architecture = if architecture.eq_ignore_ascii_case("arm") { "" } else { architecture };
        let platform = NodePlatform { architecture: architecture.to_owned(), os: os.clone() };
        if architecture != UNKNOWN && os != UNKNOWN && !platforms.contains(&platform) {
            platforms.push(platform);
        }
    }
    platforms
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:37f8d9354bb628ff1a054c73c5f36064be6a3f5227e08baf418361c7ea91a7d0";

    #[test]
    fn images_are_pinned_as_by_the_docker_cli() {
        let pinned = |image: &str| with_digest(&with_tag(&image.parse().unwrap()), DIGEST).unwrap();
        assert_eq!(pinned("nginx"), format!("nginx:latest@{DIGEST}"));
        assert_eq!(pinned("host:5000/web:1"), format!("host:5000/web:1@{DIGEST}"));
        let other = DIGEST.replace("37f8", "0000");
        assert_eq!(pinned(&format!("nginx@{other}")), format!("nginx@{other}"));
        assert!(with_digest("nginx:1", "").is_err());
        assert!(with_digest("nginx:1", "sha256:../x").is_err());
    }

    #[test]
    fn platforms_are_those_of_the_docker_cli() {
        let platforms = |names: &[(&str, &str, &str)]| {
            let platforms = names.iter().map(|&(os, architecture, variant)| Platform {
                os: os.into(),
                architecture: architecture.into(),
                variant: variant.into(),
                ..Default::default()
            });
            let inspected = DistributionInspect { platforms: platforms.collect(), ..Default::default() };
            let shown = |platform: NodePlatform| format!("{}/{}", platform.os, platform.architecture);
            to_platforms(&inspected).into_iter().map(shown).collect::<Vec<_>>()
        };
        let (amd64, attestation) = (("linux", "amd64", ""), ("unknown", "unknown", ""));
        let arms = [("linux", "arm", "v6"), ("linux", "arm", "v7")];
        assert_eq!(platforms(&[amd64, arms[0], attestation, arms[1], attestation]), ["linux/amd64", "linux/"]);
        assert!(platforms(&[attestation]).is_empty());
    }
}
