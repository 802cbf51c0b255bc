//! Resource limits and security settings of build steps.

use std::time::Duration;

use super::BuildImage;
use crate::{
    Size,
    models::{Isolation, Ulimit},
};

impl BuildImage {
    /// Sets the memory limit of each step. Defaults to no limit. Requires API 1.18. Not supported by BuildKit.
    pub fn memory(mut self, limit: impl Into<Size>) -> Self {
        self.options.memory = Some(limit.into());
        self
    }

    /// Sets the limit of memory and swap of each step; [`Size::UNLIMITED`] is no limit. Defaults to twice the memory limit.
    /// Requires API 1.18. Not supported by BuildKit.
    pub fn memory_swap(mut self, limit: impl Into<Size>) -> Self {
        self.options.memory_swap = Some(limit.into());
        self
    }

    /// Sets the CPU shares of each step, relative to the 1024 of other containers. Requires API 1.18. Not supported by
    /// BuildKit.
    pub fn cpu_shares(mut self, shares: i64) -> Self {
        self.options.cpu_shares = Some(shares);
        self
    }

    /// Sets the CPUs that each step may run on, for example `0-2,4`. Requires API 1.18. Not supported by BuildKit.
    pub fn cpuset_cpus(mut self, cpus: impl Into<String>) -> Self {
        self.options.cpuset_cpus = Some(cpus.into());
        self
    }

    /// Sets the memory nodes that each step may use, for example `0-1`. Requires API 1.19. Not supported by BuildKit.
    pub fn cpuset_mems(mut self, nodes: impl Into<String>) -> Self {
        self.options.cpuset_mems = Some(nodes.into());
        self
    }

    /// Sets the CPU time that each step gets per [period](Self::cpu_period): 25 ms per 100 ms are a quarter of one CPU.
    /// Defaults to no limit. Requires API 1.19. Not supported by BuildKit.
    pub fn cpu_quota(mut self, quota: Duration) -> Self {
        self.options.cpu_quota = Some(microseconds(quota));
        self
    }

    /// Sets the period of the [CPU quota](Self::cpu_quota). Defaults to 100 ms. Requires API 1.19. Not supported by
    /// BuildKit.
    pub fn cpu_period(mut self, period: Duration) -> Self {
        self.options.cpu_period = Some(microseconds(period));
        self
    }

    /// Sets the parent cgroup of the steps. Requires API 1.19. With BuildKit, requires the feature `buildkit` and API 1.42,
    /// and cannot be combined with [`build_id`](Self::build_id).
    pub fn cgroup_parent(mut self, cgroup: impl Into<String>) -> Self {
        self.options.cgroup_parent = Some(cgroup.into());
        self
    }

    /// Sets the size of `/dev/shm` in each step. Defaults to 64 MiB. Requires API 1.22, and with BuildKit API 1.42.
    pub fn shm_size(mut self, size: impl Into<Size>) -> Self {
        self.options.shm_size = Some(size.into());
        self
    }

    /// Adds a limit of the processes of each step, for example `nofile`: the soft limit, and the hard one. -1 is no limit. Requires API 1.20, and with BuildKit API 1.42.
    pub fn ulimit(mut self, name: impl Into<String>, soft: i64, hard: i64) -> Self {
        self.options.ulimits.push(Ulimit { name: name.into(), soft, hard });
        self
    }

    /// Sets the isolation technology of the build containers: `default`, `process` or `hyperv`; Windows only. Requires API
    /// 1.22. Not supported by BuildKit.
    pub fn isolation(mut self, isolation: impl Into<Isolation>) -> Self {
        self.options.isolation = Some(isolation.into());
        self
    }

    /// Adds a security option of the build containers; engines other than those on Windows reject it. Requires API 1.25. Not
    /// supported by BuildKit.
    pub fn security_opt(mut self, option: impl Into<String>) -> Self {
        self.options.security_opts.push(option.into());
        self
    }
}

fn microseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
