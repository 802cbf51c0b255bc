//! Formats the results as a table.

use std::fmt::Write as _;

use super::{
    CLIENTS,
    run::{Cost, Costs},
};

pub(super) const LEGEND: &str = "\
time, CPU: per unit (call, item, or frame of output); the time of stats-streams is given by the interval of its samples. peak:
of the process; more: its increase, for stats-streams per stream. allocs, bytes: allocations per unit. engine: CPU use of the
fixture server, 100 % is one CPU. All values are medians. Ratios are those of this client to the other one, per round,
with minimum and maximum; below 1, this client needs less. then: ratios of this client to the saved results.";

pub(super) fn head() -> String {
    format!(
        "{:<14}{:<9}{:>11}{:>11}{:>9}{:>9}{:>10}{:>10}{:>8}   {:<21}{:<21}{:<7}{}",
        "item",
        "client",
        "time",
        "CPU",
        "peak MB",
        "more kB",
        "allocs",
        "bytes",
        "engine",
        "time ×",
        "CPU ×",
        "peak ×",
        "allocs ×"
    )
}

/// The lines of one benchmark, one per client.
pub(super) fn rows(item: &str, costs: &Costs, saved: Option<&Costs>) -> String {
    let ours = &costs.rounds[CLIENTS[0]];
    let mut text = String::new();
    for client in CLIENTS {
        let (rounds, counted) = (&costs.rounds[client], &costs.counted[client]);
        let units = units(item, costs.count);
        let (time, cpu) = (median_of(rounds, |cost| cost.time), median_of(rounds, |cost| cost.cpu));
        let (allocations, allocated) = (counted.allocations.unwrap_or(0.0), counted.allocated.unwrap_or(0.0));
        let _ = write!(
            text,
            "{:<14}{client:<9}{:>11}{:>11}{:>9.1}{:>9.1}{:>10.1}{:>10.0}{:>7.0}%",
            if client == CLIENTS[0] { item } else { "" },
            duration(time / units),
            duration(cpu / units),
            median_of(rounds, |cost| cost.peak) / 1e6,
            median_of(rounds, |cost| cost.grown) / 1e3 / concurrent_units(item, units),
            allocations / units,
            allocated / units,
            100.0 * median_of(rounds, |cost| cost.engine / cost.time),
        );
        if client != CLIENTS[0] {
            let ours_allocations = costs.counted[CLIENTS[0]].allocations.unwrap_or(0.0);
            let _ = write!(text, "   {}", ratios(ours, rounds));
            let _ = write!(text, "{}", ratio(ours_allocations / allocations));
        }
        text.push('\n');
    }
    if let Some(saved) = saved.filter(|saved| saved.count == costs.count) {
        let before = &saved.rounds[CLIENTS[0]];
        let counted = |costs: &Costs| costs.counted[CLIENTS[0]].allocations.unwrap_or(0.0);
        let _ = write!(text, "{:<14}{:<9}{:68}   {}", "", "then", "", ratios(ours, before));
        let _ = writeln!(text, "{}", ratio(counted(costs) / counted(saved)));
    } else if saved.is_some() {
        let _ = writeln!(text, "{:<14}then      has another size", "");
    }
    text.trim_end().to_owned()
}

/// The ratios of time, CPU time and peak memory of `ours` to those of `other`.
fn ratios(ours: &[Cost], other: &[Cost]) -> String {
    let pairs = |of: fn(&Cost) -> f64| ours.iter().zip(other).map(|(ours, other)| of(ours) / of(other)).collect();
    let (time, cpu, peak) = (pairs(|cost| cost.time), pairs(|cost| cost.cpu), pairs(|cost| cost.peak));
    format!("{:<21}{:<21}{:<7}", spread(time), spread(cpu), ratio(median(peak)))
}

/// Median, minimum and maximum.
fn spread(values: Vec<f64>) -> String {
    let minimum = values.iter().copied().fold(f64::INFINITY, f64::min);
    let maximum = values.iter().copied().fold(0.0, f64::max);
    format!("{} ({}–{})", ratio(median(values)), ratio(minimum), ratio(maximum))
}

fn ratio(ratio: f64) -> String {
    match ratio {
        ratio if ratio < 0.1 => format!("{ratio:.3}"),
        ratio if ratio < 10.0 => format!("{ratio:.2}"),
        ratio => format!("{ratio:.0}"),
    }
}

fn duration(seconds: f64) -> String {
    match seconds {
        seconds if seconds < 1e-6 => format!("{:.0} ns", seconds * 1e9),
        seconds if seconds < 1e-3 => format!("{:.1} µs", seconds * 1e6),
        seconds if seconds < 1.0 => format!("{:.1} ms", seconds * 1e3),
        seconds => format!("{seconds:.2} s"),
    }
}

/// The number of units: frames of output, or `count`.
#[allow(clippy::cast_precision_loss)]
fn units(item: &str, count: u64) -> f64 {
    let size = item.strip_prefix("logs-").and_then(|size| size.parse().ok()).unwrap_or(1);
    (count / size) as f64
}

/// The number of concurrent units.
fn concurrent_units(item: &str, units: f64) -> f64 {
    if item == "stats-streams" { units } else { 1.0 }
}

fn median_of(costs: &[Cost], of: impl Fn(&Cost) -> f64) -> f64 {
    median(costs.iter().map(of).collect())
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() % 2 {
        _ if values.is_empty() => f64::NAN,
        0 => f64::midpoint(values[middle - 1], values[middle]),
        _ => values[middle],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_of_odd_and_even_counts() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0]), 2.5);
    }

    #[test]
    fn ratios_are_computed_per_round() {
        let cost =
            |time| Cost { time, cpu: 1.0, peak: 1.0, grown: 0.0, engine: 0.0, allocations: None, allocated: None };
        let text = ratios(&[cost(1.0), cost(9.0), cost(4.0)], &[cost(2.0), cost(3.0), cost(4.0)]);
        assert!(text.starts_with("1.00 (0.50–3.00)"), "{text}");
    }
}
