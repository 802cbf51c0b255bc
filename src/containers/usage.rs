//! Resource usage, computed from samples of every platform and version.

use crate::{
    Timestamp,
    models::{BlkioEntry, CpuStats, NetworkStats, Stats},
};

/// Bytes in two directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Traffic {
    /// Received from the network, or read from devices, in bytes.
    pub input: u64,
    /// Sent to the network, or written to devices, in bytes.
    pub output: u64,
}

impl Stats {
    /// Returns when the sample was taken; `None` if the container was not running.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        self.read
    }

    /// Whether a Windows engine took the sample: only those report processors.
    fn is_windows(&self) -> bool {
        self.num_procs > 0
    }

    /// Returns the CPU time that the container used since `previous`, in percent of one CPU: 200 is two CPUs all the
    /// time.
    ///
    /// It is `(container now - before) / (host now - before) * CPUs * 100`; on Windows, whose engines do not report the
    /// time of the host, `(container now - before) / (time now - before) * 100`. Without `previous`, the earlier sample
    /// that newer engines send along is used. `None` if there is no earlier sample, as in the first of a stream, or if the
    /// engine does not report the number of CPUs.
    #[must_use]
    pub fn cpu_percent(&self, previous: Option<&Self>) -> Option<f64> {
        let before = previous.map_or(&self.precpu_stats, |previous| &previous.cpu_stats);
        let now = &self.cpu_stats;
        if self.is_windows() {
            let then = previous.map_or(self.preread, Self::time)?;
            let elapsed = self.time()?.duration_since(then).as_nanos() / WINDOWS_TICK;
            let elapsed = u64::try_from(elapsed).ok().filter(|&elapsed| elapsed > 0)?;
            let used = now.cpu_usage.total_usage.checked_sub(before.cpu_usage.total_usage)?;
            return Some(ratio(used, elapsed) * 100.0);
        }
        if before.system_cpu_usage == 0 {
            return None;
        }
        let host = now.system_cpu_usage.checked_sub(before.system_cpu_usage).filter(|&host| host > 0)?;
        let container = now.cpu_usage.total_usage.checked_sub(before.cpu_usage.total_usage)?;
        Some(ratio(container, host) * cpus(now)? * 100.0)
    }

    /// Returns the memory that the container uses, in bytes, as `docker stats` shows it; `None` if the engine does not
    /// report it, for example because the container is not running.
    ///
    /// It is `usage` minus the page cache that the kernel reclaims first: `total_inactive_file` (cgroup v1) or
    /// `inactive_file` (cgroup v2). On Windows, it is the private working set.
    #[must_use]
    pub fn memory_used(&self) -> Option<u64> {
        let memory = &self.memory_stats;
        if self.is_windows() {
            return memory.privateworkingset;
        }
        let cache = memory.stats.get("total_inactive_file").or_else(|| memory.stats.get("inactive_file"));
        let used = memory.usage.checked_sub(cache.copied().unwrap_or(0)).unwrap_or(memory.usage);
        (memory.usage > 0).then_some(used)
    }

    /// Returns [`memory_used`](Self::memory_used) in percent of the container's limit, or of the host's memory; `None` if
    /// the engine does not report it.
    #[must_use]
    pub fn memory_percent(&self) -> Option<f64> {
        let limit = self.memory_stats.limit;
        self.memory_used().filter(|_| limit > 0).map(|used| ratio(used, limit) * 100.0)
    }

    /// Returns the bytes that the container has received and sent over its networks since it started: `network` below API
    /// 1.21, and all `networks` from then on; `None` if the engine reports no network.
    ///
    /// ```
    /// use dockerclient::{containers::Traffic, models::Stats};
    ///
    /// let old = r#"{"network":{"rx_bytes":648,"tx_bytes":738}}"#;
    /// let new = r#"{"networks":{"eth0":{"rx_bytes":600,"tx_bytes":700},"eth1":{"rx_bytes":48,"tx_bytes":38}}}"#;
    /// for json in [old, new] {
    ///     let stats: Stats = serde_json::from_str(json)?;
    ///     assert_eq!(stats.network_total(), Some(Traffic { input: 648, output: 738 }));
    /// }
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn network_total(&self) -> Option<Traffic> {
        if self.networks.is_empty() && self.network == NetworkStats::default() {
            return None;
        }
        let networks = || self.networks.values().chain([&self.network]);
        Some(Traffic {
            input: sum(networks().map(|network| network.rx_bytes)),
            output: sum(networks().map(|network| network.tx_bytes)),
        })
    }

    /// Returns the bytes that the container has read from and written to block devices since it started; `None` if the
    /// engine reports no counters, as with cgroup v2 before the first access.
    #[must_use]
    pub fn block_io_total(&self) -> Option<Traffic> {
        if self.is_windows() {
            let storage = self.storage_stats.as_ref()?;
            let (read, written) = (storage.read_size_bytes, storage.write_size_bytes);
            // Engines leave out a counter that is zero.
            let traffic = Traffic { input: read.unwrap_or_default(), output: written.unwrap_or_default() };
            return read.or(written).map(|_| traffic);
        }
        if self.blkio_stats.io_service_bytes_recursive.is_empty() {
            return None;
        }
        let total = |op: &str| {
            let entries = self.blkio_stats.io_service_bytes_recursive.iter();
            sum(entries.filter(|entry: &&BlkioEntry| entry.op.eq_ignore_ascii_case(op)).map(|entry| entry.value))
        };
        Some(Traffic { input: total("read"), output: total("write") })
    }
}

/// The unit of CPU time of Windows engines, in nanoseconds.
const WINDOWS_TICK: u128 = 100;

/// The sum, or the largest number if it overflows.
fn sum(counts: impl Iterator<Item = u64>) -> u64 {
    counts.fold(0, u64::saturating_add)
}

fn cpus(stats: &CpuStats) -> Option<f64> {
    let listed = stats.cpu_usage.percpu_usage.len() as u64;
    let count = if stats.online_cpus > 0 { stats.online_cpus } else { listed };
    (count > 0).then(|| ratio(count, 1))
}

/// Precise enough for percentages.
#[allow(clippy::cast_precision_loss)]
fn ratio(part: u64, whole: u64) -> f64 {
    part as f64 / whole as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::models::NetworkStats;

    fn cpu(container: u64, host: u64) -> CpuStats {
        let mut stats = CpuStats { system_cpu_usage: host, ..Default::default() };
        stats.cpu_usage.total_usage = container;
        stats.cpu_usage.percpu_usage = vec![container, 0];
        stats
    }

    fn stats(cpu_stats: CpuStats, precpu_stats: CpuStats) -> Stats {
        Stats { cpu_stats, precpu_stats, ..Default::default() }
    }

    #[test]
    fn cpu_percent_needs_an_earlier_sample() {
        let (before, now) = (stats(cpu(100, 10_000), CpuStats::default()), stats(cpu(350, 11_000), cpu(100, 10_000)));
        assert_eq!(now.cpu_percent(Some(&before)), Some(50.0), "a quarter of two CPUs");
        assert_eq!(now.cpu_percent(None), Some(50.0));
        assert_eq!(before.cpu_percent(None), None, "nothing to compare with");
        assert_eq!(now.cpu_percent(Some(&now)), None, "no time passed");
        assert_eq!(before.cpu_percent(Some(&now)), None, "clocks run forwards");
    }

    #[test]
    fn cpu_percent_needs_the_number_of_cpus() {
        let mut now = stats(cpu(350, 11_000), cpu(100, 10_000));
        now.cpu_stats.online_cpus = 4;
        assert_eq!(now.cpu_percent(None), Some(100.0));
        now.cpu_stats.online_cpus = 0;
        now.cpu_stats.cpu_usage.percpu_usage.clear();
        assert_eq!(now.cpu_percent(None), None, "the number of CPUs is unknown");
    }

    #[test]
    fn memory_used_excludes_the_page_cache() {
        let mut sample = Stats::default();
        sample.memory_stats.usage = 1000;
        assert_eq!((sample.memory_used(), sample.memory_percent()), (Some(1000), None));
        sample.memory_stats.limit = 4000;
        sample.memory_stats.stats.insert("inactive_file".into(), 600);
        assert_eq!((sample.memory_used(), sample.memory_percent()), (Some(400), Some(10.0)));
        sample.memory_stats.stats.insert("total_inactive_file".into(), 500);
        assert_eq!(sample.memory_used(), Some(500));
        sample.memory_stats.stats.insert("total_inactive_file".into(), 2000);
        assert_eq!(sample.memory_used(), Some(1000), "more than there is");
    }

    #[test]
    fn usage_that_is_not_reported_is_absent() {
        let sample = Stats::default();
        assert_eq!((sample.memory_used(), sample.memory_percent(), sample.cpu_percent(None)), (None, None, None));
        assert_eq!((sample.network_total(), sample.block_io_total()), (None, None));
    }

    #[test]
    fn windows_usage_is_read_from_its_own_fields() {
        let sample = r#"{"read":"2026-11-30T01:00:01Z","preread":"2026-11-30T01:00:00Z","num_procs":4,
            "cpu_stats":{"cpu_usage":{"total_usage":20000000}},"precpu_stats":{"cpu_usage":{"total_usage":10000000}},
            "memory_stats":{"commitbytes":122000000,"commitpeakbytes":278000000,"privateworkingset":76000000},
            "storage_stats":{"read_size_bytes":4096,"write_size_bytes":8192}}"#;
        let sample: Stats = serde_json::from_str(sample).unwrap();
        assert_eq!((sample.memory_used(), sample.memory_percent()), (Some(76_000_000), None));
        assert_eq!(sample.cpu_percent(None), Some(100.0), "a second of CPU time in a second");
        assert_eq!(sample.block_io_total(), Some(Traffic { input: 4096, output: 8192 }));
        let stopped = Stats { num_procs: 4, ..Default::default() };
        assert_eq!((stopped.memory_used(), stopped.cpu_percent(None), stopped.block_io_total()), (None, None, None));
    }

    #[test]
    fn block_io_total_is_summed_over_devices() {
        let mut sample = Stats::default();
        let entry = |op: &str, value| BlkioEntry { op: op.into(), value, ..Default::default() };
        sample.blkio_stats.io_service_bytes_recursive =
            vec![entry("Read", 1), entry("read", 2), entry("Write", 4), entry("Total", 100)];
        assert_eq!(sample.block_io_total(), Some(Traffic { input: 3, output: 4 }));
    }

    #[test]
    fn network_total_is_summed_over_networks() {
        let network = |rx_bytes, tx_bytes| NetworkStats { rx_bytes, tx_bytes, ..Default::default() };
        let old = Stats { network: network(3, 5), ..Default::default() };
        let new = [("eth0".to_owned(), network(1, 2)), ("eth1".to_owned(), network(2, 3))].into();
        let new = Stats { networks: new, ..Default::default() };
        for sample in [old, new] {
            assert_eq!(sample.network_total(), Some(Traffic { input: 3, output: 5 }));
        }
    }

    proptest::proptest! {
        #[test]
        fn network_total_is_the_same_from_old_and_new_fields(
            counts in proptest::collection::vec((0..u64::MAX / 8, 0..u64::MAX / 8), 0..8),
        ) {
            let network = |(rx_bytes, tx_bytes)| NetworkStats { rx_bytes, tx_bytes, ..Default::default() };
            let whole = counts.iter().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
            let old = Stats { network: network(whole), ..Default::default() };
            let networks = counts.iter().enumerate().map(|(index, count)| (format!("eth{index}"), network(*count)));
            let new = Stats { networks: networks.collect(), ..Default::default() };
            proptest::prop_assert_eq!(old.network_total(), new.network_total());
        }

        /// Results are finite for any counters.
        #[test]
        fn usage_does_not_overflow(counts: [u64; 6], cpus in 0..4_usize) {
            let [host, total, earlier, usage, limit, bytes] = counts;
            let network = NetworkStats { rx_bytes: bytes, tx_bytes: total, ..Default::default() };
            let mut now = stats(cpu(total, host), cpu(earlier, usage));
            now.cpu_stats.cpu_usage.percpu_usage = vec![total; cpus];
            (now.memory_stats.usage, now.memory_stats.limit) = (usage, limit);
            now.memory_stats.stats.insert("inactive_file".into(), bytes);
            (now.network, now.networks) = (network.clone(), [("eth0".to_owned(), network)].into());
            let entry = BlkioEntry { op: "Read".into(), value: bytes, ..Default::default() };
            now.blkio_stats.io_service_bytes_recursive = vec![entry.clone(), entry];
            proptest::prop_assert!(now.network_total().is_none_or(|total| total.input >= bytes));
            proptest::prop_assert!(now.block_io_total().is_some_and(|total| total.input >= bytes));
            proptest::prop_assert!(now.memory_used() <= Some(usage));
            let figures = [now.cpu_percent(None), now.cpu_percent(Some(&Stats::default())), now.memory_percent()];
            proptest::prop_assert!(figures.into_iter().flatten().all(|figure| figure.is_finite() && figure >= 0.0));
        }
    }

    #[test]
    fn time_is_absent_if_the_container_is_not_running() {
        let stats: Stats = serde_json::from_str(r#"{"read":"0001-01-01T00:00:00Z"}"#).unwrap();
        assert_eq!(stats.time(), None);
    }
}
