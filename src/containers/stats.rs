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
    wire::{self, Body},
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
    fn decode(document: &[u8]) -> Result<Self> {
        wire::decode(document)
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

    /// What went over the container's networks since it started.
    #[must_use]
    pub fn network_total(&self) -> Traffic {
        // One network below API 1.21, each of them from then on.
        let networks = || self.networks.values().chain([&self.network]);
        Traffic {
            input: networks().map(|network| network.rx_bytes).sum(),
            output: networks().map(|network| network.tx_bytes).sum(),
        }
    }

    /// What the container read from and wrote to block devices since it started.
    #[must_use]
    pub fn block_io_total(&self) -> Traffic {
        let total = |op: &str| {
            let entries = self.blkio_stats.io_service_bytes_recursive.iter();
            entries.filter(|entry: &&BlkioEntry| entry.op.eq_ignore_ascii_case(op)).map(|entry| entry.value).sum()
        };
        Traffic { input: total("read"), output: total("write") }
    }
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

    #[test]
    fn a_container_that_does_not_run_has_no_time() {
        assert_eq!(Stats { read: "0001-01-01T00:00:00Z".into(), ..Default::default() }.time(), None);
    }
}
