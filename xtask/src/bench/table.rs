//! The table that a person reads.

use std::fmt::Write as _;

use super::{
    CLIENTS,
    run::{Cost, Costs},
};

pub(super) const LEGEND: &str = "\
time and CPU a unit: a call, an item, a frame of output; stats-streams takes as long as its samples are apart. peak: of the
process; more: by how much the work raised it, of stats-streams a stream. allocs: a unit, and bytes. engine: how busy the
fixture was, of one CPU. Medians; ratios are this client's to the other's, turn by turn, with the least and the most: below
1 it is this client that needs less. then: this client's ratios to itself as saved.";

pub(super) fn head() -> String {
    format!(
        "{:<14}{:<9}{:>11}{:>11}{:>9}{:>10}{:>10}{:>8}   {:<21}{:<21}{:<7}{}",
        "item",
        "client",
        "time",
        "CPU",
        "peak MB",
        "allocs",
        "bytes",
        "engine",
        "time ×",
        "CPU ×",
        "peak ×",
        "allocs ×"
    )
}

/// A line a client.
pub(super) fn rows(item: &str, costs: &Costs, saved: Option<&Costs>) -> String {
    let ours = &costs.rounds[CLIENTS[0]];
    let mut text = String::new();
    for who in CLIENTS {
        let (rounds, counted) = (&costs.rounds[who], &costs.counted[who]);
        let units = units(item, costs.count);
        let (time, cpu) = (median_of(rounds, |cost| cost.time), median_of(rounds, |cost| cost.cpu));
        let (allocations, allocated) = (counted.allocations.unwrap_or(0.0), counted.allocated.unwrap_or(0.0));
        let _ = write!(
            text,
            "{:<14}{who:<9}{:>11}{:>11}{:>9.1}{:>9.1}{:>10.1}{:>10.0}{:>7.0}%",
            if who == CLIENTS[0] { item } else { "" },
            duration(time / units),
            duration(cpu / units),
            median_of(rounds, |cost| cost.peak) / 1e6,
            median_of(rounds, |cost| cost.grown) / 1e3 / held(item, units),
            allocations / units,
            allocated / units,
            100.0 * median_of(rounds, |cost| cost.engine / cost.time),
        );
        if who != CLIENTS[0] {
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
        let _ = writeln!(text, "{:<14}then      was of another size", "");
    }
    text.trim_end().to_owned()
}

/// Time, CPU and peak of `ours` by those of `other`.
fn ratios(ours: &[Cost], other: &[Cost]) -> String {
    let pairs = |of: fn(&Cost) -> f64| ours.iter().zip(other).map(|(ours, other)| of(ours) / of(other)).collect();
    let (time, cpu, peak) = (pairs(|cost| cost.time), pairs(|cost| cost.cpu), pairs(|cost| cost.peak));
    format!("{:<21}{:<21}{:<7}", spread(time), spread(cpu), ratio(median(peak)))
}

/// The median, and the least and the most.
fn spread(values: Vec<f64>) -> String {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(0.0, f64::max);
    format!("{} ({}–{})", ratio(median(values)), ratio(least), ratio(most))
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

/// Of output, frames are counted.
#[allow(clippy::cast_precision_loss)]
fn units(item: &str, count: u64) -> f64 {
    let size = item.strip_prefix("logs-").and_then(|size| size.parse().ok()).unwrap_or(1);
    (count / size) as f64
}

/// How many of the units there are at the same time.
fn held(item: &str, units: f64) -> f64 {
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
    fn the_median_is_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(vec![4.0, 1.0]), 2.5);
    }

    #[test]
    fn ratios_are_those_of_pairs() {
        let cost =
            |time| Cost { time, cpu: 1.0, peak: 1.0, grown: 0.0, engine: 0.0, allocations: None, allocated: None };
        let told = ratios(&[cost(1.0), cost(9.0), cost(4.0)], &[cost(2.0), cost(3.0), cost(4.0)]);
        assert!(told.starts_with("1.00 (0.50–3.00)"), "{told}");
    }
}
