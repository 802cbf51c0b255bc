//! Runs the fixture server and the clients, each in a separate process.

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

/// The result of one client process.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Cost {
    /// Wall-clock time, in seconds.
    pub(super) time: f64,
    /// CPU time, user and system, in seconds.
    pub(super) cpu: f64,
    /// Peak memory of the process, in bytes.
    pub(super) peak: f64,
    /// Increase of the peak during the benchmark, in bytes.
    pub(super) grown: f64,
    /// CPU time of the fixture server during the benchmark, in seconds.
    #[serde(default)]
    pub(super) engine: f64,
    pub(super) allocations: Option<f64>,
    /// Allocated bytes.
    pub(super) allocated: Option<f64>,
}

/// The results of one benchmark.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Costs {
    /// The size of the benchmark.
    pub(super) count: u64,
    /// By client, one result per round.
    pub(super) rounds: BTreeMap<String, Vec<Cost>>,
    /// By client, the result of the run that counts allocations.
    pub(super) counted: BTreeMap<String, Cost>,
}

/// The results of all benchmarks of a run.
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

/// Builds the programs of `benches/`, and returns their directory.
pub(super) fn build() -> Result<PathBuf> {
    let target = root().join("target/benches");
    let mut build = shell::command("cargo");
    build.current_dir(root().join("benches")).args(["build", "--release", "--locked"]);
    ensure!(build.env("CARGO_TARGET_DIR", &target).status()?.success(), "the benchmarks do not build");
    Ok(target.join("release"))
}

/// The programs of `benches/`, and the running fixture server.
pub(super) struct Runner {
    programs: PathBuf,
    socket: PathBuf,
    engine: Child,
}

impl Runner {
    pub(super) fn start() -> Result<Self> {
        let programs = build()?;
        let socket = std::env::temp_dir().join(format!("dockerclient-bench-{}.sock", std::process::id()));
        let engine = shell::command(&programs.join("fixture").display().to_string()).arg(&socket).spawn()?;
        let runner = Self { programs, socket, engine };
        // The server starts its threads first.
        while !runner.socket.exists() {
            thread::sleep(Duration::from_millis(10));
        }
        Ok(runner)
    }

    /// Runs the benchmark `item` of size `count` with each client in turn, `rounds` times, and once more counting allocations.
    pub(super) fn measure(&self, item: &str, count: u64, rounds: usize) -> Result<Costs> {
        let mut costs = Costs { count, rounds: BTreeMap::new(), counted: BTreeMap::new() };
        for _ in 0..rounds {
            for client in CLIENTS {
                costs.rounds.entry(client.to_owned()).or_default().push(self.once("client", item, client, count)?);
            }
        }
        for client in CLIENTS {
            costs.counted.insert(client.to_owned(), self.once("counted", item, client, count)?);
        }
        Ok(costs)
    }

    fn once(&self, program: &str, item: &str, client: &str, count: u64) -> Result<Cost> {
        let mut command = shell::command(&self.programs.join(program).display().to_string());
        command.args([item, client, &count.to_string()]).arg(&self.socket).stderr(Stdio::inherit());
        let before = cpu(self.engine.id())?;
        let output = shell::output(&mut command).with_context(|| format!("{item} with {client}"))?;
        Ok(Cost { engine: cpu(self.engine.id())? - before, ..serde_json::from_str(&output)? })
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        let _ = self.engine.kill();
        let _ = self.engine.wait();
        let _ = fs::remove_file(&self.socket);
    }
}

/// The CPU time of a process with all its threads, in seconds.
#[allow(clippy::cast_precision_loss)]
fn cpu(process: u32) -> Result<f64> {
    let stat = fs::read_to_string(Path::new("/proc").join(process.to_string()).join("stat"))?;
    // The fields after the name, which may contain any characters.
    let (_, fields) = stat.rsplit_once(')').context("no such process")?;
    let ticks = fields.split_ascii_whitespace().skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}
