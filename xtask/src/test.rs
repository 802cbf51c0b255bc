//! `cargo xtask test`: everything that must hold, and last what must hold on a real engine.

use std::{env, process::Command};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    engine::{self, Engine},
    fuzz, python, regen, root, shell, supply,
};

/// The versions at which the live suite runs: the oldest, the newest that Debian's engine speaks, and those between
/// that changed most.
const VERSIONS: [&str; 8] = ["1.15", "1.18", "1.19", "1.21", "1.24", "1.30", "1.40", "1.41"];

/// How long each fuzz target runs, in seconds.
const FUZZING: u32 = 6;

pub(crate) fn run() -> Result<()> {
    step("format", &mut cargo(&["fmt", "--all", "--check"]))?;
    step(
        "lints",
        &mut cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "--deny", "warnings"]),
    )?;
    step(
        "docs",
        cargo(&["doc", "--workspace", "--no-deps", "--all-features", "--document-private-items"])
            .env("RUSTDOCFLAGS", "--deny warnings"),
    )?;
    supply::run()?;
    println!("== regen");
    regen::run(regen::Mode::Check)?;
    step("tests without an engine", &mut cargo(&["test", "--workspace", "--all-features"]))?;
    println!("== docker-py on the double");
    python::run()?;
    println!("== fuzzing");
    fuzz::run(FUZZING)?;
    live()
}

/// Runs the live suite, against a private engine that is stopped again if it was not up.
fn live() -> Result<()> {
    if let Err(missing) = engine::can_run() {
        let message = format!("THE LIVE SUITE DID NOT RUN: {missing}");
        if env::var_os("CI").is_some() {
            bail!(message);
        }
        println!("\n{message}");
        return Ok(());
    }
    let engine = Engine::new();
    let was_up = engine.is_up();
    engine.up()?;
    let outcome = VERSIONS.iter().map(|version| live_at(&engine, version)).collect::<Result<Vec<_>>>();
    let newest = VERSIONS[VERSIONS.len() - 1];
    let reach = outcome.as_ref().map_or(Ok(0), |_| suite(&engine, "reach", newest));
    let monitors = outcome.as_ref().map_or(Ok(0), |_| suite(&engine, "monitors", newest));
    let soak = outcome.as_ref().map_or(Ok(0), |_| suite(&engine, "soak", newest));
    let conformance = outcome.as_ref().map_or_else(|_| Ok(0), |_| conformance(&engine));
    let name = engine.version();
    if !was_up {
        engine.down()?;
    }
    let counts = outcome?;
    let ran: Vec<String> =
        VERSIONS.iter().zip(counts).map(|(version, count)| format!("{version} ({count} tests)")).collect();
    println!(
        "\nlive: engine {} at API {}; by TLS, SSH and connectors ({} tests); monitors across its restarts ({} tests); \
         a soak of half a minute ({} test); the double compared with it at {} versions",
        name?,
        ran.join(", "),
        reach?,
        monitors?,
        soak?,
        conformance?
    );
    Ok(())
}

/// `cargo xtask soak`: the soak of the live suite, for longer, and told as it goes.
pub(crate) fn soak(minutes: u64) -> Result<()> {
    engine::can_run()?;
    let engine = Engine::new();
    let was_up = engine.is_up();
    engine.up()?;
    let mut command = cargo(&["test", "--quiet", "--all-features", "--test", "soak", "--", "--ignored", "--nocapture"]);
    let outcome = command
        .envs(engine.environment())
        .env("DOCKERCLIENT_TEST_API", VERSIONS[VERSIONS.len() - 1])
        .env("DOCKERCLIENT_TEST_XTASK", env::current_exe()?)
        .env("DOCKERCLIENT_TEST_SECONDS", (minutes * 60).to_string())
        .status();
    if !was_up {
        engine.down()?;
    }
    ensure!(outcome?.success(), "the soak failed");
    Ok(())
}

/// Compares the double with the engine, at each version; returns how many there were.
fn conformance(engine: &Engine) -> Result<usize> {
    VERSIONS.iter().try_for_each(|version| suite(engine, "conformance", version).map(|_| ()))?;
    Ok(VERSIONS.len())
}

fn live_at(engine: &Engine, version: &str) -> Result<usize> {
    suite(engine, "live", version)
}

/// Runs a suite that needs an engine at one version, and returns how many tests passed.
fn suite(engine: &Engine, name: &str, version: &str) -> Result<usize> {
    println!("== {name} suite at API {version}");
    let package = if name == "conformance" { "dockerclient-testkit" } else { "dockerclient" };
    let arguments = ["test", "--quiet", "--all-features", "--package", package, "--test", name, "--", "--ignored"];
    let mut command = cargo(&arguments);
    if name == "monitors" {
        // They stop the engine under each other's feet.
        command.arg("--test-threads=1");
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(engine.programs()).chain(env::split_paths(&path)))?;
    let output = command
        .envs(engine.environment())
        .env("PATH", path)
        .env("DOCKERCLIENT_TEST_API", version)
        .env("DOCKERCLIENT_TEST_XTASK", env::current_exe()?)
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let passed = text.lines().find_map(|line| line.strip_prefix("test result: ok. ")?.split(' ').next()?.parse().ok());
    if !output.status.success() {
        print!("{text}{}", String::from_utf8_lossy(&output.stderr));
        bail!("the {name} suite failed at API {version}");
    }
    let passed = passed.context("the suite told no result")?;
    ensure!(passed > 0, "the {name} suite has no tests");
    println!("{passed} passed");
    Ok(passed)
}

fn step(name: &str, command: &mut Command) -> Result<()> {
    println!("== {name}");
    ensure!(command.status()?.success(), "{name}: failed");
    Ok(())
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = shell::command("cargo");
    command.current_dir(root()).args(arguments);
    command
}
