//! `cargo xtask bench --instructions`: counts instructions and allocations per unit, and compares them with a committed table.
//!
//! Unlike time, these counts are reproducible: callgrind, which is part of valgrind, counts the instructions of the client
//! alone. Two sizes are measured, and the difference is divided by the difference of the sizes, so that the start of the
//! process does not count. The counts depend on the compiler, the C library, valgrind and the maker of the processor; with
//! others than those of the table, they are printed and not compared.

use std::{collections::BTreeMap, env, fmt::Write as _, fs};

use anyhow::{Context, Result, bail, ensure};

use super::run::Runner;
use crate::{packages, root, shell};

/// The items: the smaller and the larger number of units, and the size of a unit in the argument of the client.
const ITEMS: [(&str, u64, u64, u64); 10] = [
    ("ping", 200, 1200, 1),
    ("version", 200, 1200, 1),
    ("inspect", 200, 1200, 1),
    ("list-1", 200, 1200, 1),
    ("list-100", 20, 120, 1),
    ("create", 200, 1200, 1),
    ("stats", 500, 2500, 1),
    ("logs-64", 2000, 22_000, 64),
    ("batches-64", 2000, 22_000, 64),
    ("events", 1000, 11_000, 1),
];

/// The relative increase that is not a regression. Which data arrives in one read depends on the system.
const TOLERANCE: f64 = 0.05;

const TABLE: &str = "benches/instructions.txt";

const HEAD: &str =
    "# Instructions and allocations per unit, from `cargo xtask bench --instructions`; `--write` updates them.";

/// The counts per unit.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Counts {
    instructions: f64,
    allocations: f64,
}

/// The compiler and the C library, and the counts by item.
#[derive(Debug, PartialEq)]
struct Table {
    environment: String,
    counts: BTreeMap<String, Counts>,
}

/// Compares with the table, or writes it.
pub(super) fn run(writes: bool) -> Result<()> {
    packages::require("valgrind", &["valgrind"])?;
    let mut measured = Table { environment: environment()?, counts: BTreeMap::new() };
    let runner = Runner::start(&["--no-default-features"])?;
    println!(
        "{}\n\n{:<12}{:>12}{:>11}{:>7}{:>13}",
        measured.environment, "item", "instructions", "baseline", "×", "allocs"
    );
    for item in ITEMS {
        let (ours, baseline) = (measure(&runner, item, "ours")?, measure(&runner, item, "baseline")?);
        let (name, instructions) = (item.0, ours.instructions);
        // The baseline of output only reads.
        let ratio = Some(instructions / baseline.instructions).filter(|ratio| *ratio < 100.0);
        let ratio = ratio.map_or("-".to_owned(), |ratio| format!("{ratio:.2}"));
        println!("{name:<12}{instructions:>12.0}{:>11.0}{ratio:>7}{:>13.2}", baseline.instructions, ours.allocations);
        measured.counts.insert(name.to_owned(), ours);
    }
    let path = root().join(TABLE);
    if writes {
        return Ok(fs::write(path, measured.to_string())?);
    }
    let expected: Table = fs::read_to_string(path).context(TABLE)?.parse()?;
    if expected.environment != measured.environment {
        println!("\nNOT COMPARED: {TABLE} is for {}", expected.environment);
        return Ok(());
    }
    let Changes { regressions, improvements } = Changes::between(&expected, &measured);
    if !improvements.is_empty() {
        println!("\nimprovements, which `--write` puts into {TABLE}:\n{}", improvements.join("\n"));
    }
    ensure!(regressions.is_empty(), "regressions, compared with {TABLE}:\n{}", regressions.join("\n"));
    Ok(())
}

/// Compares with the table if valgrind is installed or can be installed, which CI expects.
pub(crate) fn run_if_possible() -> Result<()> {
    if let Err(missing) = packages::require("valgrind", &["valgrind"]) {
        let message = format!("NOT CHECKED: {missing:#}");
        ensure!(env::var_os("CI").is_none(), message);
        println!("{message}");
        return Ok(());
    }
    run(false)
}

/// The versions that the counts depend on, and the maker of the processor, for which the C library selects functions.
fn environment() -> Result<String> {
    let rustc = shell::output(shell::command("rustc").arg("-V"))?;
    let libc = shell::output(shell::command("getconf").arg("GNU_LIBC_VERSION"))?;
    let valgrind = shell::output(shell::command("valgrind").arg("--version"))?;
    let processor = fs::read_to_string("/proc/cpuinfo")?;
    let vendor = processor.lines().find_map(|line| line.strip_prefix("vendor_id\t: ")).unwrap_or("unknown processor");
    Ok(format!("{}, {}, {}, {vendor}", rustc.trim(), libc.trim(), valgrind.trim()))
}

#[allow(clippy::cast_precision_loss)]
fn measure(runner: &Runner, (item, few, many, size): (&str, u64, u64, u64), client: &str) -> Result<Counts> {
    let per_unit = |count: &dyn Fn(u64) -> Result<f64>| -> Result<f64> {
        Ok((count(many * size)? - count(few * size)?) / (many - few) as f64)
    };
    Ok(Counts {
        instructions: per_unit(&|count| runner.instructions(item, client, count).map(|count| count as f64))?,
        allocations: per_unit(&|count| runner.allocations(item, client, count))?,
    })
}

/// The differences beyond the tolerance, one line each.
#[derive(Debug, Default)]
struct Changes {
    regressions: Vec<String>,
    improvements: Vec<String>,
}

impl Changes {
    fn between(expected: &Table, measured: &Table) -> Self {
        let mut changes = Self::default();
        for (item, now) in &measured.counts {
            let Some(then) = expected.counts.get(item) else {
                changes.regressions.push(format!("{item}: not in the table"));
                continue;
            };
            changes.compare(item, "instructions", then.instructions, now.instructions);
            changes.compare(item, "allocations", then.allocations, now.allocations);
        }
        changes
    }

    fn compare(&mut self, item: &str, what: &str, then: f64, now: f64) {
        // A stream allocates once per read, which is a fraction per item.
        let tolerance = (then * TOLERANCE).max(0.1);
        let line = || match then {
            0.0 => format!("{item}: {now:.2} {what}, none in the table"),
            _ => format!("{item}: {now:.2} {what}, {then:.2} in the table ({:+.1} %)", 100.0 * (now / then - 1.0)),
        };
        if now > then + tolerance {
            self.regressions.push(line());
        } else if now < then - tolerance {
            self.improvements.push(line());
        }
    }
}

impl std::fmt::Display for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut text = format!("{HEAD}\n{}\n", self.environment);
        for (item, ..) in ITEMS {
            if let Some(Counts { instructions, allocations }) = self.counts.get(item) {
                writeln!(text, "{item:<12}{instructions:>8.0}{allocations:>10.2}")?;
            }
        }
        f.write_str(&text)
    }
}

impl std::str::FromStr for Table {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let environment = lines.next().context("the table is empty")?.to_owned();
        let mut counts = BTreeMap::new();
        for line in lines {
            let [item, instructions, allocations] = line.split_ascii_whitespace().collect::<Vec<_>>()[..] else {
                bail!("invalid line in the table: {line:?}");
            };
            let of = Counts { instructions: instructions.parse()?, allocations: allocations.parse()? };
            counts.insert(item.to_owned(), of);
        }
        Ok(Self { environment, counts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(instructions: f64, allocations: f64) -> Table {
        let counts = BTreeMap::from([("ping".to_owned(), Counts { instructions, allocations })]);
        Table { environment: "rustc 1.95.0, glibc 2.36".to_owned(), counts }
    }

    #[test]
    fn instruction_table_is_parsed_as_written() {
        let table = table(49_289.0, 35.25);
        assert_eq!(table.to_string().parse::<Table>().unwrap(), table);
        assert!("".parse::<Table>().is_err() && "rustc\nping 1".parse::<Table>().is_err());
    }

    #[test]
    fn committed_instruction_table_has_every_item() {
        let table: Table = fs::read_to_string(root().join(TABLE)).unwrap().parse().unwrap();
        let missing: Vec<_> = ITEMS.iter().filter(|(item, ..)| !table.counts.contains_key(*item)).collect();
        assert!(missing.is_empty() && table.counts.len() == ITEMS.len(), "{missing:?}");
    }

    #[test]
    fn instruction_regression_is_more_than_five_percent() {
        let before = table(1000.0, 20.0);
        let changes = |instructions, allocations| Changes::between(&before, &table(instructions, allocations));
        assert!(changes(1049.0, 21.0).regressions.is_empty() && changes(951.0, 19.0).improvements.is_empty());
        assert_eq!(changes(1060.0, 20.0).regressions, ["ping: 1060.00 instructions, 1000.00 in the table (+6.0 %)"]);
        assert_eq!(changes(900.0, 22.0).regressions, ["ping: 22.00 allocations, 20.00 in the table (+10.0 %)"]);
        assert_eq!(changes(900.0, 22.0).improvements, ["ping: 900.00 instructions, 1000.00 in the table (-10.0 %)"]);
        let other = Table { counts: BTreeMap::new(), ..table(0.0, 0.0) };
        assert_eq!(Changes::between(&other, &before).regressions, ["ping: not in the table"]);
    }
}
