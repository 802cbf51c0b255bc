//! Runs the fixture server and the clients, each in a separate process.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
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

/// Builds the programs of `benches/` with the `features`, which are options of cargo, and returns their directory.
pub(super) fn build(features: &[&str]) -> Result<PathBuf> {
    let target = root().join("target/benches");
    let mut build = shell::command("cargo");
    build.current_dir(root().join("benches")).args(["build", "--release", "--locked"]).args(features);
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
    /// Builds the programs with the `features`, which are options of cargo, and starts the server.
    pub(super) fn start(features: &[&str]) -> Result<Self> {
        let programs = build(features)?;
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
        let mut command = shell::command(&self.program(program));
        self.add_arguments(&mut command, item, client, count).stderr(Stdio::inherit());
        let before = cpu(self.engine.id())?;
        let output = shell::output(&mut command).with_context(|| format!("{item} with {client}"))?;
        Ok(Cost { engine: cpu(self.engine.id())? - before, ..serde_json::from_str(&output)? })
    }

    /// Returns the number of allocations of the benchmark `item`.
    pub(super) fn allocations(&self, item: &str, client: &str, count: u64) -> Result<f64> {
        self.once("counted", item, client, count)?.allocations.context("allocations were not counted")
    }

    /// Returns the number of instructions of the whole process, as counted by callgrind.
    pub(super) fn instructions(&self, item: &str, client: &str, count: u64) -> Result<u64> {
        let mut command = shell::command("valgrind");
        command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(self.program("client"));
        let Output { status, stderr, .. } = self.add_arguments(&mut command, item, client, count).output()?;
        let log = String::from_utf8_lossy(&stderr);
        ensure!(status.success(), "{item} with {client}, in valgrind: {status}: {}", log.trim());
        let collected = log.lines().find_map(|line| line.split_once("Collected : "));
        let (_, collected) = collected.context("callgrind printed no count of instructions")?;
        Ok(collected.trim().parse()?)
    }

    fn program(&self, name: &str) -> String {
        self.programs.join(name).display().to_string()
    }

    fn add_arguments<'a>(&self, command: &'a mut Command, item: &str, client: &str, count: u64) -> &'a mut Command {
        command.args([item, client, &count.to_string()]).arg(&self.socket)
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
