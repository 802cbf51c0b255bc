//! Measuring: the fixture engine, and clients in processes of their own that take turns.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use super::CLIENTS;
use crate::{root, shell};

/// What one process told of its work.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Cost {
    /// Seconds.
    pub(super) time: f64,
    /// Seconds of CPU, user and system.
    pub(super) cpu: f64,
    /// The most memory it had in use, in bytes.
    pub(super) peak: f64,
    /// By how much the work raised that, in bytes.
    pub(super) grown: f64,
    /// Seconds of CPU that the fixture engine spent meanwhile.
    #[serde(default)]
    pub(super) engine: f64,
    pub(super) allocations: Option<f64>,
    /// Bytes.
    pub(super) allocated: Option<f64>,
}

/// What a piece of work cost.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Costs {
    /// How much of it.
    pub(super) count: u64,
    /// By client, a cost a round.
    pub(super) rounds: BTreeMap<String, Vec<Cost>>,
    /// By client, with allocations counted.
    pub(super) counted: BTreeMap<String, Cost>,
}

/// All that was measured in a run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Measured {
    pub(super) machine: String,
    pub(super) costs: BTreeMap<String, Costs>,
}

impl Measured {
    pub(super) fn new(machine: String) -> Self {
        Self { machine, costs: BTreeMap::new() }
    }

    pub(super) fn load(path: &PathBuf) -> Result<Self> {
        let text = fs::read(path).with_context(|| path.display().to_string())?;
        serde_json::from_slice(&text).with_context(|| path.display().to_string())
    }
}

/// The programs of `benches/`, and the engine that runs.
pub(super) struct Runner {
    programs: PathBuf,
    socket: PathBuf,
    engine: Child,
}

impl Runner {
    pub(super) fn start() -> Result<Self> {
        let target = root().join("target/benches");
        let mut build = shell::command("cargo");
        build.current_dir(root().join("benches")).args(["build", "--release", "--locked"]);
        ensure!(build.env("CARGO_TARGET_DIR", &target).status()?.success(), "the benchmarks do not build");
        let programs = target.join("release");
        let socket = std::env::temp_dir().join(format!("dockerclient-bench-{}.sock", std::process::id()));
        let engine = shell::command(&programs.join("fixture").display().to_string()).arg(&socket).spawn()?;
        let runner = Self { programs, socket, engine };
        // It makes its threads first.
        while !runner.socket.exists() {
            thread::sleep(Duration::from_millis(10));
        }
        Ok(runner)
    }

    /// Does `count` of `item` with each client in turn, `rounds` times, and once more with allocations counted.
    pub(super) fn measure(&self, item: &str, count: u64, rounds: usize) -> Result<Costs> {
        let mut costs = Costs { count, rounds: BTreeMap::new(), counted: BTreeMap::new() };
        for _ in 0..rounds {
            for who in CLIENTS {
                costs.rounds.entry(who.to_owned()).or_default().push(self.once("client", item, who, count)?);
            }
        }
        for who in CLIENTS {
            costs.counted.insert(who.to_owned(), self.once("counted", item, who, count)?);
        }
        Ok(costs)
    }

    fn once(&self, program: &str, item: &str, who: &str, count: u64) -> Result<Cost> {
        let mut command = shell::command(&self.programs.join(program).display().to_string());
        command.args([item, who, &count.to_string()]).arg(&self.socket).stderr(Stdio::inherit());
        let before = cpu(self.engine.id())?;
        let told = shell::output(&mut command).with_context(|| format!("{item} by {who}"))?;
        Ok(Cost { engine: cpu(self.engine.id())? - before, ..serde_json::from_str(&told)? })
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        let _ = self.engine.kill();
        let _ = self.engine.wait();
        let _ = fs::remove_file(&self.socket);
    }
}

/// The seconds of CPU that a process has used, all its threads included.
#[allow(clippy::cast_precision_loss)]
fn cpu(process: u32) -> Result<f64> {
    let stat = fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat"))?;
    // Behind the name, which may hold anything.
    let (_, fields) = stat.rsplit_once(')').context("no such process")?;
    let ticks = fields.split_ascii_whitespace().skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}
