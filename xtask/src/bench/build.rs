//! `cargo xtask bench --build`: measures a cold build of a crate that depends on this library, compared with bollard.
//!
//! On a shared machine, CPU time is more reliable than wall-clock time.

use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result, ensure};

use super::machine;
use crate::{root, shell};

const ROUNDS: usize = 2;

pub(super) fn run() -> Result<()> {
    println!("{}\n", machine::describe(&["--build"])?);
    let library = format!("{{ path = {:?} }}", root());
    let lock = fs::read_to_string(root().join("benches/Cargo.lock"))?;
    let (_, bollard) = lock.split_once("\nname = \"bollard\"\nversion = \"").context("no bollard in the lock file")?;
    let version = bollard.split('"').next().unwrap_or_default();
    let users = [User::new("dockerclient", &library)?, User::new("bollard", &format!("\"={version}\""))?];
    for user in &users {
        shell::run(user.cargo().arg("fetch"))?;
        println!("{:<14}{} crates", user.name, user.crates()?);
    }
    println!("\n{:<14}{:>9}{:>9}{:>9}{:>9}", "", "wall s", "user s", "system s", "load");
    for _ in 0..ROUNDS {
        for user in &users {
            user.build()?;
        }
    }
    Ok(())
}

/// An empty crate that depends on one of the libraries, with its default features.
struct User {
    name: &'static str,
    folder: PathBuf,
}

impl User {
    fn new(name: &'static str, dependency: &str) -> Result<Self> {
        let folder = env::temp_dir().join(format!("dockerclient-bench-{}-{name}", std::process::id()));
        fs::create_dir_all(folder.join("src"))?;
        let manifest = format!(
            "[package]\nname = \"user\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
            [dependencies]\n{name} = {dependency}\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest)?;
        fs::write(folder.join("src/lib.rs"), "")?;
        Ok(Self { name, folder })
    }

    fn cargo(&self) -> std::process::Command {
        let mut command = shell::command("cargo");
        command.current_dir(&self.folder).env("CARGO_TARGET_DIR", self.folder.join("target"));
        command
    }

    /// The number of crates that are built, including build dependencies.
    fn crates(&self) -> Result<usize> {
        let tree = shell::output(self.cargo().args(["tree", "--edges", "normal,build", "--prefix", "none"]))?;
        let crates: BTreeSet<String> =
            tree.lines().map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
        Ok(crates.len().saturating_sub(1))
    }

    fn build(&self) -> Result<()> {
        let target = self.folder.join("target");
        if target.exists() {
            fs::remove_dir_all(&target)?;
        }
        let (before, load) = (children_cpu()?, machine::load()?);
        let start = Instant::now();
        let built = shell::output(self.cargo().args(["build", "--offline", "--quiet"]));
        let wall = start.elapsed().as_secs_f64();
        built?;
        let after = children_cpu()?;
        println!("{:<14}{wall:>9.1}{:>9.1}{:>9.1}{load:>9}", self.name, after.0 - before.0, after.1 - before.1);
        Ok(())
    }
}

impl Drop for User {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The CPU time of child processes that have exited, user and system, in seconds.
#[allow(clippy::cast_precision_loss)]
fn children_cpu() -> Result<(f64, f64)> {
    let stat = fs::read_to_string(Path::new("/proc/self/stat"))?;
    let (_, fields) = stat.rsplit_once(')').context("invalid /proc/self/stat")?;
    let ticks: Vec<u64> =
        fields.split_ascii_whitespace().skip(13).take(2).map_while(|field| field.parse().ok()).collect();
    ensure!(ticks.len() == 2, "no CPU times in /proc/self/stat");
    let second = rustix::param::clock_ticks_per_second() as f64;
    Ok((ticks[0] as f64 / second, ticks[1] as f64 / second))
}
