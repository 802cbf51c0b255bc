//! `cargo xtask bench`: what calls and streams cost, beside bollard and a floor.
//!
//! Each measurement is a process of its own, against one fixture engine; the clients take turns,
//! so that whatever else the machine does hits all of them. Ratios are taken turn by turn.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result, bail, ensure};

use self::run::{Measured, Runner};

mod build;
mod machine;
mod run;
mod table;

/// Who is measured. The first is who it is about.
const CLIENTS: [&str; 3] = ["ours", "floor", "bollard"];

/// What is measured: how much of it at full size, and the least that tells something.
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
    /// The size is divided by this.
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
            let mut value = || arguments.next().with_context(|| format!("{argument} wants a value"));
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
        ensure!(options.divisor != Some(0) && options.rounds != Some(0), "nothing is measured in 0 rounds or 0 parts");
        Ok(options)
    }

    fn wants(&self, item: &str) -> bool {
        self.items.is_empty() || self.items.iter().any(|wanted| wanted == item)
    }
}

pub(crate) fn run(arguments: &[&str]) -> Result<()> {
    if arguments == ["--build"] {
        return build::run();
    }
    let options = Options::parse(arguments)?;
    // Whatever is wrong with it should be known before an hour of measuring.
    let before = options.compare.as_ref().map(Measured::load).transpose()?;
    let runner = Runner::start()?;
    let mut measured = Measured::new(machine::describe(arguments)?);
    println!("{}\n\n{}", measured.machine, table::head());
    for (item, full, least) in ITEMS.iter().filter(|(item, ..)| options.wants(item)) {
        let count = (full / options.divisor.unwrap_or(1)).max(*least);
        // Whole frames of output, and calls at once that can be shared out evenly.
        let part = if item.starts_with("logs-") {
            1 << 15
        } else if *item == "version-64" {
            64
        } else {
            1
        };
        let count = count / part * part;
        let costs = runner.measure(item, count, options.rounds.unwrap_or(5))?;
        println!("{}", table::rows(item, &costs, before.as_ref().and_then(|before| before.costs.get(*item))));
        measured.costs.insert((*item).to_owned(), costs);
    }
    println!("\n{}", table::LEGEND);
    if let Some(path) = options.save {
        fs::write(&path, serde_json::to_string_pretty(&measured)?)?;
    }
    Ok(())
}
