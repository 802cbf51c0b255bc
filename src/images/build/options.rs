//! Options of builds.

use std::collections::BTreeMap;
#[cfg(feature = "buildkit")]
use std::path::PathBuf;

use serde::Serialize;

#[cfg(feature = "buildkit")]
use super::{Attestation, BuildOutput, Cache, NamedContext, secrets::Source};
use super::{BuildImage, BuilderVersion, CacheFrom, HostAddress};
use crate::{
    ApiVersion, Size,
    config::ProxyVariables,
    models::{AuthConfig, Isolation, Ulimit},
    redacted::Secret,
};

/// Since this version, engines support build arguments.
const BUILD_ARGS: ApiVersion = ApiVersion::new(1, 21);

/// The options of a build.
#[derive(Debug, Default)]
pub(super) struct Options {
    pub(super) names: Vec<String>,
    pub(super) dockerfile: Option<String>,
    pub(super) quiet: Option<bool>,
    pub(super) no_cache: Option<bool>,
    pub(super) pull: Option<bool>,
    pub(super) rm: Option<bool>,
    pub(super) force_rm: Option<bool>,
    pub(super) memory: Option<Size>,
    pub(super) memory_swap: Option<Size>,
    pub(super) cpu_shares: Option<i64>,
    pub(super) cpuset_cpus: Option<String>,
    pub(super) cpuset_mems: Option<String>,
    /// In microseconds.
    pub(super) cpu_period: Option<i64>,
    /// In microseconds.
    pub(super) cpu_quota: Option<i64>,
    pub(super) cgroup_parent: Option<String>,
    pub(super) shm_size: Option<Size>,
    pub(super) network: Option<String>,
    pub(super) isolation: Option<Isolation>,
    pub(super) security_opts: Vec<String>,
    pub(super) squash: Option<bool>,
    pub(super) builder: BuilderVersion,
    pub(super) build_id: Option<String>,
    pub(super) build_args: Secret<BTreeMap<String, Option<String>>>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) cache_from: Vec<CacheFrom>,
    pub(super) extra_hosts: Vec<(String, HostAddress)>,
    pub(super) ulimits: Vec<Ulimit>,
    pub(super) target: Option<String>,
    pub(super) platforms: Vec<String>,
    pub(super) credentials: BTreeMap<String, AuthConfig>,
    pub(super) anonymous: bool,
    #[cfg(feature = "buildkit")]
    pub(super) secrets: BTreeMap<String, Source>,
    #[cfg(feature = "buildkit")]
    pub(super) ssh_agents: BTreeMap<String, PathBuf>,
    /// Files of keys, by the id of their agent.
    #[cfg(feature = "buildkit")]
    pub(super) ssh_keys: BTreeMap<String, Vec<PathBuf>>,
    #[cfg(feature = "buildkit")]
    pub(super) named_contexts: BTreeMap<String, NamedContext>,
    #[cfg(feature = "buildkit")]
    pub(super) cache_to: Vec<Cache>,
    #[cfg(feature = "buildkit")]
    pub(super) no_cache_for: Vec<String>,
    #[cfg(feature = "buildkit")]
    pub(super) entitlements: Vec<String>,
    #[cfg(feature = "buildkit")]
    pub(super) provenance: Attestation,
    #[cfg(feature = "buildkit")]
    pub(super) sbom: Attestation,
    /// The outputs; `None` for an image on the engine.
    #[cfg(feature = "buildkit")]
    pub(super) outputs: Option<Vec<BuildOutput>>,
}

impl BuildImage {
    /// Adds a name to the image, `repository` or `repository:tag`. Defaults to no name. Several names require API 1.21.
    #[doc(alias = "name")]
    #[doc(alias = "t")]
    pub fn tag(mut self, name: impl Into<String>) -> Self {
        self.options.names.push(name.into());
        self
    }

    /// Sets the path of the Dockerfile in the context, with slashes. Defaults to `Dockerfile`. Requires API 1.17.
    #[doc(alias = "file")]
    pub fn dockerfile(mut self, path: impl Into<String>) -> Self {
        self.options.dockerfile = Some(path.into());
        self
    }

    /// Sets whether to print only the id of the image. Defaults to `false`, and has no effect on engines before 1.8.
    pub fn quiet(mut self, quiet: bool) -> Self {
        self.options.quiet = Some(quiet);
        self
    }

    /// Sets whether to ignore the build cache, as `docker build --no-cache` does. Defaults to `false`.
    pub fn no_cache(mut self, no_cache: bool) -> Self {
        self.options.no_cache = Some(no_cache);
        self
    }

    /// Sets whether to pull the base image even if the engine has it. Defaults to `false`. Requires API 1.16.
    pub fn pull(mut self, pull: bool) -> Self {
        self.options.pull = Some(pull);
        self
    }

    /// Sets whether to remove the containers of intermediate steps after a successful build. Defaults to `true`.
    pub fn rm(mut self, rm: bool) -> Self {
        self.options.rm = Some(rm);
        self
    }

    /// Sets whether to remove the containers of intermediate steps even if the build fails. Defaults to `false`.
    pub fn force_rm(mut self, force_rm: bool) -> Self {
        self.options.force_rm = Some(force_rm);
        self
    }

    /// Sets the network of the steps: `bridge`, `host`, `none`, `container:web`, or the name of a network; with BuildKit,
    /// `default`, `host` or `none`. Requires API 1.25.
    #[doc(alias = "network_mode")]
    pub fn network(mut self, network: impl Into<String>) -> Self {
        self.options.network = Some(network.into());
        self
    }

    /// Sets whether to squash the new layers into one, which only engines with experimental features do. Defaults to `false`.
    /// Requires API 1.25. Not supported by BuildKit.
    pub fn squash(mut self, squash: bool) -> Self {
        self.options.squash = Some(squash);
        self
    }

    /// Sets the id by which [`cancel_build`](crate::images::Images::cancel_build) cancels the build, from any program. The
    /// classic builder ignores it. Requires API 1.38.
    ///
    /// With BuildKit, Docker before 27.5 fails to read the context of such a build if it uses the containerd image store.
    pub fn build_id(mut self, id: impl Into<String>) -> Self {
        self.options.build_id = Some(id.into());
        self
    }

    /// Sets a build argument, an `ARG` of the Dockerfile. The value is part of the image's history: do not pass secrets.
    /// Requires API 1.21.
    pub fn build_arg(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.build_args.insert(name.into(), Some(value.into()));
        self
    }

    /// Passes a build argument without a value, as `docker build --build-arg NAME` does if the environment has no such
    /// variable: the `ARG` keeps the default of the Dockerfile, and the engine warns if the Dockerfile has no such `ARG`.
    /// Podman 4.3 makes it empty. Requires API 1.21.
    pub fn build_arg_without_value(mut self, name: impl Into<String>) -> Self {
        self.options.build_args.insert(name.into(), None);
        self
    }

    /// Adds a label to the image. Requires API 1.23.
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.options.labels.insert(key.into(), value.into());
        self
    }

    /// Adds labels to the image. Requires API 1.23.
    pub fn labels<K: Into<String>, T: Into<String>>(mut self, labels: impl IntoIterator<Item = (K, T)>) -> Self {
        self.options.labels.extend(labels.into_iter().map(|(key, value)| (key.into(), value.into())));
        self
    }

    /// Sets the stage of the Dockerfile to build. Defaults to the last one. Requires API 1.29.
    pub fn target(mut self, stage: impl Into<String>) -> Self {
        self.options.target = Some(stage.into());
        self
    }

    /// Sets the platform to build for, for example `linux/arm64`. Defaults to the engine's own platform. Requires API 1.34.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.options.platforms = vec![platform.into()];
        self
    }

    /// Sets the platforms to build for. Several require the feature `buildkit`, [`build_kit`](Self::build_kit), API 1.40 and,
    /// if the build makes an image, an engine that uses the containerd image store.
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::Upload;
    ///
    /// let context = Upload::from_file("context.tar").await?;
    /// let build = docker.images().build(context).build_kit(true);
    /// build.platforms(["linux/amd64", "linux/arm64"]).tag("web:2").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn platforms(mut self, platforms: impl IntoIterator<Item: Into<String>>) -> Self {
        self.options.platforms = platforms.into_iter().map(Into::into).collect();
        self
    }

    /// Allows the build to use an entitlement, for example `security.insecure` for steps with `RUN --security=insecure`, if the
    /// configuration of the engine also allows it. The network `host` needs none here. Requires the feature `buildkit`,
    /// [`build_kit`](Self::build_kit), and API 1.40.
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use dockerclient::Upload;
    ///
    /// let context = Upload::from_file("context.tar").await?;
    /// docker.images().build(context).build_kit(true).entitlement("network.host").await?;
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "buildkit")]
    #[doc(alias = "allow")]
    pub fn entitlement(mut self, entitlement: impl Into<String>) -> Self {
        self.options.entitlements.push(entitlement.into());
        self
    }

    /// Adds credentials to pull base images from `registry`, a host, `host:port` or `docker.io`. Defaults to those of the
    /// user's configuration, see [`DockerClient::credentials`](crate::DockerClient::credentials).
    pub fn credentials(mut self, registry: impl Into<String>, credentials: AuthConfig) -> Self {
        self.options.credentials.insert(registry.into(), credentials);
        self
    }

    /// Sends no credentials of the user's configuration, only those set by [`credentials`](Self::credentials).
    pub fn anonymous(mut self) -> Self {
        self.options.anonymous = true;
        self
    }
}

impl Options {
    /// Returns the build arguments, with those of `proxies` that the options do not set. Before API 1.21, `proxies` are
    /// ignored.
    pub(super) fn build_args_with(
        &self,
        proxies: &ProxyVariables,
        version: ApiVersion,
    ) -> BTreeMap<String, Option<String>> {
        let mut args = self.build_args.0.clone();
        if version >= BUILD_ARGS {
            let missing = proxies.missing(|name| self.build_args.contains_key(name)).into_iter();
            args.extend(missing.map(|(name, value)| (name, Some(value))));
        }
        args
    }
}

/// Returns the list, or `None` if it is empty.
pub(super) fn filled<T>(list: &Vec<T>) -> Option<&Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

/// Encodes a list or a map for the query. Returns `None` if it is empty.
pub(super) fn json(value: &impl Serialize) -> Option<String> {
    // Strings and numbers always become JSON.
    serde_json::to_string(value).ok().filter(|text| text != "[]" && text != "{}")
}
