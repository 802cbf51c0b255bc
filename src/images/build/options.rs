//! How to build an image.

use std::{collections::BTreeMap, net::IpAddr};

use serde::Serialize;

use crate::{
    ApiVersion, Error, Result,
    models::{AuthConfig, Ulimit},
};

/// Since this version, a result may have several names.
const SEVERAL_NAMES: ApiVersion = ApiVersion::new(1, 21);

/// Options of [`Images::build`](crate::images::Images::build).
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use]
pub struct BuildOptions {
    names: Vec<String>,
    pub(super) dockerfile: Option<String>,
    pub(super) quiet: Option<bool>,
    pub(super) no_cache: Option<bool>,
    pub(super) pull: Option<u8>,
    pub(super) remove: Option<bool>,
    pub(super) force_remove: Option<u8>,
    pub(super) memory: Option<i64>,
    pub(super) memory_swap: Option<i64>,
    pub(super) cpu_shares: Option<i64>,
    pub(super) cpuset_cpus: Option<String>,
    pub(super) cpuset_mems: Option<String>,
    pub(super) cpu_period: Option<i64>,
    pub(super) cpu_quota: Option<i64>,
    pub(super) cgroup_parent: Option<String>,
    pub(super) shm_size: Option<i64>,
    pub(super) network_mode: Option<String>,
    pub(super) squash: Option<bool>,
    pub(super) version: Option<&'static str>,
    pub(super) build_args: BTreeMap<String, String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) cache_from: Vec<String>,
    pub(super) extra_hosts: Vec<String>,
    pub(super) ulimits: Vec<Ulimit>,
    pub(super) outputs: Vec<Output>,
    pub(super) target: Option<String>,
    pub(super) platform: Option<String>,
    pub(super) credentials: BTreeMap<String, AuthConfig>,
    pub(super) anonymous: bool,
}

impl BuildOptions {
    /// A name of the result, `repository` or `repository:tag`; it gets none without. Several calls give it several
    /// names, which needs API 1.21.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.names.push(name.into());
        self
    }

    /// The path of the Dockerfile inside the context, with slashes. Defaults to `Dockerfile`. Needs API 1.17.
    pub fn dockerfile(mut self, path: impl Into<String>) -> Self {
        self.dockerfile = Some(path.into());
        self
    }

    /// Print only the id of the result. Engines before 1.8 print all the same.
    pub fn quiet(mut self) -> Self {
        self.quiet = Some(true);
        self
    }

    /// Run each step anew.
    pub fn no_cache(mut self) -> Self {
        self.no_cache = Some(true);
        self
    }

    /// Pull the base image even if it is here. Needs API 1.16.
    pub fn pull(mut self) -> Self {
        self.pull = Some(1);
        self
    }

    /// Keep the containers of intermediate steps.
    pub fn keep_intermediate(mut self) -> Self {
        self.remove = Some(false);
        self
    }

    /// Remove the containers of intermediate steps even if the build fails.
    pub fn force_remove(mut self) -> Self {
        self.force_remove = Some(1);
        self
    }

    /// Limit of memory of each step, in bytes. Needs API 1.18.
    pub fn memory(mut self, bytes: i64) -> Self {
        self.memory = Some(bytes);
        self
    }

    /// Limit of memory and swap of each step, in bytes; -1 is none. Needs API 1.18.
    pub fn memory_swap(mut self, bytes: i64) -> Self {
        self.memory_swap = Some(bytes);
        self
    }

    /// Share of the CPU of each step, relative to the 1024 of others. Needs API 1.18.
    pub fn cpu_shares(mut self, shares: i64) -> Self {
        self.cpu_shares = Some(shares);
        self
    }

    /// The CPUs each step may run on, as `0-2,4`. Needs API 1.18.
    pub fn cpuset_cpus(mut self, cpus: impl Into<String>) -> Self {
        self.cpuset_cpus = Some(cpus.into());
        self
    }

    /// The memory nodes each step may use, as `0-1`. Needs API 1.19.
    pub fn cpuset_mems(mut self, nodes: impl Into<String>) -> Self {
        self.cpuset_mems = Some(nodes.into());
        self
    }

    /// How much CPU time each step gets in how much time, both in microseconds: `25_000` of `100_000` is a quarter of
    /// one CPU. Needs API 1.19.
    pub fn cpu_quota(mut self, quota: i64, period: i64) -> Self {
        (self.cpu_quota, self.cpu_period) = (Some(quota), Some(period));
        self
    }

    /// The cgroup above those of the steps. Needs API 1.19.
    pub fn cgroup_parent(mut self, cgroup: impl Into<String>) -> Self {
        self.cgroup_parent = Some(cgroup.into());
        self
    }

    /// The size of `/dev/shm` in each step, in bytes. Needs API 1.22.
    pub fn shm_size(mut self, bytes: i64) -> Self {
        self.shm_size = Some(bytes);
        self
    }

    /// A limit of the kernel for the processes of each step; several calls add limits. Needs API 1.22.
    pub fn ulimit(mut self, limit: Ulimit) -> Self {
        self.ulimits.push(limit);
        self
    }

    /// The network of the steps: `bridge`, `host`, `none`, `container:web`, or one by its name. Needs API 1.25.
    pub fn network_mode(mut self, mode: impl Into<String>) -> Self {
        self.network_mode = Some(mode.into());
        self
    }

    /// A line of `/etc/hosts` for the steps; several calls add lines. Needs API 1.28.
    pub fn extra_host(mut self, name: &str, address: IpAddr) -> Self {
        self.extra_hosts.push(format!("{name}:{address}"));
        self
    }

    /// An image whose layers may be used as if they had been built here; several calls add images. Needs API 1.25.
    pub fn cache_from(mut self, image: impl Into<String>) -> Self {
        self.cache_from.push(image.into());
        self
    }

    /// Make one layer of all that are new; only on engines that are told to be experimental. Needs API 1.25.
    pub fn squash(mut self) -> Self {
        self.squash = Some(true);
        self
    }

    /// Have BuildKit build it, and not the classic builder. There is no session: what needs one, as secrets, SSH and
    /// credentials do, does not work. Progress is told in BuildKit's own form, as outcomes. Needs API 1.38.
    pub fn build_kit(mut self) -> Self {
        self.version = Some("2");
        self
    }

    /// Where the result goes instead, as BuildKit calls it: `image` with `name` and `push`, say; several calls add
    /// places. What makes no image here has no id to return. Needs API 1.40.
    pub fn output<K: Into<String>, V: Into<String>>(
        mut self,
        kind: impl Into<String>,
        attributes: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let attributes = attributes.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        self.outputs.push(Output { kind: kind.into(), attributes });
        self
    }

    /// A value for an `ARG` of the Dockerfile; several calls add values. It stands in the image's history, so it is no
    /// place for secrets. Needs API 1.21.
    pub fn build_arg(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.build_args.insert(name.into(), value.into());
        self
    }

    /// A label of the result; several calls add labels. Needs API 1.23.
    pub fn label(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.labels.insert(key.into(), value.into());
        self
    }

    /// The stage of the Dockerfile to end with, by its name. Needs API 1.29.
    pub fn target(mut self, stage: impl Into<String>) -> Self {
        self.target = Some(stage.into());
        self
    }

    /// The platform to build for, as `linux/arm64`. Needs API 1.32.
    pub fn platform(mut self, platform: impl Into<String>) -> Self {
        self.platform = Some(platform.into());
        self
    }

    /// What to show to `registry` for base images, as host, `host:port` or `docker.io`.
    ///
    /// Several calls serve several registries. Others are shown what the user's configuration holds for them.
    pub fn credentials(mut self, registry: impl Into<String>, credentials: AuthConfig) -> Self {
        self.credentials.insert(registry.into(), credentials);
        self
    }

    /// Show nothing to registries but what [`credentials`](Self::credentials) says, whatever the user's configuration
    /// holds.
    pub fn anonymous(mut self) -> Self {
        self.anonymous = true;
        self
    }

    /// Its names; `version` may know one only.
    pub(super) fn names(&self, version: ApiVersion) -> Result<Option<&Vec<String>>> {
        if self.names.len() > 1 && version < SEVERAL_NAMES {
            return Err(Error::needs("more than one name ", SEVERAL_NAMES, version));
        }
        Ok(filled(&self.names))
    }
}

/// A place for the result of a build.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(super) struct Output {
    #[serde(rename = "Type")]
    kind: String,
    #[serde(rename = "Attrs")]
    attributes: BTreeMap<String, String>,
}

/// What there is of a list.
pub(super) fn filled(list: &Vec<String>) -> Option<&Vec<String>> {
    Some(list).filter(|list| !list.is_empty())
}

/// A list or a map as it stands in the query; nothing if it is empty.
pub(super) fn json(value: &impl Serialize) -> Option<String> {
    // Strings and numbers always become JSON.
    serde_json::to_string(value).ok().filter(|text| text != "[]" && text != "{}")
}
