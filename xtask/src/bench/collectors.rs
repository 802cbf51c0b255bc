//! `cargo xtask bench --collectors`: the cost of collecting the logs of many containers of a real engine, compared with the
//! loop of a log shipper that uses bollard.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use super::machine;
use crate::{
    engine::{Engine, Kind},
    shell,
};

const CONTAINERS: u64 = 60;
const LABEL: &str = "dockerclient-bench";
const ROUNDS: usize = 3;

/// Writes a line, and then one line or a hundred per second while there is a file.
const SCRIPT: &str = "echo started; while true; do sleep 1; [ -e /single ] && echo a line of some length for the log; \
                      [ -e /burst ] && seq 1000000 1000099; done";

/// The cost of a collector since its start.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
struct Cost {
    /// CPU time, in seconds.
    cpu: f64,
    sockets: u64,
    lines: u64,
}

pub(super) fn run() -> Result<()> {
    println!("{}\n", machine::describe(&["--collectors"])?);
    let programs = super::run::build(&[])?;
    Kind::Docker.prepare()?;
    let engine = Engine::new(Kind::Docker);
    let was_up = engine.is_up();
    let outcome = engine.up().and_then(|()| compare(&engine, &programs.join("collectors")));
    if !was_up {
        engine.down()?;
    }
    outcome
}

fn compare(engine: &Engine, program: &Path) -> Result<()> {
    let docker = Docker(engine.address());
    let containers = (0..CONTAINERS)
        .map(|_| docker.run(&["run", "--detach", "--label", LABEL, "--network", "none", "busybox", "sh", "-c", SCRIPT]))
        .collect::<Result<Vec<_>>>();
    let outcome = containers
        .as_ref()
        .map_err(|error| anyhow::anyhow!("{error:#}"))
        .and_then(|ids| measure(&docker, ids, program));
    for id in docker.run(&["ps", "--all", "--quiet", "--filter", &format!("label={LABEL}")])?.lines() {
        docker.run(&["rm", "--force", id])?;
    }
    outcome
}

fn measure(docker: &Docker, containers: &[String], program: &Path) -> Result<()> {
    println!(
        "{:<9}{:>8}{:>12}{:>16}{:>12}{:>18}{:>19}",
        "", "sockets", "start, ms", "100 execs, ms", "20 s, ms", "single line, µs", "of a hundred, µs"
    );
    for _ in 0..ROUNDS {
        for client in ["ours", "bollard"] {
            let mut collector = Collector::start(program, client, docker)?;
            thread::sleep(Duration::from_secs(5));
            let started = collector.cost()?;
            ensure!(started.lines >= CONTAINERS, "{client}: {} lines of {CONTAINERS} containers", started.lines);
            for _ in 0..100 {
                docker.run(&["exec", &containers[0], "true"])?;
            }
            let executed = collector.cost()?;
            thread::sleep(Duration::from_secs(20));
            let silent = collector.cost()?;
            let single = line(docker, containers, &mut collector, "/single")?;
            let burst = line(docker, containers, &mut collector, "/burst")?;
            println!(
                "{client:<9}{:>8}{:>12.1}{:>16.1}{:>12.1}{single:>18.1}{burst:>19.1}",
                silent.sockets,
                started.cpu * 1e3,
                (executed.cpu - started.cpu) * 1e3,
                (silent.cpu - executed.cpu) * 1e3,
            );
        }
    }
    Ok(())
}

/// Measures the CPU time per line, in microseconds, while the containers write because they have the file `path`.
fn line(docker: &Docker, containers: &[String], collector: &mut Collector, path: &str) -> Result<f64> {
    let all = |command| containers.iter().try_for_each(|id| docker.run(&["exec", id, command, path]).map(|_| ()));
    all("touch")?;
    let before = collector.cost()?;
    thread::sleep(Duration::from_secs(20));
    let after = collector.cost()?;
    all("rm")?;
    let lines = after.lines - before.lines;
    ensure!(lines > 0, "no lines");
    #[allow(clippy::cast_precision_loss)]
    Ok((after.cpu - before.cpu) * 1e6 / lines as f64)
}

/// The Docker CLI, with the address of the engine.
struct Docker(String);

impl Docker {
    fn run(&self, arguments: &[&str]) -> Result<String> {
        let output = shell::output(shell::command("docker").args(arguments).env("DOCKER_HOST", &self.0))?;
        Ok(output.trim().to_owned())
    }
}

/// A running collector.
struct Collector {
    process: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Collector {
    fn start(program: &Path, client: &str, docker: &Docker) -> Result<Self> {
        let socket = docker.0.strip_prefix("unix://").context("the engine listens on a Unix socket")?;
        let mut command = Command::new(program);
        command.args([client, socket, LABEL]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let (stdin, stdout) = (process.stdin.take().context("stdin")?, process.stdout.take().context("stdout")?);
        Ok(Self { process, stdin, stdout: BufReader::new(stdout) })
    }

    fn cost(&mut self) -> Result<Cost> {
        writeln!(self.stdin)?;
        let mut line = String::new();
        self.stdout.read_line(&mut line)?;
        serde_json::from_str(&line).context("the collector has ended")
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
