//! `cargo xtask bench`: measures calls and streams, compared with bollard and a baseline.
//!
//! Each measurement is a separate process that uses the same fixture server. The clients take turns, so that other load on
//! the machine affects all of them, and ratios are computed per round. Without items, counts of instructions and
//! allocations are then compared with a committed table.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, bail, ensure};

use self::run::{Measured, Runner};

mod build;
mod collectors;
pub(crate) mod instructions;
mod machine;
mod run;
mod table;

/// The clients. Ratios compare the first with the others.
const CLIENTS: [&str; 3] = ["ours", "baseline", "bollard"];

/// The benchmarks, each with its full size and the minimum size that gives a useful result.
const ITEMS: [(&str, u64, u64); 15] = [
    ("ping", 20_000, 64),
    ("version", 20_000, 64),
    ("version-64", 40_000, 640),
    ("inspect", 10_000, 64),
    ("create", 10_000, 64),
    ("list-1", 20_000, 64),
    ("list-100", 2_000, 20),
    ("list-10000", 20, 3),
    ("events", 1_000_000, 1_000),
    ("stats", 100_000, 1_000),
    ("stats-streams", 1_000, 100),
    ("pull", 200_000, 1_000),
    ("logs-64", 1 << 30, 1 << 20),
    ("logs-4096", 1 << 30, 1 << 20),
    ("logs-32768", 1 << 30, 1 << 20),
];

#[derive(Debug, Default)]
struct Options {
    /// Divisor of the full size.
    divisor: Option<u64>,
    rounds: Option<usize>,
    save: Option<PathBuf>,
    compare: Option<PathBuf>,
    items: Vec<String>,
}

impl Options {
    fn parse(arguments: &[&str]) -> Result<Self> {
        let mut options = Self::default();
        let mut arguments = arguments.iter();
        while let Some(&argument) = arguments.next() {
            let mut value = || arguments.next().with_context(|| format!("{argument} requires a value"));
            match argument {
                "--quick" => (options.divisor, options.rounds) = (Some(20), Some(3)),
                "--divide" => options.divisor = Some(value()?.parse()?),
                "--rounds" => options.rounds = Some(value()?.parse()?),
                "--save" => options.save = Some(value()?.into()),
                "--compare" => options.compare = Some(value()?.into()),
                item if ITEMS.iter().any(|(name, ..)| *name == item) => options.items.push(item.to_owned()),
                other => {
                    let names: Vec<&str> = ITEMS.iter().map(|(name, ..)| *name).collect();
                    bail!("{other:?} is neither an option nor one of {}", names.join(", "));
                }
            }
        }
        ensure!(options.divisor != Some(0) && options.rounds != Some(0), "--rounds and --divide must not be 0");
        Ok(options)
    }

    fn includes(&self, item: &str) -> bool {
        self.items.is_empty() || self.items.iter().any(|included| included == item)
    }
}

pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    if arguments == ["--build"] {
        return build::run();
    }
    match arguments {
        ["--collectors"] => return collectors::run(),
        ["--instructions"] => return instructions::run(false),
        ["--instructions", "--write"] => return instructions::run(true),
        _ => {}
    }
    let options = Options::parse(arguments)?;
    // Read first, so that an invalid file is reported before the measurements.
    let before = options.compare.as_ref().map(Measured::load).transpose()?;
    let runner = Runner::start(&[])?;
    let mut measured = Measured::new(machine::describe(arguments)?);
    println!("{}\n\n{}", measured.machine, table::head());
    for (item, full, minimum) in ITEMS.iter().filter(|(item, ..)| options.includes(item)) {
        let count = (full / options.divisor.unwrap_or(1)).max(*minimum);
        // A multiple of the frame size, or of the number of concurrent calls.
        let multiple = if item.starts_with("logs-") {
            1 << 15
        } else if *item == "version-64" {
            64
        } else {
            1
        };
        let count = count / multiple * multiple;
        let costs = runner.measure(item, count, options.rounds.unwrap_or(5))?;
        println!("{}", table::rows(item, &costs, before.as_ref().and_then(|before| before.costs.get(*item))));
        measured.costs.insert((*item).to_owned(), costs);
    }
    println!("\n{}", table::LEGEND);
    if let Some(path) = options.save {
        fs::write(&path, serde_json::to_string_pretty(&measured)?)?;
    }
    drop(runner);
    if options.items.is_empty() {
        println!();
        instructions::run_if_possible()?;
    }
    Ok(())
}
