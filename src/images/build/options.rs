//! Options of builds.

#[cfg(feature = "buildkit")]
use std::path::PathBuf;
use std::{collections::BTreeMap, fmt, net::IpAddr, time::Duration};

use serde::Serialize;

use super::BuildImage;
#[cfg(feature = "buildkit")]
use super::secrets::Source;
use crate::{
    ApiVersion, Error, Result, Size,
    config::ProxyVariables,
    models::{AuthConfig, Ulimit},
    redacted::Secret,
};

/// From this version on, a build can assign several names.
const SEVERAL_NAMES: ApiVersion = ApiVersion::new(1, 21);

/// From this version on, engines support build arguments.
const BUILD_ARGS: ApiVersion = ApiVersion::new(1, 21);

/// The newest version of the first engine that resolves `host-gateway`; older engines do not reject the word.
const HOST_GATEWAY: ApiVersion = ApiVersion::new(1, 41);

/// From this version on, engines can build with BuildKit.
const BUILDKIT: ApiVersion = ApiVersion::new(1, 38);

/// From this version on, BuildKit has outputs.
const OUTPUTS: ApiVersion = ApiVersion::new(1, 40);

/// The newest version of the first engine whose BuildKit has the options `ulimits` and `shmsize`; older ones ignore them.
const BUILDKIT_LIMITS: ApiVersion = ApiVersion::new(1, 42);

/// The options of a build.
#[derive(Debug, Default)]
pub(super) struct Options {
    names: Vec<String>,
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
    pub(super) isolation: Option<String>,
    pub(super) security_opts: Vec<String>,
    pub(super) squash: Option<bool>,
    pub(super) build_kit: bool,
    pub(super) build_id: Option<String>,
    build_args: Secret<BTreeMap<String, Option<String>>>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) cache_from: Vec<String>,
    extra_hosts: Vec<(String, HostAddress)>,
    pub(super) ulimits: Vec<Ulimit>,
    pub(super) outputs: Vec<Output>,
    pub(super) target: Option<String>,
    pub(super) platform: Option<String>,
    pub(super) credentials: BTreeMap<String, AuthConfig>,
    pub(super) anonymous: bool,
    #[cfg(feature = "buildkit")]
    pub(super) secrets: BTreeMap<String, Source>,
    #[cfg(feature = "buildkit")]
    pub(super) ssh_agents: BTreeMap<String, PathBuf>,
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

    /// Sets whether to run each step, even if the build cache has its result. Defaults to `false`.
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

    /// Sets the memory limit of each step. Defaults to no limit. Requires API 1.18.
    pub fn memory(mut self, limit: impl Into<Size>) -> Self {
        self.options.memory = Some(limit.into());
        self
    }

    /// Sets the limit of memory and swap of each step; [`Size::UNLIMITED`] is no limit. Defaults to twice the memory limit.
    /// Requires API 1.18.
    pub fn memory_swap(mut self, limit: impl Into<Size>) -> Self {
        self.options.memory_swap = Some(limit.into());
        self
    }

    /// Sets the CPU shares of each step, relative to the 1024 of other containers. Requires API 1.18.
    pub fn cpu_shares(mut self, shares: i64) -> Self {
        self.options.cpu_shares = Some(shares);
        self
    }

    /// Sets the CPUs that each step may run on, for example `0-2,4`. Requires API 1.18.
    pub fn cpuset_cpus(mut self, cpus: impl Into<String>) -> Self {
        self.options.cpuset_cpus = Some(cpus.into());
        self
    }

    /// Sets the memory nodes that each step may use, for example `0-1`. Requires API 1.19.
    pub fn cpuset_mems(mut self, nodes: impl Into<String>) -> Self {
        self.options.cpuset_mems = Some(nodes.into());
        self
    }

    /// Sets the CPU time that each step gets per [period](Self::cpu_period): 25 ms per 100 ms are a quarter of one CPU.
    /// Defaults to no limit. Requires API 1.19.
    pub fn cpu_quota(mut self, quota: Duration) -> Self {
        self.options.cpu_quota = Some(microseconds(quota));
        self
    }

    /// Sets the period of the [CPU quota](Self::cpu_quota). Defaults to 100 ms. Requires API 1.19.
    pub fn cpu_period(mut self, period: Duration) -> Self {
        self.options.cpu_period = Some(microseconds(period));
        self
    }

    /// Sets the parent cgroup of the steps. Requires API 1.19.
    pub fn cgroup_parent(mut self, cgroup: impl Into<String>) -> Self {
        self.options.cgroup_parent = Some(cgroup.into());
        self
    }

    /// Sets the size of `/dev/shm` in each step. Defaults to 64 MiB. Requires API 1.22.
    pub fn shm_size(mut self, size: impl Into<Size>) -> Self {
        self.options.shm_size = Some(size.into());
        self
    }

    /// Adds a resource limit for the processes of each step. Requires API 1.20.
    pub fn ulimit(mut self, limit: Ulimit) -> Self {
        self.options.ulimits.push(limit);
        self
    }

    /// Sets the isolation technology of the build containers: `default`, `process` or `hyperv`; Windows only. Requires API
    /// 1.22.
    pub fn isolation(mut self, isolation: impl Into<String>) -> Self {
        self.options.isolation = Some(isolation.into());
        self
    }

    /// Adds a security option of the build containers; engines other than those on Windows reject it. Requires API 1.25.
    pub fn security_opt(mut self, option: impl Into<String>) -> Self {
        self.options.security_opts.push(option.into());
        self
    }

    /// Sets the network of the steps: `bridge`, `host`, `none`, `container:web`, or the name of a network. Requires API 1.25.
    #[doc(alias = "network_mode")]
    pub fn network(mut self, network: impl Into<String>) -> Self {
        self.options.network = Some(network.into());
        self
    }

    /// Adds a line to `/etc/hosts` of the steps. Requires API 1.28, and 1.41 for [`HostAddress::HostGateway`].
    ///
    /// ```no_run
    /// # async fn example(docker: dockerclient::DockerClient) -> dockerclient::Result<()> {
    /// use std::net::Ipv4Addr;
    ///
    /// use dockerclient::{Upload, images::HostAddress};
    ///
    /// let context = Upload::from_file("context.tar").await?;
    /// let build = docker
    ///     .images()
    ///     .build(context)
    ///     .add_host("db", Ipv4Addr::new(10, 0, 0, 2))
    ///     .add_host("host.docker.internal", HostAddress::HostGateway);
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "extra_hosts")]
    pub fn add_host(mut self, name: impl Into<String>, address: impl Into<HostAddress>) -> Self {
        self.options.extra_hosts.push((name.into(), address.into()));
        self
    }

    /// Adds an image whose layers may be used as build cache. Requires API 1.25.
    pub fn cache_from(mut self, image: impl Into<String>) -> Self {
        self.options.cache_from.push(image.into());
        self
    }

    /// Sets whether to squash the new layers into one, which only engines with experimental features do. Defaults to `false`.
    /// Requires API 1.25.
    pub fn squash(mut self, squash: bool) -> Self {
        self.options.squash = Some(squash);
        self
    }

    /// Sets whether BuildKit builds the image, not the classic builder. Defaults to `false`. Requires API 1.38.
    ///
    /// With the feature `buildkit`, the build has a session: the engine asks this program for the credentials of the
    /// registries that the build uses, for secrets (`secret`) and for SSH agents (`ssh_agent`). The progress consists of traces
    /// (`ProgressItem::Trace`), and an error names the step that failed. The session is served while the request or its
    /// [`progress`](Self::progress) is polled; engines end a session that does not respond for 10 seconds or more, and
    /// the build fails.
    ///
    /// Without the feature, there is no session: the build has no secrets and no credentials, and its progress is
    /// reported in BuildKit's own format, as [outcomes](crate::images::ProgressItem::Outcome).
    ///
    /// BuildKit has no limits of memory and CPU, no parent cgroup, no isolation and no security options: these settings
    /// are an error. [`ulimit`](Self::ulimit) and [`shm_size`](Self::shm_size) require API 1.42. [`network`](Self::network)
    /// is `default`, `host` or `none`. [`rm`](Self::rm) and [`force_rm`](Self::force_rm) have no effect.
    pub fn build_kit(mut self, build_kit: bool) -> Self {
        self.options.build_kit = build_kit;
        self
    }

    /// Sets the id by which [`cancel_build`](crate::images::Images::cancel_build) cancels the build, from any program. The
    /// classic builder ignores it. Requires API 1.38.
    pub fn build_id(mut self, id: impl Into<String>) -> Self {
        self.options.build_id = Some(id.into());
        self
    }

    /// Adds a BuildKit exporter for the result, for example `image` with `name` and `push`. If no exporter makes an image on
    /// the engine, the build fails because it has no id to return. Requires API 1.40.
    pub fn output<K: Into<String>, V: Into<String>>(
        mut self,
        kind: impl Into<String>,
        attributes: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let attributes = attributes.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        self.options.outputs.push(Output { kind: kind.into(), attributes: Secret(attributes) });
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

    /// Sets the stage of the Dockerfile to build. Defaults to the last one. Requires API 1.29.
    pub fn target(mut self, stage: impl Into<String>) -> Self {
        self.options.target = Some(stage.into());
        self
    }

    /// Sets the platform to build for, for example `linux/arm64`. Defaults to the engine's own platform. Requires API 1.34.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.options.platform = Some(platform.into());
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

    /// Returns the names of the image, or an error if `version` does not support several.
    pub(super) fn names(&self, version: ApiVersion) -> Result<Option<&Vec<String>>> {
        if self.names.len() > 1 && version < SEVERAL_NAMES {
            return Err(Error::requires("more than one name ", SEVERAL_NAMES, version));
        }
        Ok(filled(&self.names))
    }

    /// Whether the build has a session, in which BuildKit asks for what it needs.
    pub(super) fn has_session(&self) -> bool {
        cfg!(feature = "buildkit") && self.build_kit
    }

    /// Fails if an option is set that BuildKit would ignore, or that `version` lacks, before a session is opened.
    pub(super) fn check_for_buildkit(&self, version: ApiVersion) -> Result<()> {
        if version < BUILDKIT {
            return Err(Error::requires("a build with BuildKit ", BUILDKIT, version));
        }
        if !self.outputs.is_empty() && version < OUTPUTS {
            return Err(Error::requires("an output of a build ", OUTPUTS, version));
        }
        for (is_set, option) in [
            (self.memory.is_some(), "memory"),
            (self.memory_swap.is_some(), "memory_swap"),
            (self.cpu_shares.is_some(), "cpu_shares"),
            (self.cpuset_cpus.is_some(), "cpuset_cpus"),
            (self.cpuset_mems.is_some(), "cpuset_mems"),
            (self.cpu_period.is_some(), "cpu_period"),
            (self.cpu_quota.is_some(), "cpu_quota"),
            (self.cgroup_parent.is_some(), "cgroup_parent"),
            (self.isolation.is_some(), "isolation"),
            (!self.security_opts.is_empty(), "security_opt"),
        ] {
            if is_set {
                return Err(Error::invalid_input(format!("builds with BuildKit have no option {option}")));
            }
        }
        for (is_set, option) in [(!self.ulimits.is_empty(), "ulimit "), (self.shm_size.is_some(), "shm_size ")] {
            if is_set && version < BUILDKIT_LIMITS {
                return Err(Error::requires(&format!("with BuildKit, the option {option}"), BUILDKIT_LIMITS, version));
            }
        }
        Ok(())
    }

    /// Returns the extra hosts in the form of the query.
    pub(super) fn extra_hosts(&self, version: ApiVersion) -> Result<Vec<String>> {
        if version < HOST_GATEWAY && self.extra_hosts.iter().any(|(_, address)| *address == HostAddress::HostGateway) {
            return Err(Error::requires("the address host-gateway ", HOST_GATEWAY, version));
        }
        Ok(self.extra_hosts.iter().map(|(name, address)| format!("{name}:{address}")).collect())
    }
}

/// Address of an [extra host](BuildImage::add_host).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HostAddress {
    /// An IP address.
    Ip(IpAddr),
    /// The address of the machine that the engine runs on, as containers reach it (`host-gateway`). Engines before 20.10
    /// do not resolve it.
    HostGateway,
}

impl<T: Into<IpAddr>> From<T> for HostAddress {
    fn from(address: T) -> Self {
        Self::Ip(address.into())
    }
}

impl fmt::Display for HostAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::HostGateway => f.write_str("host-gateway"),
        }
    }
}

/// A BuildKit exporter.
#[derive(Debug, Serialize)]
pub(super) struct Output {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(rename = "Attrs")]
    attributes: Secret<BTreeMap<String, String>>,
}

/// Returns the list, or `None` if it is empty.
pub(super) fn filled(list: &Vec<String>) -> Option<&Vec<String>> {
    Some(list).filter(|list| !list.is_empty())
}

/// Encodes a list or a map for the query. Returns `None` if it is empty.
pub(super) fn json(value: &impl Serialize) -> Option<String> {
    // Strings and numbers always become JSON.
    serde_json::to_string(value).ok().filter(|text| text != "[]" && text != "{}")
}

fn microseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
