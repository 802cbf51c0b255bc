//! What containers use.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use futures_core::Stream;

use crate::{
    Result, Timestamp,
    models::{BlkioEntry, CpuStats, Stats},
    stream::{Decoded, Document, DocumentDecoder},
    wire::Body,
};

/// What a container uses, measured about once a second. Made by [`Container::stats`](super::Container::stats).
///
/// Ends when the container is removed, or with the first error. Of a container that
/// does not run, newer engines send zeros, and old ones nothing.
///
/// # Cancellation
///
/// Dropping this closes its connection; nothing keeps running behind it. Waiting
/// for the next sample is cancel safe: none is lost when the wait is dropped.
#[doc(alias = "StatsOrError")]
#[derive(Debug)]
#[must_use = "streams do nothing unless polled"]
pub struct StatsStream(Decoded<DocumentDecoder<Stats>>);

impl StatsStream {
    pub(super) fn new(body: Body, longest: usize) -> Self {
        Self(Decoded::new(body, DocumentDecoder::new(longest), "container_stats"))
    }

    /// Fails if nothing comes for longer than `limit`. Without, waits for as long as it takes.
    pub fn idle_timeout(mut self, limit: Duration) -> Self {
        self.0.set_idle_timeout(limit);
        self
    }
}

impl Document for Stats {
    type Wire = Self;

    fn read(wire: Self) -> Result<Self> {
        Ok(wire)
    }
}

impl Stream for StatsStream {
    type Item = Result<Stats>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0).poll_next(cx)
    }
}

/// Bytes in two directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Received from the network, or read from devices, in bytes.
    pub input: u64,
    /// Sent to the network, or written to devices, in bytes.
    pub output: u64,
}

impl Stats {
    /// When it was measured; none if the container did not run.
    #[must_use]
    pub fn time(&self) -> Option<Timestamp> {
        self.read.parse().ok().filter(|_| !self.read.starts_with("0001-01-01T00:00:00"))
    }

    /// The CPU that the container used since `previous`, in percent of one CPU: 200 is two CPUs all the time.
    ///
    /// It is `(container now - before) / (host now - before) * CPUs * 100`. Without `previous`, the measurement is
    /// taken that newer engines send along. None if there is none to compare with, as with the first of a stream.
    #[must_use]
    pub fn cpu_percent(&self, previous: Option<&Self>) -> Option<f64> {
        let before = previous.map_or(&self.precpu_stats, |previous| &previous.cpu_stats);
        let now = &self.cpu_stats;
        if before.system_cpu_usage == 0 {
            return None;
        }
        let host = now.system_cpu_usage.checked_sub(before.system_cpu_usage).filter(|&host| host > 0)?;
        let container = now.cpu_usage.total_usage.checked_sub(before.cpu_usage.total_usage)?;
        Some(ratio(container, host) * cpus(now) * 100.0)
    }

    /// The memory that the container uses, in bytes, without caches of files that the kernel would give up first.
    ///
    /// It is `usage` less `total_inactive_file` (cgroup v1) or `inactive_file` (cgroup v2), as `docker stats` shows it.
    #[must_use]
    pub fn memory_used(&self) -> u64 {
        let stats = &self.memory_stats.stats;
        let cache = stats.get("total_inactive_file").or_else(|| stats.get("inactive_file")).copied().unwrap_or(0);
        self.memory_stats.usage.checked_sub(cache).unwrap_or(self.memory_stats.usage)
    }

    /// [`memory_used`](Self::memory_used) in percent of its limit, or of the host's memory; none if that is not told.
    #[must_use]
    pub fn memory_percent(&self) -> Option<f64> {
        let limit = self.memory_stats.limit;
        (limit > 0).then(|| ratio(self.memory_used(), limit) * 100.0)
    }

    /// What went over the container's networks since it started: `network` below API 1.21, and all `networks` from then on.
    ///
    /// ```
    /// use dockerclient::{containers::Traffic, models::Stats};
    ///
    /// let old = r#"{"network":{"rx_bytes":648,"tx_bytes":738}}"#;
    /// let new = r#"{"networks":{"eth0":{"rx_bytes":600,"tx_bytes":700},"eth1":{"rx_bytes":48,"tx_bytes":38}}}"#;
    /// for told in [old, new] {
    ///     let stats: Stats = serde_json::from_str(told)?;
    ///     assert_eq!(stats.network_total(), Traffic { input: 648, output: 738 });
    /// }
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn network_total(&self) -> Traffic {
        // One network below API 1.21, each of them from then on.
        let networks = || self.networks.values().chain([&self.network]);
        Traffic {
            input: sum(networks().map(|network| network.rx_bytes)),
            output: sum(networks().map(|network| network.tx_bytes)),
        }
    }

    /// What the container read from and wrote to block devices since it started.
    #[must_use]
    pub fn block_io_total(&self) -> Traffic {
        let total = |op: &str| {
            let entries = self.blkio_stats.io_service_bytes_recursive.iter();
            sum(entries.filter(|entry: &&BlkioEntry| entry.op.eq_ignore_ascii_case(op)).map(|entry| entry.value))
        };
        Traffic { input: total("read"), output: total("write") }
    }
}

/// What engines send may be any number, and more than there is room for.
fn sum(counts: impl Iterator<Item = u64>) -> u64 {
    counts.fold(0, u64::saturating_add)
}

fn cpus(stats: &CpuStats) -> f64 {
    let listed = stats.cpu_usage.percpu_usage.len() as u64;
    let count = if stats.online_cpus > 0 { stats.online_cpus } else { listed.max(1) };
    ratio(count, 1)
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
    fn cpu_is_measured_between_two_samples_or_against_what_the_engine_sends_along() {
        let (before, now) = (stats(cpu(100, 10_000), CpuStats::default()), stats(cpu(350, 11_000), cpu(100, 10_000)));
        assert_eq!(now.cpu_percent(Some(&before)), Some(50.0), "a quarter of two CPUs");
        assert_eq!(now.cpu_percent(None), Some(50.0));
        assert_eq!(before.cpu_percent(None), None, "nothing to compare with");
        assert_eq!(now.cpu_percent(Some(&now)), None, "no time passed");
        assert_eq!(before.cpu_percent(Some(&now)), None, "clocks run forwards");
    }

    #[test]
    fn the_number_of_cpus_is_told_or_counted() {
        let mut now = stats(cpu(350, 11_000), cpu(100, 10_000));
        now.cpu_stats.online_cpus = 4;
        assert_eq!(now.cpu_percent(None), Some(100.0));
        now.cpu_stats.online_cpus = 0;
        now.cpu_stats.cpu_usage.percpu_usage.clear();
        assert_eq!(now.cpu_percent(None), Some(25.0));
    }

    #[test]
    fn memory_is_counted_without_what_the_kernel_would_give_up() {
        let mut sample = Stats::default();
        sample.memory_stats.usage = 1000;
        assert_eq!((sample.memory_used(), sample.memory_percent()), (1000, None));
        sample.memory_stats.limit = 4000;
        sample.memory_stats.stats.insert("inactive_file".into(), 600);
        assert_eq!((sample.memory_used(), sample.memory_percent()), (400, Some(10.0)));
        sample.memory_stats.stats.insert("total_inactive_file".into(), 500);
        assert_eq!(sample.memory_used(), 500);
        sample.memory_stats.stats.insert("total_inactive_file".into(), 2000);
        assert_eq!(sample.memory_used(), 1000, "more than there is");
    }

    #[test]
    fn block_io_is_summed_over_devices() {
        let mut sample = Stats::default();
        let entry = |op: &str, value| BlkioEntry { op: op.into(), value, ..Default::default() };
        sample.blkio_stats.io_service_bytes_recursive =
            vec![entry("Read", 1), entry("read", 2), entry("Write", 4), entry("Total", 100)];
        assert_eq!(sample.block_io_total(), Traffic { input: 3, output: 4 });
    }

    #[test]
    fn traffic_is_summed_over_networks_in_whatever_form_they_come() {
        let network = |rx_bytes, tx_bytes| NetworkStats { rx_bytes, tx_bytes, ..Default::default() };
        let old = Stats { network: network(3, 5), ..Default::default() };
        let new = [("eth0".to_owned(), network(1, 2)), ("eth1".to_owned(), network(2, 3))].into();
        let new = Stats { networks: new, ..Default::default() };
        for sample in [old, new] {
            assert_eq!(sample.network_total(), Traffic { input: 3, output: 5 });
        }
    }

    proptest::proptest! {
        #[test]
        fn traffic_is_the_same_over_however_many_networks(
            counts in proptest::collection::vec((0..u64::MAX / 8, 0..u64::MAX / 8), 0..8),
        ) {
            let network = |(rx_bytes, tx_bytes)| NetworkStats { rx_bytes, tx_bytes, ..Default::default() };
            let whole = counts.iter().fold((0, 0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
            let old = Stats { network: network(whole), ..Default::default() };
            let networks = counts.iter().enumerate().map(|(index, count)| (format!("eth{index}"), network(*count)));
            let new = Stats { networks: networks.collect(), ..Default::default() };
            proptest::prop_assert_eq!(old.network_total(), new.network_total());
        }

        /// Whatever an engine counts, figures are figures.
        #[test]
        fn no_count_is_too_large(counts: [u64; 6], cpus in 0..4_usize) {
            let [host, total, earlier, usage, limit, bytes] = counts;
            let network = NetworkStats { rx_bytes: bytes, tx_bytes: total, ..Default::default() };
            let mut now = stats(cpu(total, host), cpu(earlier, usage));
            now.cpu_stats.cpu_usage.percpu_usage = vec![total; cpus];
            (now.memory_stats.usage, now.memory_stats.limit) = (usage, limit);
            now.memory_stats.stats.insert("inactive_file".into(), bytes);
            (now.network, now.networks) = (network.clone(), [("eth0".to_owned(), network)].into());
            let entry = BlkioEntry { op: "Read".into(), value: bytes, ..Default::default() };
            now.blkio_stats.io_service_bytes_recursive = vec![entry.clone(), entry];
            proptest::prop_assert!(now.network_total().input >= bytes && now.block_io_total().input >= bytes);
            proptest::prop_assert!(now.memory_used() <= usage);
            let figures = [now.cpu_percent(None), now.cpu_percent(Some(&Stats::default())), now.memory_percent()];
            proptest::prop_assert!(figures.into_iter().flatten().all(|figure| figure.is_finite() && figure >= 0.0));
        }
    }

    #[test]
    fn a_container_that_does_not_run_has_no_time() {
        assert_eq!(Stats { read: "0001-01-01T00:00:00Z".into(), ..Default::default() }.time(), None);
    }
}
