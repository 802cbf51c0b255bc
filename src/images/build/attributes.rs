//! The options of a build in the form of BuildKit's control API, as `docker buildx build` sends them.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
};

use bollard_buildkit_proto::moby::buildkit::v1 as proto;
use serde::Serialize;

use super::{
    HostAddress,
    cache::{self, Cache},
    options::Options,
    output::has_push,
};
use crate::{Error, Result, Size, buildkit::random_id, images::reference::repository_and_tag};

/// The frontend for Dockerfiles. It passes the build to another one if the Dockerfile begins with `# syntax=`.
const FRONTEND: &str = "dockerfile.v0";

/// The exporter for an image on the engine.
pub(super) const MOBY: &str = "moby";

/// The entitlement that steps in the network of the engine require.
const NETWORK_HOST: &str = "network.host";

/// An exporter or a cache: its type, and its attributes.
pub(super) type Entry = (String, BTreeMap<String, String>);

/// Returns the request for these options, without the session, the contexts, and the addresses of extra hosts.
pub(super) fn request(
    options: &Options,
    build_args: &BTreeMap<String, Option<String>>,
    exporters: Vec<Entry>,
) -> Result<proto::SolveRequest> {
    let exporters = named_exporters(options, exporters)?;
    // The first BuildKit with several exporters is 0.13; older ones read only these fields.
    let (exporter_deprecated, attributes) = exporters.first().cloned().unwrap_or_default();
    let imports = cache_imports(options)?;
    let mut frontend_attrs = attributes_of(options, build_args)?;
    if !imports.is_empty() {
        frontend_attrs.insert("cache-imports".into(), json(&imports)?);
    }
    let exports = cache_exports(options, build_args)?;
    let cache = proto::CacheOptions {
        exports: exports.into_iter().map(cache_entry).collect(),
        imports: imports.into_iter().map(cache_entry).collect(),
        ..Default::default()
    };
    let exporter = |(kind, attributes): Entry| proto::Exporter { r#type: kind, attrs: hashed(attributes) };
    Ok(proto::SolveRequest {
        r#ref: random_id(),
        exporter_deprecated,
        exporter_attrs_deprecated: hashed(attributes),
        exporters: exporters.into_iter().map(exporter).collect(),
        frontend: FRONTEND.into(),
        frontend_attrs: hashed(frontend_attrs),
        cache: Some(cache),
        entitlements: entitlements(options),
        ..Default::default()
    })
}

/// Returns the attributes of the frontend.
fn attributes_of(options: &Options, build_args: &BTreeMap<String, Option<String>>) -> Result<BTreeMap<String, String>> {
    let mut attributes = BTreeMap::new();
    let mut set = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            attributes.insert(key.to_owned(), value);
        }
    };
    set("target", options.target.clone());
    set("platform", (!options.platforms.is_empty()).then(|| options.platforms.join(",")));
    set("no-cache", no_cache(options));
    // Without `pull`, BuildKit uses the images of the engine.
    let resolve_mode = if options.pull == Some(true) { "pull" } else { "local" };
    set("image-resolve-mode", Some(resolve_mode.to_owned()));
    set("force-network-mode", network(options)?.map(str::to_owned));
    let shm_size = options.shm_size.as_ref().map(Size::to_bytes).transpose()?;
    set("shm-size", shm_size.filter(|&size| size > 0).map(|size| size.to_string()));
    let ulimits = options.ulimits.iter().map(|limit| format!("{}={}:{}", limit.name, limit.soft, limit.hard));
    set("ulimit", Some(ulimits.collect::<Vec<_>>().join(",")).filter(|limits| !limits.is_empty()));
    set("cgroup-parent", options.cgroup_parent.clone().filter(|parent| !parent.is_empty()));
    for (name, value) in build_args {
        // An argument without a value keeps the default of the Dockerfile.
        set(&format!("build-arg:{name}"), value.clone());
    }
    let is_multi_platform = is_true(build_args, "BUILDKIT_MULTI_PLATFORM");
    set("multi-platform", is_multi_platform.then(|| "true".to_owned()));
    for (key, value) in &options.labels {
        set(&format!("label:{key}"), Some(value.clone()));
    }
    let attestations = [options.provenance.attribute("provenance"), options.sbom.attribute("sbom")];
    for (key, value) in attestations.into_iter().flatten() {
        set(&key, Some(value));
    }
    check_hosts(options)?;
    Ok(attributes)
}

/// Returns the stages whose steps run again; an empty list is all.
fn no_cache(options: &Options) -> Option<String> {
    match options.no_cache {
        Some(true) => Some(String::new()),
        _ => Some(options.no_cache_for.join(",")).filter(|stages| !stages.is_empty()),
    }
}

fn network(options: &Options) -> Result<Option<&str>> {
    match options.network.as_deref() {
        None | Some("" | "default") => Ok(None),
        network @ Some("host" | "none") => Ok(network),
        Some(network) => Err(Error::invalid_input(format!(
            "BuildKit does not support the network {network:?}: expected \"default\", \"host\" or \"none\""
        ))),
    }
}

fn entitlements(options: &Options) -> Vec<String> {
    let mut entitlements = options.entitlements.clone();
    let needs_host = options.network.as_deref() == Some("host");
    if needs_host && !entitlements.iter().any(|entitlement| entitlement == NETWORK_HOST) {
        entitlements.push(NETWORK_HOST.into());
    }
    entitlements
}

/// Fails if the name of an extra host cannot be a part of the list.
fn check_hosts(options: &Options) -> Result<()> {
    let is_separator =
        |symbol: char| symbol.is_whitespace() || symbol.is_control() || matches!(symbol, ',' | '=' | '"');
    match options.extra_hosts.iter().find(|(name, _)| name.is_empty() || name.contains(is_separator)) {
        Some((name, _)) => Err(Error::invalid_input(format!("invalid hostname {name:?} in add_host"))),
        None => Ok(()),
    }
}

/// Returns the attribute for the extra hosts, if there are any. `gateway` is the address of the machine of the engine.
pub(super) fn extra_hosts(options: &Options, gateway: Option<IpAddr>) -> Result<Option<(String, String)>> {
    if options.extra_hosts.is_empty() {
        return Ok(None);
    }
    let hosts = options.extra_hosts.iter().map(|(name, address)| match (*address, gateway) {
        (HostAddress::Ip(address), _) | (HostAddress::HostGateway, Some(address)) => Ok(format!("{name}={address}")),
        (HostAddress::HostGateway, None) => {
            Err(Error::invalid_input("the engine does not report the address of its host, which host-gateway requires"))
        }
    });
    Ok(Some(("add-hosts".into(), hosts.collect::<Result<Vec<_>>>()?.join(","))))
}

/// Adds the names of the image to the exporters of images.
fn named_exporters(options: &Options, mut exporters: Vec<Entry>) -> Result<Vec<Entry>> {
    for name in &options.names {
        repository_and_tag(name)?;
    }
    for (kind, attributes) in &mut exporters {
        if matches!(&**kind, MOBY | "oci" | "docker") && !options.names.is_empty() {
            attributes.entry("name".into()).or_insert_with(|| options.names.join(","));
        }
        if kind == MOBY {
            check_names(attributes)?;
        }
    }
    Ok(exporters)
}

/// Fails if a name is not valid, or if an image to be pushed has no name: BuildKit would push it to Docker Hub, under a name
/// that it makes up.
fn check_names(attributes: &BTreeMap<String, String>) -> Result<()> {
    match attributes.get("name").filter(|names| !names.is_empty()) {
        Some(names) => names.split(',').try_for_each(|name| repository_and_tag(name).map(|_| ())),
        None if has_push(attributes) => {
            Err(Error::invalid_input("cannot push an image without a name; set one with tag()"))
        }
        None => Ok(()),
    }
}

fn cache_imports(options: &Options) -> Result<Vec<Entry>> {
    let imports = options.cache_from.iter().map(|source| match &source.0 {
        cache::Source::Image(name) => Cache::registry(name).entry(),
        // BuildKit would only skip it.
        cache::Source::Cache(cache) if cache.is_inline() => Err(Error::invalid_input(
            "cache_from does not accept Cache::inline(); pass the name of the image that contains the cache",
        )),
        cache::Source::Cache(cache) => cache.entry(),
    });
    imports.collect()
}

fn cache_exports(options: &Options, build_args: &BTreeMap<String, Option<String>>) -> Result<Vec<Entry>> {
    let mut exports = options.cache_to.iter().map(Cache::entry).collect::<Result<Vec<_>>>()?;
    // The argument is older than the option.
    if is_true(build_args, "BUILDKIT_INLINE_CACHE") && !options.cache_to.iter().any(Cache::is_inline) {
        exports.push(Cache::inline().entry()?);
    }
    Ok(exports)
}

/// Whether the build argument has a value that is true for Go.
fn is_true(build_args: &BTreeMap<String, Option<String>>, name: &str) -> bool {
    let value = build_args.get(name).and_then(Option::as_deref);
    matches!(value, Some("1" | "t" | "T" | "true" | "TRUE" | "True"))
}

fn cache_entry((kind, attributes): Entry) -> proto::CacheOptionsEntry {
    proto::CacheOptionsEntry { r#type: kind, attrs: hashed(attributes) }
}

/// Encodes caches as BuildKit's frontend reads them.
fn json(entries: &[Entry]) -> Result<String> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Import<'a> {
        r#type: &'a str,
        attrs: &'a BTreeMap<String, String>,
    }

    let entries: Vec<_> = entries.iter().map(|(kind, attributes)| Import { r#type: kind, attrs: attributes }).collect();
    serde_json::to_string(&entries).map_err(|_| Error::internal("failed to encode the build caches"))
}

fn hashed(attributes: BTreeMap<String, String>) -> HashMap<String, String> {
    attributes.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use insta::assert_snapshot;

    use super::*;
    use crate::{ApiVersion, DockerClient, config::ProxyVariables, images::BuildImage};

    fn build() -> BuildImage {
        let docker = DockerClient::connect("tcp://127.0.0.1:1").unwrap();
        docker.images().build(Vec::new()).build_kit(true)
    }

    fn request_of(build: &BuildImage, exporters: Vec<Entry>) -> Result<proto::SolveRequest> {
        let args = build.options.build_args_with(&ProxyVariables::default(), ApiVersion::new(1, 41));
        request(&build.options, &args, exporters)
    }

    fn moby() -> Entry {
        (MOBY.into(), BTreeMap::new())
    }

    /// Writes the request, sorted.
    fn shown(request: &proto::SolveRequest) -> String {
        let sorted = |map: &HashMap<String, String>| map.clone().into_iter().collect::<BTreeMap<_, _>>();
        let mut lines = vec![format!("frontend {}", request.frontend)];
        lines.extend(sorted(&request.frontend_attrs).into_iter().map(|(key, value)| format!("  {key}: {value}")));
        let exporter = (&request.exporter_deprecated, sorted(&request.exporter_attrs_deprecated));
        lines.push(format!("first exporter {exporter:?}"));
        let cache = request.cache.as_ref().unwrap();
        let exporters = request.exporters.iter().map(|exporter| ("exporter", &exporter.r#type, &exporter.attrs));
        let exports = cache.exports.iter().map(|export| ("cache to", &export.r#type, &export.attrs));
        let imports = cache.imports.iter().map(|import| ("cache from", &import.r#type, &import.attrs));
        let entries = exporters.chain(exports).chain(imports);
        lines.extend(entries.map(|(what, kind, attributes)| format!("{what} {kind} {:?}", sorted(attributes))));
        lines.push(format!("entitlements {:?}", request.entitlements));
        lines.join("\n")
    }

    #[test]
    fn solve_request_of_a_build_without_options() {
        let request = request_of(&build(), vec![moby()]).unwrap();
        assert_snapshot!(shown(&request), @r#"
        frontend dockerfile.v0
          image-resolve-mode: local
        first exporter ("moby", {})
        exporter moby {}
        entitlements []
        "#);
        assert_eq!(request.r#ref.len(), 25);
        assert_ne!(request.r#ref, request_of(&build(), vec![moby()]).unwrap().r#ref);
    }

    #[test]
    fn solve_request_of_a_build_with_all_options() {
        let build = build()
            .tag("web:2")
            .tag("registry.example/web")
            .target("final")
            .platforms(["linux/amd64", "linux/arm64"])
            .no_cache_for(["test", "final"])
            .pull(true)
            .network("host")
            .entitlement("security.insecure")
            .shm_size("1m")
            .ulimit("nofile", 1024, 2048)
            .ulimit("nofile", 1024, 2048)
            .cgroup_parent("builds")
            .build_arg("MODE", "fast")
            .build_arg("BUILDKIT_INLINE_CACHE", "1")
            .build_arg("BUILDKIT_MULTI_PLATFORM", "true")
            .build_arg_without_value("TOKEN")
            .label("version", "2")
            .provenance("mode=max")
            .sbom(true)
            .cache_from("web:cache")
            .cache_from(Cache::new("gha", [("scope", "web")]))
            .cache_to(Cache::registry("web:cache").attribute("mode", "max"));
        let registry = BTreeMap::from([("name", "a/b"), ("push", "true")].map(|(k, v)| (k.to_owned(), v.to_owned())));
        let exporters = vec![moby(), (MOBY.into(), registry), ("tar".into(), BTreeMap::new())];
        let request = request_of(&build, exporters).unwrap();
        assert_snapshot!(shown(&request), @r#"
        frontend dockerfile.v0
          attest:provenance: type=provenance,mode=max
          attest:sbom: type=sbom
          build-arg:BUILDKIT_INLINE_CACHE: 1
          build-arg:BUILDKIT_MULTI_PLATFORM: true
          build-arg:MODE: fast
          cache-imports: [{"Type":"registry","Attrs":{"ref":"web:cache"}},{"Type":"gha","Attrs":{"scope":"web"}}]
          cgroup-parent: builds
          force-network-mode: host
          image-resolve-mode: pull
          label:version: 2
          multi-platform: true
          no-cache: test,final
          platform: linux/amd64,linux/arm64
          shm-size: 1048576
          target: final
          ulimit: nofile=1024:2048,nofile=1024:2048
        first exporter ("moby", {"name": "web:2,registry.example/web"})
        exporter moby {"name": "web:2,registry.example/web"}
        exporter moby {"name": "a/b", "push": "true"}
        exporter tar {}
        cache to registry {"mode": "max", "ref": "web:cache"}
        cache to inline {}
        cache from registry {"ref": "web:cache"}
        cache from gha {"scope": "web"}
        entitlements ["security.insecure", "network.host"]
        "#);
    }

    #[test]
    fn solve_request_has_no_exporter_without_outputs() {
        let request = request_of(&build().no_cache(true).no_cache_for(["test"]), Vec::new()).unwrap();
        assert!(request.exporter_deprecated.is_empty() && request.exporters.is_empty());
        assert_eq!(request.frontend_attrs["no-cache"], "");
    }

    #[test]
    fn names_of_outputs_are_checked() {
        let exporter = |attributes: &[(&str, &str)]| {
            (MOBY.into(), attributes.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
        };
        for attributes in
            [&[("name", "host/UPPER")][..], &[("name", "web:1,")], &[("push", "true")], &[("name", ""), ("push", "")]]
        {
            let error = request_of(&build(), vec![exporter(attributes)]).unwrap_err();
            assert!(error.is_bad_request(), "{attributes:?}: {error}");
        }
        for attributes in [&[("name", "web:1,a/web")][..], &[("name", "")], &[("push", "false")]] {
            request_of(&build(), vec![exporter(attributes)]).unwrap();
        }
        request_of(&build().tag("web"), vec![exporter(&[("push", "true")])]).unwrap();
    }

    #[test]
    fn solve_request_options_that_are_not_valid_are_errors() {
        for build in [
            build().tag("a,b"),
            build().tag("Web"),
            build().network("container:web"),
            build().shm_size("much"),
            build().add_host("a=b", Ipv4Addr::LOCALHOST),
            build().add_host("", HostAddress::HostGateway),
            build().cache_to(Cache::new("local", [("dest", "/cache")])),
            build().cache_from(Cache::new("local", [("src", "/cache")])),
            build().cache_from(Cache::inline()),
        ] {
            let error = request_of(&build, vec![moby()]).unwrap_err();
            assert!(error.is_bad_request(), "{error}");
        }
    }

    #[test]
    fn solve_request_extra_hosts() {
        let build = build().add_host("db", Ipv4Addr::new(10, 0, 0, 2)).add_host("host", HostAddress::HostGateway);
        let gateway = Some(Ipv4Addr::new(172, 17, 0, 1).into());
        let expected = Some(("add-hosts".to_owned(), "db=10.0.0.2,host=172.17.0.1".to_owned()));
        assert_eq!(extra_hosts(&build.options, gateway).unwrap(), expected);
        assert!(extra_hosts(&build.options, None).is_err());
        assert_eq!(extra_hosts(&Options::default(), None).unwrap(), None);
    }
}
