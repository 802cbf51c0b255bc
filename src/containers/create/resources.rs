//! Limits of a container: memory, CPU, processes, block devices.

use std::time::Duration;

use super::ContainerBuilder;
use crate::{
    Error, Result,
    models::{HostConfig, ThrottleDevice, Ulimit},
    size::Size,
};

impl<V> ContainerBuilder<V> {
    /// Limits the memory; strings are parsed as by the Docker CLI: `"512m"`. Defaults to no limit.
    pub fn memory(self, limit: impl Into<Size>) -> Self {
        self.set_size(limit.into().to_bytes(), |host, bytes| host.memory = bytes)
    }

    /// Limits memory and swap together; [`Size::UNLIMITED`] or `"-1"` is unlimited swap. Defaults to twice the
    /// [memory](Self::memory).
    pub fn memory_swap(self, limit: impl Into<Size>) -> Self {
        self.set_size(limit.into().to_bytes_or_unlimited(), |host, bytes| host.memory_swap = bytes)
    }

    /// Sets the soft memory limit, which is enforced when the host is short of memory. Requires API 1.21.
    pub fn memory_reservation(self, size: impl Into<Size>) -> Self {
        self.set_size(size.into().to_bytes(), |host, bytes| host.memory_reservation = bytes)
    }

    /// Sets the swappiness, from 0 to 100. Requires API 1.20; engines with cgroup v2 ignore it.
    pub fn memory_swappiness(mut self, percent: u8) -> Self {
        self.host().memory_swappiness = Some(percent.into());
        self
    }

    /// Sets whether the OOM killer is disabled for the container. Defaults to `false`. Requires API 1.19.
    pub fn oom_kill_disable(mut self, disable: bool) -> Self {
        self.host().oom_kill_disable = disable;
        self
    }

    /// Sets the OOM score adjustment, from -1000 to 1000: the higher, the more likely the kernel kills the container if
    /// the host is out of memory. Requires API 1.22.
    pub fn oom_score_adj(mut self, score: i32) -> Self {
        self.host().oom_score_adj = score.into();
        self
    }

    /// Sets the size of `/dev/shm`. Defaults to 64 MiB. Requires API 1.22.
    pub fn shm_size(self, size: impl Into<Size>) -> Self {
        self.set_size(size.into().to_bytes(), |host, bytes| host.shm_size = bytes)
    }

    /// Limits the CPU time to this number of CPUs, for example 1.5. Defaults to no limit. Requires API 1.25.
    #[doc(alias = "nano_cpus")]
    pub fn cpus(self, cpus: f64) -> Self {
        let nanos = nano_cpus(cpus);
        self.try_set(nanos, |this, nanos| this.host().nano_cpus = nanos)
    }

    /// Sets the CPU shares: the relative weight of the container when CPU time is scarce. Defaults to 1024.
    pub fn cpu_shares(mut self, shares: u32) -> Self {
        self.host().cpu_shares = shares.into();
        self
    }

    /// Sets the CPUs that the container can use, for example `0-2,7`.
    pub fn cpuset_cpus(mut self, cpus: impl Into<String>) -> Self {
        self.host().cpuset_cpus = cpus.into();
        self
    }

    /// Sets the memory nodes that the container can use, for example `0-1`. Requires API 1.19.
    pub fn cpuset_mems(mut self, nodes: impl Into<String>) -> Self {
        self.host().cpuset_mems = nodes.into();
        self
    }

    /// Sets the period of the CPU scheduler. Requires API 1.19.
    pub fn cpu_period(mut self, period: Duration) -> Self {
        self.host().cpu_period = i64::try_from(period.as_micros()).unwrap_or(i64::MAX);
        self
    }

    /// Limits the CPU time in each [period](Self::cpu_period). Requires API 1.19.
    pub fn cpu_quota(mut self, quota: Duration) -> Self {
        self.host().cpu_quota = i64::try_from(quota.as_micros()).unwrap_or(i64::MAX);
        self
    }

    /// Limits the number of processes and threads; -1 is no limit. Defaults to a setting of the engine. Requires API 1.23.
    pub fn pids_limit(mut self, limit: i64) -> Self {
        self.host().pids_limit = Some(limit);
        self
    }

    /// Sets a limit of processes, for example `nofile`: the soft limit, and the hard one. -1 is no limit. Requires API 1.18.
    pub fn ulimit(mut self, name: impl Into<String>, soft: i64, hard: i64) -> Self {
        self.host().ulimits.push(Ulimit { name: name.into(), soft, hard });
        self
    }

    /// Sets the relative block I/O weight of the container, from 10 to 1000. Requires API 1.19.
    pub fn blkio_weight(mut self, weight: u16) -> Self {
        self.host().blkio_weight = weight;
        self
    }

    /// Limits the read rate of a device of the host, in bytes per second. Requires API 1.22.
    pub fn device_read_bps(self, device: impl Into<String>, rate: impl Into<Size>) -> Self {
        self.throttle(device.into(), &rate.into(), |host| &mut host.blkio_device_read_bps)
    }

    /// Limits the write rate of a device of the host, in bytes per second. Requires API 1.22.
    pub fn device_write_bps(self, device: impl Into<String>, rate: impl Into<Size>) -> Self {
        self.throttle(device.into(), &rate.into(), |host| &mut host.blkio_device_write_bps)
    }

    /// Limits the read rate of a device of the host, in operations per second. Requires API 1.22.
    pub fn device_read_iops(self, device: impl Into<String>, rate: u64) -> Self {
        self.throttle(device.into(), &rate.into(), |host| &mut host.blkio_device_read_iops)
    }

    /// Limits the write rate of a device of the host, in operations per second. Requires API 1.22.
    pub fn device_write_iops(self, device: impl Into<String>, rate: u64) -> Self {
        self.throttle(device.into(), &rate.into(), |host| &mut host.blkio_device_write_iops)
    }

    /// Sets the parent of the container's cgroup. Requires API 1.18.
    pub fn cgroup_parent(mut self, parent: impl Into<String>) -> Self {
        self.host().cgroup_parent = parent.into();
        self
    }

    fn set_size(self, bytes: Result<i64>, set: impl FnOnce(&mut HostConfig, i64)) -> Self {
        self.try_set(bytes, |this, bytes| set(this.host(), bytes))
    }

    fn throttle(self, path: String, rate: &Size, list: fn(&mut HostConfig) -> &mut Vec<ThrottleDevice>) -> Self {
        let rate = rate.to_bytes().map(i64::unsigned_abs);
        self.try_set(rate, |this, rate| list(this.host()).push(ThrottleDevice { path, rate }))
    }
}

/// Converts a number of CPUs to the unit of the API.
pub(crate) fn nano_cpus(cpus: f64) -> Result<i64> {
    let nanos = (cpus * 1e9).round();
    // Larger numbers do not fit into the integer of the API.
    if cpus.is_finite() && (0.0..9e18).contains(&nanos) {
        #[expect(clippy::cast_possible_truncation, reason = "it is in range")]
        return Ok(nanos as i64);
    }
    Err(Error::invalid_input(format!("invalid number of CPUs: {cpus}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpus_are_sent_in_billionths() {
        assert_eq!(nano_cpus(1.5).unwrap(), 1_500_000_000);
        assert_eq!(nano_cpus(0.1).unwrap(), 100_000_000);
        for cpus in [-1.0, f64::NAN, f64::INFINITY, 1e30] {
            assert!(nano_cpus(cpus).unwrap_err().is_bad_request(), "{cpus}");
        }
    }
}
