//! Properties of the engine's BuildKit, and what a build requires of them.

use std::{collections::HashMap, net::IpAddr};

use bollard_buildkit_proto::moby::buildkit::v1 as proto;

use super::{
    Attestation, BuildOutput,
    attributes::{Entry, MOBY},
    cache::Cache,
    options::Options,
};
use crate::{
    DockerClient, Error, Result,
    buildkit::{BuildSession, Control, grpc_error},
    error::{Kind, Phase, Unsupported},
    request::Settings,
    transport::within,
};

const LIST_WORKERS: &str = "/moby.buildkit.v1.Control/ListWorkers";

/// The label that BuildKit has if it stores images with containerd.
const SNAPSHOTTER: &str = "org.mobyproject.buildkit.worker.snapshotter";

/// The label with the address of the machine that the engine runs on.
const HOST_GATEWAY: &str = "org.mobyproject.buildkit.worker.moby.host-gateway-ip";

/// Returns the address for `host-gateway`, if the build uses it. Fails if the build requires the containerd image store, and
/// the engine does not use it. Asks the engine only if necessary.
pub(super) async fn check(
    docker: &DockerClient,
    options: &Options,
    settings: &Settings,
    session: &mut BuildSession,
    control: &mut Control,
) -> Result<Option<IpAddr>> {
    let store_user = needs_image_store(options);
    if store_user.is_none() && !options.has_host_gateway() {
        return Ok(None);
    }
    let call = control.calls().unary(LIST_WORKERS, proto::ListWorkersRequest::default());
    let call = session.during(control.during(async { call.await.map_err(grpc_error::error) }));
    let limit = settings.limits(docker.limits()).unwrap_or(*docker.limits()).response_timeout;
    let workers: proto::ListWorkersResponse = within(limit, || Phase::Headers, call).await?;
    let labels: Vec<_> = workers.record.into_iter().map(|worker| worker.labels).collect();
    match store_user {
        Some(user) if !labels.iter().any(|labels| labels.contains_key(SNAPSHOTTER)) => Err(requires_image_store(user)),
        _ => Ok(gateway(&labels)),
    }
}

fn requires_image_store(user: &str) -> Error {
    let message = format!("{user} requires an engine that uses the containerd image store");
    Error::new(Kind::Unsupported(Unsupported { message, required: None, negotiated: None }))
}

fn gateway(labels: &[HashMap<String, String>]) -> Option<IpAddr> {
    labels.iter().find_map(|labels| labels.get(HOST_GATEWAY)?.parse().ok())
}

/// Returns a part of the build that requires the containerd image store. Other engines fail after the build, or ignore it.
fn needs_image_store(options: &Options) -> Option<&'static str> {
    let exporters: Vec<Entry> = options.exporters().into_iter().map(|(exporter, _)| exporter).collect();
    let outputs = || options.outputs.iter().flatten();
    let has = |kinds: &[&str]| exporters.iter().any(|(kind, _)| kinds.contains(&&**kind));
    let is_attested = |attestation: &Attestation| *attestation != Attestation::Disabled;
    [
        (outputs().any(BuildOutput::is_pushed), "the push of an image by a build"),
        (outputs().any(|output| output.is_image() && !output.is_stored()), "an image with store=false"),
        (has(&["oci"]), "the output \"oci\""),
        (has(&["docker"]), "the output \"docker\""),
        (options.platforms.len() > 1 && has(&[MOBY]), "an image for several platforms"),
        (is_attested(&options.provenance), "a provenance attestation"),
        (is_attested(&options.sbom), "an SBOM attestation"),
        (!options.cache_to.iter().all(Cache::is_inline), "a build cache that is not inline"),
    ]
    .into_iter()
    .find_map(|(is_set, user)| is_set.then_some(user))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::images::BuildImage;

    fn build() -> BuildImage {
        DockerClient::connect("tcp://127.0.0.1:1").unwrap().images().build(Vec::new())
    }

    fn with_output(build: BuildImage, output: BuildOutput) -> Options {
        Options { outputs: Some(vec![output]), ..build.options }
    }

    #[test]
    fn build_options_that_need_the_containerd_image_store() {
        let platforms = || build().platforms(["linux/amd64", "linux/arm64"]);
        for options in [
            with_output(build(), BuildOutput::registry("web")),
            with_output(build(), BuildOutput::new("image", [("push", "true")])),
            with_output(build(), BuildOutput::image().attribute("store", "false")),
            with_output(build(), BuildOutput::oci("web.tar")),
            with_output(build(), BuildOutput::docker("web.tar")),
            with_output(platforms(), BuildOutput::image()),
            platforms().options,
            build().provenance(true).options,
            build().sbom(true).options,
            build().cache_to(Cache::inline()).cache_to(Cache::registry("a")).options,
            build().cache_to(Cache::local("cache")).options,
        ] {
            let error = requires_image_store(needs_image_store(&options).unwrap());
            assert!(error.is_unsupported(), "{error}");
        }
        for options in [
            build().tag("web").platform("linux/arm64").cache_to(Cache::inline()).provenance(false).options,
            build().cache_from(Cache::local("cache")).options,
            with_output(platforms(), BuildOutput::directory("out")),
            with_output(build(), BuildOutput::registry("web").attribute("push", "false")),
        ] {
            assert_eq!(needs_image_store(&options), None);
        }
    }

    #[test]
    fn host_gateway_is_read_from_labels() {
        let labels = |address: &str| HashMap::from([(HOST_GATEWAY.to_owned(), address.to_owned())]);
        assert_eq!(gateway(&[HashMap::new(), labels("172.17.0.1")]), Some([172, 17, 0, 1].into()));
        assert_eq!([gateway(&[labels("<nil>")]), gateway(&[])], [None, None]);
    }
}
