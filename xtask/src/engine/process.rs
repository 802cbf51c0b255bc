//! Processes: started, remembered across runs of xtask, and stopped.

use std::{
    collections::{HashMap, HashSet},
    fs,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};

/// A process that was started, told from any other that may have got its number since.
#[derive(Debug)]
pub(super) struct Recorded {
    pid: i32,
    started: String,
}

impl Recorded {
    /// Starts `command` in a process group of its own, and writes down what it is. All it says goes to `log`:
    /// whoever reads what xtask says must not wait for the end of a process that outlives it.
    pub(super) fn spawn(record: &Path, log: &Path, command: &mut Command) -> Result<()> {
        let output = fs::File::create(log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = command.process_group(0).spawn()?;
        let pid = i32::try_from(child.id())?;
        let started = start_time(pid).context("it ended at once")?;
        Ok(fs::write(record, format!("{pid} {started}"))?)
    }

    /// What was written down, if that process still runs.
    pub(super) fn read(record: &Path) -> Option<Self> {
        let text = fs::read_to_string(record).ok()?;
        let (pid, started) = text.split_once(' ')?;
        let recorded = Self { pid: pid.parse().ok()?, started: started.to_owned() };
        recorded.runs().then_some(recorded)
    }

    /// Kills it, and waits until it is gone.
    pub(super) fn kill(&self) -> Result<()> {
        signal(self.pid, Signal::KILL);
        self.stop(Duration::from_secs(10))
    }

    fn runs(&self) -> bool {
        start_time(self.pid).is_some_and(|started| started == self.started)
    }

    /// Asks it to end, and kills it if it does not within `patience`.
    pub(super) fn stop(&self, patience: Duration) -> Result<()> {
        signal(self.pid, Signal::TERM);
        let began = Instant::now();
        while self.runs() {
            if began.elapsed() > patience * 2 {
                bail!("process {} cannot be stopped", self.pid);
            }
            if began.elapsed() > patience {
                signal(self.pid, Signal::KILL);
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

/// Removes a file that names a process of an engine under `directory` that is gone, or going: it dies with its engine,
/// but not at once. Its number may be that of another process by now, which is left alone.
pub(super) fn forget(pid_file: &Path, directory: &Path) -> Result<()> {
    let Ok(text) = fs::read_to_string(pid_file) else { return Ok(()) };
    if let Ok(pid) = text.trim().parse() {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&line).contains(&format!("{}/", directory.display())) {
            Recorded { pid, started: start_time(pid).unwrap_or_default() }.kill()?;
        }
    }
    Ok(fs::remove_file(pid_file)?)
}

/// Kills what an engine that crashed left behind: its own programs, known by a path under `directory`, and the
/// processes of containers, which are their children.
pub(super) fn kill_all_under(directory: &Path) -> Result<()> {
    let needle = format!("{}/", directory.display());
    let mut parents = HashMap::new();
    let mut doomed = HashSet::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let arguments = String::from_utf8_lossy(&line);
        let is_of_docker = ["dockerd", "containerd", "docker-proxy", "podman", "conmon", "docker-registry", "sshd"]
            .iter()
            .any(|name| arguments.contains(name));
        if is_of_docker && arguments.contains(&needle) {
            doomed.insert(pid);
        }
        if let Some(parent) = stat(pid).and_then(|stat| stat.get(1)?.parse::<i32>().ok()) {
            parents.insert(pid, parent);
        }
    }
    let ancestors = |pid: i32| std::iter::successors(Some(pid), |pid| parents.get(pid).copied());
    for &pid in parents.keys() {
        if ancestors(pid).any(|pid| doomed.contains(&pid)) {
            signal(pid, Signal::KILL);
        }
    }
    Ok(())
}

/// A process that is gone needs no signal.
fn signal(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = kill_process(pid, signal);
    }
}

/// When the process started, in ticks of the kernel; none if there is no such process, or only its remains.
fn start_time(pid: i32) -> Option<String> {
    stat(pid).filter(|stat| stat[0] != "Z")?.get(19).cloned()
}

/// What the kernel tells of a process: its state, its parent, and so on.
fn stat(pid: i32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Before that comes a name in parentheses, which may hold anything.
    let fields = stat.rsplit_once(')')?.1;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}
