//! Runs checks that mostly compile in parallel with the engine suites, which mostly wait.

use std::{
    env,
    process::Command,
    thread::{self, JoinHandle},
    time::Instant,
};

use anyhow::{Context as _, Result, anyhow, ensure};

/// The tasks, with their arguments. They build in [`checks`](crate::checks), so that cargo does not wait for them.
const TASKS: [&[&str]; 5] = [&["deps"], &["package"], &["docs-rs"], &["macos"], &["windows", "--without-engine"]];

/// The checks, in a thread.
pub(crate) struct Beside(JoinHandle<Result<()>>);

/// Starts the checks, one after the other, as processes with a low priority.
pub(crate) fn start() -> Beside {
    Beside(thread::spawn(|| TASKS.iter().try_for_each(|task| run(task))))
}

impl Beside {
    /// Waits until all checks have passed, or one has failed.
    pub(crate) fn finish(self) -> Result<()> {
        self.0.join().map_err(|_| anyhow!("a check panicked"))?
    }
}

/// Runs a task, and prints its output when it has ended.
fn run(task: &[&str]) -> Result<()> {
    let name = task[0];
    let start = Instant::now();
    let mut command = Command::new("nice");
    let output = command.args(["-n", "10"]).arg(env::current_exe()?).args(task).output().context("nice")?;
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    println!("== {name} (in parallel with the suites): {} s\n{stdout}{stderr}", start.elapsed().as_secs());
    ensure!(output.status.success(), "{name}: failed");
    Ok(())
}
