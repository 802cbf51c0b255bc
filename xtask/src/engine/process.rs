//! Starts background processes, records them in files across runs of xtask, and stops them.

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

/// A recorded process. The start time distinguishes it from a later process with the same pid.
#[derive(Debug)]
pub(super) struct Recorded {
    pid: i32,
    started: String,
}

impl Recorded {
    /// Starts `command` in a new process group, and writes its pid and start time to `record`. Its output is written to `log`:
    /// if it inherited xtask's output, a reader of that would wait until the process ends.
    pub(super) fn spawn(record: &Path, log: &Path, command: &mut Command) -> Result<()> {
        let output = fs::File::create(log)?;
        command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
        let child = command.process_group(0).spawn()?;
        let pid = i32::try_from(child.id())?;
        let started = start_time(pid).context("the process exited at once")?;
        Ok(fs::write(record, format!("{pid} {started}"))?)
    }

    /// The recorded process, if it still runs.
    pub(super) fn read(record: &Path) -> Option<Self> {
        let text = fs::read_to_string(record).ok()?;
        let (pid, started) = text.split_once(' ')?;
        let recorded = Self { pid: pid.parse().ok()?, started: started.to_owned() };
        recorded.runs().then_some(recorded)
    }

    /// Kills the process, and waits until it has exited.
    pub(super) fn kill(&self) -> Result<()> {
        signal(self.pid, Signal::KILL);
        self.stop(Duration::from_secs(10))
    }

    fn runs(&self) -> bool {
        start_time(self.pid).is_some_and(|started| started == self.started)
    }

    /// Sends SIGTERM, and SIGKILL if the process does not exit within `timeout`.
    pub(super) fn stop(&self, timeout: Duration) -> Result<()> {
        signal(self.pid, Signal::TERM);
        let began = Instant::now();
        while self.runs() {
            if began.elapsed() > timeout * 2 {
                bail!("process {} cannot be stopped", self.pid);
            }
            if began.elapsed() > timeout {
                signal(self.pid, Signal::KILL);
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

/// Removes the pid file of an engine in `directory`, after killing its process if it still runs: it exits with its
/// engine, but not immediately. A process of another program that has this pid now is not killed.
pub(super) fn remove_pid_file(pid_file: &Path, directory: &Path) -> Result<()> {
    let Ok(text) = fs::read_to_string(pid_file) else { return Ok(()) };
    if let Ok(pid) = text.trim().parse() {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        if String::from_utf8_lossy(&line).contains(&format!("{}/", directory.display())) {
            Recorded { pid, started: start_time(pid).unwrap_or_default() }.kill()?;
        }
    }
    Ok(fs::remove_file(pid_file)?)
}

/// Kills the processes that a crashed engine has left: its programs, which have a path in `directory` in their arguments, and
/// the processes of containers, which are their children.
pub(super) fn kill_all_under(directory: &Path) -> Result<()> {
    let needle = format!("{}/", directory.display());
    let mut parents = HashMap::new();
    let mut own = HashSet::new();
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(pid) = name.to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let arguments = String::from_utf8_lossy(&line);
        let is_engine = ["dockerd", "containerd", "docker-proxy", "podman", "conmon", "docker-registry", "sshd"]
            .iter()
            .any(|name| arguments.contains(name));
        if is_engine && arguments.contains(&needle) {
            own.insert(pid);
        }
        if let Some(parent) = stat(pid).and_then(|stat| stat.get(1)?.parse::<i32>().ok()) {
            parents.insert(pid, parent);
        }
    }
    let ancestors = |pid: i32| std::iter::successors(Some(pid), |pid| parents.get(pid).copied());
    for &pid in parents.keys() {
        if ancestors(pid).any(|pid| own.contains(&pid)) {
            signal(pid, Signal::KILL);
        }
    }
    Ok(())
}

/// Sends a signal. Ignores that the process has exited.
fn signal(pid: i32, signal: Signal) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = kill_process(pid, signal);
    }
}

/// The start time of the process, in clock ticks; `None` if it does not exist or is a zombie.
fn start_time(pid: i32) -> Option<String> {
    stat(pid).filter(|stat| stat[0] != "Z")?.get(19).cloned()
}

/// The fields of `/proc/PID/stat` after the name: state, parent, and so on.
fn stat(pid: i32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name, in parentheses, may contain any characters.
    let fields = stat.rsplit_once(')')?.1;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}
