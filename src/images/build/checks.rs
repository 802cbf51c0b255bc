//! Checks of the options of a build, before anything is sent.

#[cfg(feature = "buildkit")]
use super::{Attestation, BuildOutput, cache::Source};
use super::{
    builder_version::Route,
    options::{Options, filled},
};
use crate::{ApiVersion, Error, Result};

/// Since this version, a build can assign several names.
const SEVERAL_NAMES: ApiVersion = ApiVersion::new(1, 21);

/// The API version of the first engine that resolves `host-gateway`; older engines do not reject the word.
const HOST_GATEWAY: ApiVersion = ApiVersion::new(1, 41);

/// The API version of the first engine whose BuildKit has limits and a parent cgroup of steps; older ones ignore them.
const STEP_LIMITS: ApiVersion = ApiVersion::new(1, 42);

/// The API version of the first engine whose BuildKit rejects named contexts if it does not have them.
#[cfg(feature = "buildkit")]
const NAMED_CONTEXTS: ApiVersion = ApiVersion::new(1, 41);

/// The API version of the first engine whose BuildKit has attestations.
#[cfg(feature = "buildkit")]
const ATTESTATIONS: ApiVersion = ApiVersion::new(1, 43);

/// Since this version, BuildKit has outputs.
#[cfg(feature = "buildkit")]
const OUTPUTS: ApiVersion = ApiVersion::new(1, 40);

/// The API version of the first engine whose BuildKit makes several outputs; older ones make only the first.
#[cfg(feature = "buildkit")]
const SEVERAL_OUTPUTS: ApiVersion = ApiVersion::new(1, 45);

impl Options {
    /// Fails if an option is set that the builder would ignore, or that `version` lacks.
    pub(super) fn check(&self, route: Route, version: ApiVersion) -> Result<()> {
        #[cfg(feature = "buildkit")]
        if let Some(outputs) = &self.outputs {
            check_outputs(outputs, route, version)?;
        }
        match route {
            Route::Classic => self.check_for_classic(),
            Route::Build => {
                self.check_for_buildkit(version)?;
                if self.cgroup_parent.is_some() {
                    return Err(self.requires_control("cgroup_parent", version));
                }
                match self.control_option() {
                    Some(option) => Err(self.requires_control(option, version)),
                    None => Ok(()),
                }
            }
            #[cfg(feature = "buildkit")]
            Route::Solve => self.check_for_solve(version),
        }
    }

    fn check_for_classic(&self) -> Result<()> {
        let needs = |what: &str| -> Result<()> {
            Err(Error::invalid_input(format!("the {what} requires BuildKit: build_kit(true)")))
        };
        #[cfg(feature = "buildkit")]
        for (id, what) in [
            (self.secrets.keys().next(), "secret"),
            (self.ssh_agents.keys().next(), "SSH agent"),
            (self.ssh_keys.keys().next(), "SSH key"),
        ] {
            if let Some(id) = id {
                return needs(&format!("{what} {id:?}"));
            }
        }
        self.control_option().map_or(Ok(()), |option| needs(&format!("option {option}")))
    }

    fn check_for_buildkit(&self, version: ApiVersion) -> Result<()> {
        for (is_set, option) in [
            (self.memory.is_some(), "memory"),
            (self.memory_swap.is_some(), "memory_swap"),
            (self.cpu_shares.is_some(), "cpu_shares"),
            (self.cpuset_cpus.is_some(), "cpuset_cpus"),
            (self.cpuset_mems.is_some(), "cpuset_mems"),
            (self.cpu_period.is_some(), "cpu_period"),
            (self.cpu_quota.is_some(), "cpu_quota"),
            (self.isolation.is_some(), "isolation"),
            (!self.security_opts.is_empty(), "security_opt"),
            (self.squash == Some(true), "squash"),
        ] {
            if is_set {
                return Err(Error::invalid_input(format!(
                    "option {option} is not supported by BuildKit; use the classic builder"
                )));
            }
        }
        for (is_set, option) in [
            (!self.ulimits.is_empty(), "ulimit"),
            (self.shm_size.is_some(), "shm_size"),
            (self.cgroup_parent.is_some(), "cgroup_parent"),
        ] {
            if is_set && version < STEP_LIMITS {
                return Err(Error::requires(&format!("with BuildKit, the option {option} "), STEP_LIMITS, version));
            }
        }
        Ok(())
    }

    #[cfg(feature = "buildkit")]
    fn check_for_solve(&self, version: ApiVersion) -> Result<()> {
        self.check_for_buildkit(version)?;
        for (is_set, part, required) in [
            (!self.named_contexts.is_empty(), "a named context ", NAMED_CONTEXTS),
            (self.provenance != Attestation::Disabled, "the option provenance ", ATTESTATIONS),
            (self.sbom != Attestation::Disabled, "the option sbom ", ATTESTATIONS),
        ] {
            if is_set && version < required {
                return Err(Error::requires(part, required, version));
            }
        }
        Ok(())
    }

    /// Returns an option that is set, and that only BuildKit's control API has.
    fn control_option(&self) -> Option<&'static str> {
        #[cfg(feature = "buildkit")]
        for (is_set, option) in [
            (!self.named_contexts.is_empty(), "named_context"),
            (self.cache_from.iter().any(|cache| matches!(cache.0, Source::Cache(_))), "cache_from with a `Cache`"),
            (!self.cache_to.is_empty(), "cache_to"),
            (!self.no_cache_for.is_empty(), "no_cache_for"),
            (!self.entitlements.is_empty(), "entitlement"),
            (self.provenance != Attestation::Disabled, "provenance"),
            (self.sbom != Attestation::Disabled, "sbom"),
        ] {
            if is_set {
                return Some(option);
            }
        }
        (self.platforms.len() > 1).then_some("platforms with more than one platform")
    }

    /// Returns the error for an option that only BuildKit's control API has, in a build that does not use it.
    #[cfg(feature = "buildkit")]
    fn requires_control(&self, option: &str, version: ApiVersion) -> Error {
        use super::builder_version::{CONTROL, HOST_GATEWAY_LABEL};

        let part = format!("with BuildKit, the option {option} ");
        if version < CONTROL {
            return Error::requires(&part, CONTROL, version);
        }
        if self.build_id.is_some() {
            return Error::invalid_input(format!("{part}cannot be combined with build_id"));
        }
        Error::requires(&format!("{part}with the address host-gateway "), HOST_GATEWAY_LABEL, version)
    }

    #[cfg(not(feature = "buildkit"))]
    #[allow(clippy::unused_self, reason = "the same signature for all features")]
    fn requires_control(&self, option: &str, _: ApiVersion) -> Error {
        Error::invalid_input(format!("with BuildKit, the option {option} requires the feature `buildkit`"))
    }

    /// Returns the names of the image, or an error if `version` does not support several.
    pub(super) fn names(&self, version: ApiVersion) -> Result<Option<&Vec<String>>> {
        if self.names.len() > 1 && version < SEVERAL_NAMES {
            return Err(Error::requires("more than one name ", SEVERAL_NAMES, version));
        }
        Ok(filled(&self.names))
    }

    /// Returns the extra hosts in the form of the query.
    pub(super) fn extra_hosts(&self, version: ApiVersion) -> Result<Vec<String>> {
        if version < HOST_GATEWAY && self.has_host_gateway() {
            return Err(Error::requires("the address host-gateway ", HOST_GATEWAY, version));
        }
        Ok(self.extra_hosts.iter().map(|(name, address)| format!("{name}:{address}")).collect())
    }
}

/// Fails if this program or an engine of this version does not support an output.
#[cfg(feature = "buildkit")]
fn check_outputs(outputs: &[BuildOutput], route: Route, version: ApiVersion) -> Result<()> {
    outputs.iter().try_for_each(BuildOutput::check)?;
    if route != Route::Solve && version >= OUTPUTS && outputs.iter().any(BuildOutput::is_pushed) {
        // Engines that do not push ignore the attribute, and only the control API reports which these are.
        let message = "push cannot be combined with build_id or the address host-gateway";
        return Err(Error::invalid_input(message));
    }
    match (outputs.len(), route) {
        (0, _) => Ok(()),
        (_, _) if version < OUTPUTS => Err(Error::requires("an output of a build ", OUTPUTS, version)),
        (1, _) => Ok(()),
        (_, Route::Solve) if version < SEVERAL_OUTPUTS => {
            Err(Error::requires("more than one output ", SEVERAL_OUTPUTS, version))
        }
        (_, Route::Solve) => Ok(()),
        (_, Route::Build | Route::Classic) => {
            Err(Error::invalid_input("several outputs cannot be combined with build_id or the address host-gateway"))
        }
    }
}

#[cfg(feature = "buildkit")]
#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::*;
    use crate::{
        DockerClient,
        images::{BuildImage, Cache, HostAddress, NamedContext},
    };

    fn build() -> BuildImage {
        DockerClient::connect("tcp://127.0.0.1:1").unwrap().images().build(Vec::new())
    }

    fn error(build: &BuildImage, route: Route, minor: u16) -> String {
        build.options.check(route, ApiVersion::new(1, minor)).unwrap_err().to_string()
    }

    #[test]
    fn classic_builder_rejects_buildkit_options() {
        let builds = [
            build().named_context("shared", NamedContext::image("alpine")),
            build().cache_from(Cache::registry("web:cache")),
            build().cache_to(Cache::inline()),
            build().no_cache_for(["test"]),
            build().entitlement("network.host"),
            build().provenance(true),
            build().sbom(true),
            build().platforms(["linux/amd64", "linux/arm64"]),
        ];
        assert_snapshot!(builds.map(|build| error(&build, Route::Classic, 41)).join("\n"), @"
        the option named_context requires BuildKit: build_kit(true)
        the option cache_from with a `Cache` requires BuildKit: build_kit(true)
        the option cache_to requires BuildKit: build_kit(true)
        the option no_cache_for requires BuildKit: build_kit(true)
        the option entitlement requires BuildKit: build_kit(true)
        the option provenance requires BuildKit: build_kit(true)
        the option sbom requires BuildKit: build_kit(true)
        the option platforms with more than one platform requires BuildKit: build_kit(true)
        ");
        let fine = build().cache_from("web:cache").provenance(false).platforms(["linux/amd64"]);
        fine.options.check(Route::Classic, ApiVersion::new(1, 41)).unwrap();
    }

    #[test]
    fn build_options_of_the_control_api_are_errors_without_it() {
        let cache = || build().cache_to(Cache::inline());
        let builds = [
            (cache(), 39),
            (cache().build_id("a"), 55),
            (cache().add_host("host", HostAddress::HostGateway), 42),
            (build().cgroup_parent("builds").build_id("a"), 55),
        ];
        let errors = builds.map(|(build, minor)| error(&build, Route::Build, minor));
        assert_snapshot!(errors.join("\n"), @"
        with BuildKit, the option cache_to requires API 1.40 or later; the negotiated version is 1.39
        with BuildKit, the option cache_to cannot be combined with build_id
        with BuildKit, the option cache_to with the address host-gateway requires API 1.43 or later; the negotiated version is 1.42
        with BuildKit, the option cgroup_parent cannot be combined with build_id
        ");
    }

    #[test]
    fn build_options_require_versions_with_the_control_api() {
        let builds = [
            (build().named_context("shared", NamedContext::image("alpine")), 40),
            (build().provenance("mode=max"), 42),
            (build().sbom(true), 42),
            (build().cgroup_parent("builds"), 41),
            (build().squash(true), 55),
        ];
        let errors = builds.map(|(build, minor)| error(&build, Route::Solve, minor));
        assert_snapshot!(errors.join("\n"), @"
        a named context requires API 1.41 or later; the negotiated version is 1.40
        the option provenance requires API 1.43 or later; the negotiated version is 1.42
        the option sbom requires API 1.43 or later; the negotiated version is 1.42
        with BuildKit, the option cgroup_parent requires API 1.42 or later; the negotiated version is 1.41
        option squash is not supported by BuildKit; use the classic builder
        ");
        let fine = build().named_context("shared", NamedContext::image("alpine")).provenance(true).cgroup_parent("a");
        fine.options.check(Route::Solve, ApiVersion::new(1, 43)).unwrap();
    }

    #[test]
    fn build_outputs_are_checked() {
        let version = |minor| ApiVersion::new(1, minor);
        let (one, two) = (|| vec![BuildOutput::tar("a.tar")], || vec![BuildOutput::image(), BuildOutput::tar("a.tar")]);
        check_outputs(&one(), Route::Build, version(40)).unwrap();
        check_outputs(&two(), Route::Solve, version(45)).unwrap();
        for (outputs, route, minor) in [
            (one(), Route::Build, 39),
            (two(), Route::Build, 55),
            (vec![BuildOutput::registry("web")], Route::Build, 55),
            (two(), Route::Solve, 44),
            (vec![BuildOutput::new("local", [("a", "b")])], Route::Solve, 55),
        ] {
            assert!(check_outputs(&outputs, route, version(minor)).is_err(), "{outputs:?}");
        }
    }
}
