//! Requests to build, as far as they can be simulated.

use std::collections::BTreeMap;

use bollard_buildkit_proto::moby::buildkit::v1::SolveRequest;
use tonic::Status;

use super::{builds::exporters, not_simulated};

/// The name of a Dockerfile, unless the request sets one.
const DOCKERFILE: &str = "Dockerfile";

/// The address of archives that the client offers in its session.
const UPLOADS: &str = "http://buildkit-session";

/// Frontends that behave like the built-in one.
const FRONTENDS: [&str; 2] = ["docker/dockerfile", "docker.io/docker/dockerfile"];

/// Settings without effect: nothing is isolated, and images are pulled only if they are missing.
const IGNORED: [&str; 17] = [
    "add-hosts",
    "cgroup-parent",
    "cpuperiod",
    "cpuquota",
    "cpusetcpus",
    "cpusetmems",
    "cpushares",
    "force-network-mode",
    "frontend.caps",
    "hostname",
    "image-resolve-mode",
    "memory",
    "memswap",
    "multi-platform",
    "shm-size",
    "source",
    "ulimit",
];

/// A request to build.
#[derive(Debug)]
pub(super) struct BuildRequest {
    pub(super) context: Source,
    /// The name of the directory of the client that has the Dockerfile, if it is not part of the context.
    pub(super) dockerfile_directory: Option<String>,
    pub(super) filename: String,
    pub(super) target: String,
    pub(super) arguments: BTreeMap<String, String>,
    pub(super) labels: BTreeMap<String, String>,
    /// The stages for which the cache is not used; all if the list is empty.
    pub(super) no_cache: Option<Vec<String>>,
    /// Whether the image is exported to the images of the engine.
    pub(super) exports: bool,
    pub(super) tags: Vec<String>,
}

/// The source of a build context.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The directory `context` of the client.
    Directory,
    /// An archive that the client offers at this path.
    Upload(String),
}

impl BuildRequest {
    /// Parses a request. Fails if a part of it cannot be simulated.
    pub(super) fn parse(request: &SolveRequest) -> Result<Self, Status> {
        check(request)?;
        let mut parsed = Self {
            context: Source::Directory,
            dockerfile_directory: None,
            filename: DOCKERFILE.to_owned(),
            target: String::new(),
            arguments: platform_arguments("linux/amd64", "TARGET"),
            labels: BTreeMap::new(),
            no_cache: None,
            exports: false,
            tags: Vec::new(),
        };
        parsed.arguments.extend(platform_arguments("linux/amd64", "BUILD"));
        let attributes: BTreeMap<&String, &String> = request.frontend_attrs.iter().collect();
        for (name, value) in attributes {
            parsed.set(name, value)?;
        }
        for exporter in exporters(request).iter().filter(|exporter| !exporter.r#type.is_empty()) {
            if parsed.exports || exporter.r#type != "moby" {
                return Err(not_simulated(&format!("the exporter {}", exporter.r#type)));
            }
            if exporter.attrs.get("push").is_some_and(|push| push == "true") {
                return Err(not_simulated("exporters that push"));
            }
            parsed.exports = true;
            let names = exporter.attrs.get("name").map_or("", String::as_str).split(',');
            parsed.tags = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
        }
        Ok(parsed)
    }

    /// Applies an attribute of the frontend.
    fn set(&mut self, name: &str, value: &str) -> Result<(), Status> {
        let unsupported = |what: String| Err(not_simulated(&what));
        let kind = name.split_once(':').map_or(name, |(kind, _)| kind);
        let argument = name.split_once(':').map_or("", |(_, argument)| argument).to_owned();
        match kind {
            "filename" => value.clone_into(&mut self.filename),
            "target" => value.clone_into(&mut self.target),
            "dockerfilekey" => self.dockerfile_directory = Some(value.to_owned()),
            "build-arg" if argument == "BUILDKIT_SYNTAX" => check_syntax(value)?,
            "build-arg" => drop(self.arguments.insert(argument, value.to_owned())),
            "label" => drop(self.labels.insert(argument, value.to_owned())),
            "no-cache" => {
                self.no_cache = Some(value.split(',').filter(|stage| !stage.is_empty()).map(str::to_owned).collect());
            }
            "platform" if value.contains(',') => return unsupported("builds for several platforms".to_owned()),
            "platform" if !value.is_empty() => self.arguments.extend(platform_arguments(value, "TARGET")),
            "context" if argument.is_empty() => match value.strip_prefix(UPLOADS) {
                Some(path) if path.starts_with('/') => self.context = Source::Upload(path.to_owned()),
                _ => return unsupported("remote build contexts".to_owned()),
            },
            "context" => return unsupported("named contexts".to_owned()),
            "attest" if value.contains("inline-only=true") || value.contains("disabled=true") => {}
            "attest" => return unsupported(format!("attestations ({argument})")),
            "cache-from" | "cache-imports" if !matches!(value, "" | "[]" | "null") => {
                return unsupported("the import of build caches".to_owned());
            }
            "platform" | "cache-from" | "cache-imports" | "local-sessionid" | "sharedkey" | "vcs" => {}
            _ if IGNORED.contains(&name) => {}
            _ => return unsupported(format!("the frontend attribute {name}")),
        }
        Ok(())
    }
}

/// Returns an error if a part of the request, other than its attributes and exporters, cannot be simulated.
fn check(request: &SolveRequest) -> Result<(), Status> {
    if request.frontend != "dockerfile.v0" {
        let frontend = if request.frontend.is_empty() { "builds without a frontend" } else { "other frontends" };
        return Err(not_simulated(frontend));
    }
    let has_policy = request.source_policy.as_ref().is_some_and(|policy| !policy.rules.is_empty());
    let cache = request.cache.clone().unwrap_or_default();
    let unsupported = [
        ("definitions of builds", request.definition.is_some()),
        ("inputs of the frontend", !request.frontend_inputs.is_empty()),
        ("source policies", has_policy || !request.source_policy_session.is_empty()),
        ("the export of build caches", !cache.exports.is_empty() || !cache.export_ref_deprecated.is_empty()),
        ("the import of build caches", !cache.imports.is_empty() || !cache.import_refs_deprecated.is_empty()),
    ];
    match unsupported.iter().find(|(_, is_used)| *is_used) {
        Some((what, _)) => Err(not_simulated(what)),
        None => Ok(()),
    }
}

/// Returns an error if a frontend (`# syntax=`) does not behave like the built-in one.
pub(super) fn check_syntax(image: &str) -> Result<(), Status> {
    let name = image.split(['@', ' ']).next().unwrap_or_default();
    let name = name.rsplit_once(':').map_or(name, |(name, _)| name);
    match FRONTENDS.contains(&name) {
        true => Ok(()),
        false => Err(not_simulated(&format!("the frontend {image}"))),
    }
}

/// The predefined arguments for a platform.
fn platform_arguments(platform: &str, prefix: &str) -> BTreeMap<String, String> {
    let mut parts = platform.split('/');
    let mut part = || parts.next().unwrap_or_default().to_owned();
    let arguments = [("PLATFORM", platform.to_owned()), ("OS", part()), ("ARCH", part()), ("VARIANT", part())];
    arguments.map(|(name, value)| (format!("{prefix}{name}"), value)).into()
}

#[cfg(test)]
mod tests {
    use bollard_buildkit_proto::moby::buildkit::v1::{CacheOptions, CacheOptionsEntry, Exporter};
    use tonic::Code;

    use super::*;

    fn request(attributes: &[(&str, &str)]) -> SolveRequest {
        let attributes = attributes.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        SolveRequest {
            frontend: "dockerfile.v0".to_owned(),
            frontend_attrs: attributes.collect(),
            ..SolveRequest::default()
        }
    }

    #[test]
    fn build_request_has_attributes_of_the_frontend() {
        let mut request = request(&[
            ("context", "http://buildkit-session/k3v1q9"),
            ("build-arg:A", "b"),
            ("label:c", "d:e"),
            ("no-cache", "test,docs"),
            ("platform", "linux/arm/v7"),
            ("image-resolve-mode", "default"),
        ]);
        let attrs = [("name".to_owned(), "docker.io/library/web:2,web:3".to_owned())].into();
        request.exporters = vec![Exporter { r#type: "moby".to_owned(), attrs }];
        let parsed = BuildRequest::parse(&request).unwrap();
        assert_eq!((parsed.context, &*parsed.filename), (Source::Upload("/k3v1q9".to_owned()), "Dockerfile"));
        let argument = |name: &str| parsed.arguments[name].as_str();
        assert_eq!(["A", "TARGETARCH", "TARGETVARIANT", "BUILDARCH"].map(argument), ["b", "arm", "v7", "amd64"]);
        assert_eq!((&*parsed.labels["c"], parsed.no_cache.unwrap().len()), ("d:e", 2));
        assert_eq!((parsed.exports, parsed.tags.len()), (true, 2));
    }

    #[test]
    fn build_request_that_cannot_be_simulated_is_unimplemented() {
        let with = |exporter: &str| {
            let exporter = Exporter { r#type: exporter.to_owned(), ..Exporter::default() };
            SolveRequest { exporters: vec![exporter], ..request(&[]) }
        };
        let cache = CacheOptions { exports: vec![CacheOptionsEntry::default()], ..CacheOptions::default() };
        for request in [
            SolveRequest { frontend: "gateway.v0".to_owned(), ..request(&[]) },
            SolveRequest { cache: Some(cache), ..request(&[]) },
            with("local"),
            with("tar"),
            request(&[("context", "https://example.com/context.tar")]),
            request(&[("context:base", "docker-image://busybox")]),
            request(&[("platform", "linux/amd64,linux/arm64")]),
            request(&[("attest:provenance", "mode=max")]),
            request(&[("build-arg:BUILDKIT_SYNTAX", "example/frontend:1")]),
            request(&[("cache-imports", r#"[{"Type":"local"}]"#)]),
            request(&[("nosuch", "")]),
        ] {
            let status = BuildRequest::parse(&request).unwrap_err();
            assert_eq!(status.code(), Code::Unimplemented, "{request:?}");
            assert!(status.message().starts_with("the fake engine does not simulate "), "{status:?}");
        }
    }

    #[test]
    fn syntax_of_the_built_in_frontend_is_simulated() {
        for image in ["docker/dockerfile:1", "docker/dockerfile", "docker.io/docker/dockerfile:1.7@sha256:00"] {
            check_syntax(image).unwrap();
        }
        check_syntax("docker/dockerfile-upstream:master").unwrap_err();
    }
}
