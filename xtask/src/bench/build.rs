//! `cargo xtask bench --build`: measures a cold build of a program that depends on this library, a rebuild after a change of the
//! program, and the size of the program, compared with bollard; and the time of each crate of the cold build.
//!
//! On a shared machine, CPU time is more reliable than wall-clock time.

use std::{
    collections::{BTreeMap, BTreeSet},
    env, fs,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::machine;
use crate::{root, shell};

const ROUNDS: usize = 2;

/// The number of crates that are listed with their time.
const SLOWEST: usize = 25;

pub(super) fn run() -> Result<()> {
    println!("{}\n", machine::describe(&["--build"])?);
    let library = format!("{{ path = {:?} }}", root());
    let lock = fs::read_to_string(root().join("benches/Cargo.lock"))?;
    let (_, bollard) = lock.split_once("\nname = \"bollard\"\nversion = \"").context("no bollard in the lock file")?;
    let version = bollard.split('"').next().unwrap_or_default();
    let users = [
        User::new("dockerclient", &library, "DockerClient::from_env()")?,
        User::new("bollard", &format!("\"={version}\""), "Docker::connect_with_defaults()")?,
    ];
    for user in &users {
        shell::run(user.cargo().arg("fetch"))?;
        println!("{:<14}{} crates", user.name, user.crates("normal,build")?.len());
    }
    println!("\n{:<14}{:>9}{:>9}{:>9}{:>9}", "", "wall s", "user s", "system s", "load");
    for _ in 0..ROUNDS {
        for user in &users {
            user.build()?;
        }
    }
    println!();
    for user in &users {
        println!("{:<14}rebuild {:.1} s, program {} kB", user.name, user.rebuild()?, user.size()? / 1024);
    }
    print_crates(&users)
}

/// Prints the time of each crate of this library's build, and why it is there.
fn print_crates([ours, bollard]: &[User; 2]) -> Result<()> {
    let (running, shared) = (ours.crates("normal")?, bollard.crates("normal,build")?);
    let why = |name: &String| match (running.contains(name), shared.contains(name)) {
        (_, true) => "in both builds",
        (true, false) => "library",
        (false, false) => "generator",
    };
    println!("\nseconds of each crate of dockerclient's build, one after the other, and why it is there:");
    let (times, mut sums) = (ours.crate_times()?, BTreeMap::<&str, f64>::new());
    for (index, (name, seconds)) in times.iter().enumerate() {
        *sums.entry(why(name)).or_default() += seconds;
        if index < SLOWEST {
            println!("{seconds:>7.1}  {name:<28}{}", why(name));
        }
    }
    println!("\nsums:");
    for (why, seconds) in sums {
        println!("{seconds:>7.1}  {why}");
    }
    Ok(())
}

/// A program that depends on one of the libraries, with its default features.
struct User {
    name: &'static str,
    folder: PathBuf,
}

impl User {
    fn new(name: &'static str, dependency: &str, connect: &str) -> Result<Self> {
        let folder = env::temp_dir().join(format!("dockerclient-bench-{}-{name}", std::process::id()));
        fs::create_dir_all(folder.join("src"))?;
        let manifest = format!(
            "[package]\nname = \"user\"\nversion = \"0.0.0\"\nedition = \"2024\"\n\n[workspace]\n\n\
            [dependencies]\n{name} = {dependency}\ntokio = {{ version = \"1\", features = [\"macros\", \"rt\"] }}\n"
        );
        let program = format!(
            "#[tokio::main(flavor = \"current_thread\")]\nasync fn main() {{\n    \
            {name}::{connect}.unwrap().ping().await.unwrap();\n}}\n"
        );
        fs::write(folder.join("Cargo.toml"), manifest)?;
        fs::write(folder.join("src/main.rs"), program)?;
        Ok(Self { name, folder })
    }

    fn cargo(&self) -> std::process::Command {
        let mut command = shell::command("cargo");
        command.current_dir(&self.folder).env("CARGO_TARGET_DIR", self.folder.join("target"));
        command
    }

    /// Builds without incremental compilation, which cargo does not use for crates of a registry, but for this one.
    fn cold(&self, options: &[&str]) -> std::process::Command {
        let mut command = self.cargo();
        command.args(["build", "--offline", "--quiet"]).args(options).env("CARGO_INCREMENTAL", "0");
        command
    }

    /// The crates that it depends on by these `edges`, with their versions.
    fn crates(&self, edges: &str) -> Result<BTreeSet<String>> {
        let tree = shell::output(self.cargo().args(["tree", "--edges", edges, "--prefix", "none"]))?;
        let crates = tree.lines().filter_map(|line| {
            let (name, version) = line.split_once(" v")?;
            Some(format!("{name} {}", version.split(' ').next()?))
        });
        Ok(crates.filter(|name| !name.starts_with("user ")).collect())
    }

    fn clean(&self) -> Result<()> {
        let target = self.folder.join("target");
        if target.exists() {
            fs::remove_dir_all(&target)?;
        }
        Ok(())
    }

    fn build(&self) -> Result<()> {
        self.clean()?;
        let (before, load) = (children_cpu()?, machine::load()?);
        let start = Instant::now();
        let built = shell::output(&mut self.cold(&[]));
        let wall = start.elapsed().as_secs_f64();
        built?;
        let after = children_cpu()?;
        println!("{:<14}{wall:>9.1}{:>9.1}{:>9.1}{load:>9}", self.name, after.0 - before.0, after.1 - before.1);
        Ok(())
    }
}

impl User {
    /// Changes the program, and returns the time of building it again, in seconds.
    fn rebuild(&self) -> Result<f64> {
        let file = self.folder.join("src/main.rs");
        let program = fs::read_to_string(&file)?;
        // The first build is incremental for the library too.
        let mut seconds = 0.0;
        for change in ["", "const _: () = ();\n"] {
            fs::write(&file, program.clone() + change)?;
            let start = Instant::now();
            shell::run(self.cargo().args(["build", "--offline", "--quiet"]))?;
            seconds = start.elapsed().as_secs_f64();
        }
        Ok(seconds)
    }

    /// The size of the optimized program without symbols, in bytes.
    fn size(&self) -> Result<u64> {
        shell::run(
            self.cargo()
                .args(["build", "--offline", "--quiet", "--release"])
                .env("CARGO_PROFILE_RELEASE_STRIP", "true"),
        )?;
        Ok(fs::metadata(self.folder.join("target/release/user"))?.len())
    }

    /// The time of each crate of a cold build, with its build script, in seconds, the longest first.
    fn crate_times(&self) -> Result<Vec<(String, f64)>> {
        self.clean()?;
        shell::run(&mut self.cold(&["--timings", "--jobs=1"]))?;
        let report = fs::read_to_string(self.folder.join("target/cargo-timings/cargo-timing.html"))?;
        let (_, units) = report.split_once("const UNIT_DATA = ").context("no units in the report of cargo")?;
        let units: Vec<Value> = serde_json::from_str(units.split(";\n").next().unwrap_or_default())?;
        let mut times = BTreeMap::<String, f64>::new();
        for unit in &units {
            let name =
                format!("{} {}", unit["name"].as_str().context("a name")?, unit["version"].as_str().unwrap_or("?"));
            *times.entry(name).or_default() += unit["duration"].as_f64().context("a duration")?;
        }
        let mut times: Vec<_> = times.into_iter().collect();
        times.sort_by(|one, other| other.1.total_cmp(&one.1));
        Ok(times)
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
