//! The suites that need an engine, on each engine there is.

use std::{collections::HashSet, env, fs, process::Command};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    engine::{Engine, Kind},
    regen, root,
};

/// The versions at which the live suite runs on Debian 12's engine: the oldest, the newest that it speaks, and those
/// between that changed most.
const VERSIONS: [&str; 8] = ["1.15", "1.18", "1.19", "1.21", "1.24", "1.30", "1.40", "1.41"];

/// The versions at which the double is compared with it: each of the oldest, and then those that changed most.
const COMPARED: [&str; 9] = ["1.15", "1.16", "1.17", "1.18", "1.21", "1.24", "1.30", "1.40", "1.41"];

/// The versions at which the live suite runs on Debian 13's engine.
const TRIXIE_VERSIONS: [&str; 4] = ["1.24", "1.41", "1.44", "1.45"];

/// The Podman that the exceptions are about, which is Debian 12's.
const PODMAN: &str = "4.3.";

/// The newest version that it speaks.
const PODMAN_VERSION: &str = "1.41";

/// What the live suite asks and Podman does otherwise, a test and a reason a line.
const PODMAN_EXCEPTIONS: &str = "tests/live/podman.txt";

/// How the reasons begin why an excepted test is not even tried.
const NOT_TRIED: [&str; 2] = ["waits forever: ", "by chance: "];

/// Runs the suites on all engines, and tells last what ran.
pub(crate) fn run() -> Result<()> {
    let told = [on(Kind::Docker)?, on(Kind::Trixie)?, on(Kind::Podman)?];
    println!("\n{}", told.join("\n"));
    Ok(())
}

/// Runs the suites on one engine.
pub(crate) fn run_on(kind: Kind) -> Result<()> {
    regen::run(regen::Mode::Check)?;
    println!("\n{}", on(kind)?);
    Ok(())
}

/// `cargo xtask soak`: the soak, for longer, and told as it goes.
pub(crate) fn soak(minutes: u64) -> Result<()> {
    Kind::Docker.prepare()?;
    let engine = Engine::new(Kind::Docker);
    let was_up = engine.is_up();
    engine.up()?;
    let newest = VERSIONS[VERSIONS.len() - 1];
    let outcome = command(&engine, "soak", newest).and_then(|mut command| {
        let command = command.arg("--nocapture").env("DOCKERCLIENT_TEST_SECONDS", (minutes * 60).to_string());
        Ok(command.status()?)
    });
    if !was_up {
        engine.down()?;
    }
    ensure!(outcome?.success(), "the soak failed");
    Ok(())
}

/// Runs the suites against a private engine that is stopped again if it was not up. Where there can be none, that is
/// what is told, or a failure of CI.
fn on(kind: Kind) -> Result<String> {
    if let Err(missing) = kind.prepare() {
        let message = format!("THE LIVE SUITE DID NOT RUN on {kind}: {missing:#}");
        // Debian 12's engine is a package away; whether the others can be had is up to the machine.
        ensure!(kind != Kind::Docker || env::var_os("CI").is_none(), message);
        return Ok(message);
    }
    println!("== {kind}");
    let engine = Engine::new(kind);
    let was_up = engine.is_up();
    engine.up()?;
    let outcome = match kind {
        Kind::Docker => docker(&engine),
        Kind::Trixie => trixie(&engine),
        Kind::Podman => podman(&engine),
    };
    let version = engine.version();
    if !was_up {
        engine.down()?;
    }
    Ok(format!("live: {kind} {} {}", version?, outcome?))
}

fn docker(engine: &Engine) -> Result<String> {
    let ran = live_at(engine, &VERSIONS)?;
    let newest = VERSIONS[VERSIONS.len() - 1];
    let reach = suite(engine, "reach", newest)?;
    let monitors = suite(engine, "monitors", newest)?;
    let soak = suite(engine, "soak", newest)?;
    let faults = suite(engine, "faults", newest)?;
    COMPARED.iter().try_for_each(|version| suite(engine, "conformance", version).map(|_| ()))?;
    Ok(format!(
        "at API {ran}; by TLS, SSH and connectors ({reach} tests); monitors across its restarts ({monitors} tests); \
         a soak of half a minute ({soak} test); an engine that vanishes ({faults} test); \
         the double compared with it at {} versions",
        COMPARED.len()
    ))
}

fn trixie(engine: &Engine) -> Result<String> {
    let ran = live_at(engine, &TRIXIE_VERSIONS)?;
    let reach = suite(engine, "reach", TRIXIE_VERSIONS[TRIXIE_VERSIONS.len() - 1])?;
    Ok(format!("at API {ran}; by TLS, SSH and connectors ({reach} tests)"))
}

/// Runs what is not excepted, which must pass, and what is, which must fail.
fn podman(engine: &Engine) -> Result<String> {
    if !engine.version()?.starts_with(PODMAN) {
        return Ok(format!("WAS NOT ASKED: {PODMAN_EXCEPTIONS} is about Podman {PODMAN}x"));
    }
    println!("== live suite at API {PODMAN_VERSION}, but for {PODMAN_EXCEPTIONS}");
    let text = fs::read_to_string(root().join(PODMAN_EXCEPTIONS))?;
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let exceptions: Vec<(&str, &str)> =
        lines.map(|line| line.split_once(": ").context(line.to_owned())).collect::<Result<_>>()?;
    let known = tests(engine)?;
    let gone: Vec<_> = exceptions.iter().map(|(test, _)| *test).filter(|test| !known.contains(*test)).collect();
    ensure!(gone.is_empty(), "{PODMAN_EXCEPTIONS}: there are no such tests: {gone:?}");

    let skipped = exceptions.iter().flat_map(|(test, _)| ["--skip", test]);
    let mut command = command(engine, "live", PODMAN_VERSION)?;
    let passed = passed(command.arg("--exact").args(skipped))?;
    println!("{passed} passed; what is excepted must fail");
    let is_tried = |reason: &str| NOT_TRIED.iter().all(|how| !reason.starts_with(how));
    let tried: Vec<&str> = exceptions.iter().filter(|(_, reason)| is_tried(reason)).map(|(test, _)| *test).collect();
    let output = self::command(engine, "live", PODMAN_VERSION)?.arg("--exact").args(&tried).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let failed: HashSet<&str> = text.lines().filter_map(|line| line.strip_prefix("    ")).collect();
    let mended: Vec<&&str> = tried.iter().filter(|test| !failed.contains(*test)).collect();
    ensure!(mended.is_empty(), "{PODMAN_EXCEPTIONS}: these pass, and are no exceptions any more: {mended:?}");
    Ok(format!("at API {PODMAN_VERSION} ({passed} tests; {} excepted, see {PODMAN_EXCEPTIONS})", exceptions.len()))
}

/// The names of all tests of the live suite.
fn tests(engine: &Engine) -> Result<HashSet<String>> {
    let output = command(engine, "live", PODMAN_VERSION)?.arg("--list").output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().filter_map(|line| line.strip_suffix(": test").map(str::to_owned)).collect())
}

/// Runs the live suite at each version, and tells how many tests passed.
fn live_at(engine: &Engine, versions: &[&str]) -> Result<String> {
    let told = versions.iter().map(|version| Ok(format!("{version} ({} tests)", suite(engine, "live", version)?)));
    Ok(told.collect::<Result<Vec<_>>>()?.join(", "))
}

/// Runs a suite that needs an engine at one version, and returns how many tests passed.
fn suite(engine: &Engine, name: &str, version: &str) -> Result<usize> {
    println!("== {name} suite at API {version}");
    let mut command = command(engine, name, version)?;
    if name == "monitors" {
        // They stop the engine under each other's feet.
        command.arg("--test-threads=1");
    }
    let passed = passed(&mut command)?;
    println!("{passed} passed");
    Ok(passed)
}

/// The command that runs a suite, where the engine's network is. What is added to it is for the test program.
fn command(engine: &Engine, name: &str, version: &str) -> Result<Command> {
    let package = if name == "conformance" { "dockerclient-testkit" } else { "dockerclient" };
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(engine.programs()).chain(env::split_paths(&path)))?;
    let mut command = engine.command("cargo");
    command
        .current_dir(root())
        .args(["test", "--quiet", "--all-features", "--package", package, "--test", name, "--", "--ignored"])
        .envs(engine.environment())
        .env("PATH", path)
        .env("DOCKERCLIENT_TEST_API", version)
        .env("DOCKERCLIENT_TEST_XTASK", env::current_exe()?);
    Ok(command)
}

/// Runs a test program, and returns how many tests passed.
fn passed(command: &mut Command) -> Result<usize> {
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        print!("{text}{}", String::from_utf8_lossy(&output.stderr));
        bail!("the suite failed");
    }
    let passed = text.lines().find_map(|line| line.strip_prefix("test result: ok. ")?.split(' ').next()?.parse().ok());
    let passed = passed.context("the suite told no result")?;
    ensure!(passed > 0, "the suite has no tests");
    Ok(passed)
}
