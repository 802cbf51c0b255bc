//! The conditions of a measurement: machine, date, versions, command.

use std::fs;

use anyhow::Result;

use crate::{root, shell};

pub(super) fn describe(arguments: &[&str]) -> Result<String> {
    let date = shell::output(shell::command("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]))?;
    let kernel = shell::output(shell::command("uname").args(["-srm"]))?;
    let rustc = shell::output(shell::command("rustc").arg("-V"))?;
    let commit = shell::output(shell::command("git").current_dir(root()).args(["rev-parse", "--short", "HEAD"]));
    let lock = fs::read_to_string(root().join("benches/Cargo.lock"))?;
    let versions: Vec<String> = ["bollard", "dockerclient", "hyper", "serde_json"]
        .iter()
        .map(|name| format!("{name} {}", locked(&lock, name).unwrap_or("?")))
        .collect();
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let models: Vec<&str> = cpus.lines().filter(|line| line.starts_with("model name")).collect();
    let model = models.first().and_then(|line| line.split_once(": ")).map_or("CPUs", |(_, model)| model);
    let command = ["cargo xtask bench"].iter().chain(arguments).copied().collect::<Vec<_>>().join(" ");
    Ok(format!(
        "{command}\n{}, load {}\n{} × {model}, {}, {}\n{}, commit {}",
        date.trim(),
        load()?,
        models.len(),
        kernel.trim(),
        rustc.trim(),
        versions.join(", "),
        commit.as_deref().map_or("unknown", str::trim),
    ))
}

/// The load average of the last minute.
pub(super) fn load() -> Result<String> {
    let load = fs::read_to_string("/proc/loadavg")?;
    Ok(load.split(' ').next().unwrap_or_default().to_owned())
}

fn locked<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let (_, package) = lock.split_once(&format!("\nname = \"{name}\"\nversion = \""))?;
    package.split('"').next()
}
