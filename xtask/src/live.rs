//! `cargo xtask live` and `soak`: runs the test suites that need an engine.

use std::{env, process::Command};

use anyhow::{Context, Result, bail, ensure};

use crate::{
    engine::{Engine, Kind, Nodes},
    libtest, readme_example, regen, root, shell,
};

mod podman;

/// The API versions at which a suite runs on an engine.
#[derive(Debug)]
struct Versions {
    /// Those at which all tests run, of which the last is the newest that the engine supports.
    complete: &'static [&'static str],
    /// Those at which only the tests of `modules` run.
    versioned: &'static [&'static str],
    /// The modules whose tests can differ between API versions.
    modules: &'static [&'static str],
}

/// On Debian 12's Docker: the oldest, the newest, and those in between with the most changes.
const VERSIONS: Versions =
    Versions { complete: &["1.15", "1.21", NEWEST], versioned: &["1.18", "1.30"], modules: &VERSIONED };
const NEWEST: &str = "1.41";

/// On Debian 13's Docker: its oldest and its newest.
const TRIXIE_VERSIONS: Versions = Versions { complete: &[TRIXIE_NEWEST], versioned: &["1.24"], modules: &VERSIONED };
const TRIXIE_NEWEST: &str = "1.45";

/// On the Docker of Debian's unstable release: its oldest, its newest, and the first since which requests depend on the version
/// there and not on Debian 13's.
const SID_VERSIONS: Versions =
    Versions { complete: &["1.51"], versioned: &["1.24", "1.44", "1.48"], modules: &VERSIONED };

/// The modules of the live suite whose tests can differ between API versions.
const VERSIONED: [&str; 14] = [
    "builds::",
    "containers::",
    "create::",
    "document::",
    "exec::",
    "images::",
    "logs::",
    "models::",
    "networks::",
    "options::",
    "stats::",
    "system::",
    "update_and_prune::",
    "volumes::",
];

/// The number of tests that run at the same time on an engine: most of the suite's time is spent waiting.
const THREADS: &str = "--test-threads=6";

/// The API versions at which the fake engine is compared with Debian 12's Docker: the oldest, the newest, and those in between
/// with the most changes.
const COMPARED: [&str; 4] = ["1.15", "1.21", "1.30", NEWEST];

/// The API versions at which the fake engine is compared with it in swarm mode.
const COMPARED_SWARM: [&str; 2] = ["1.24", NEWEST];

/// The API versions at which the swarm suite runs on Debian 12's Docker: the oldest with swarm mode, the one that introduced
/// configs, and the newest, which introduced jobs. Engines treat the fields of services differently since 1.40.
const SWARM_VERSIONS: Versions =
    Versions { complete: &["1.24", "1.30", NEWEST], versioned: &["1.40"], modules: &SWARM_VERSIONED };

/// The API versions at which the swarm suite runs on Debian 13's Docker: since 1.44, services have no networks of their own.
const SWARM_TRIXIE_VERSIONS: Versions =
    Versions { complete: &[TRIXIE_NEWEST], versioned: &["1.44"], modules: &SWARM_VERSIONED };

/// The modules of the swarm suite whose tests can differ between API versions.
const SWARM_VERSIONED: [&str; 5] = ["configs::", "secrets::", "services::", "tasks::", "volumes::"];

/// Runs the suites on all engines, and returns a summary.
pub(crate) fn run() -> Result<String> {
    Ok(Kind::DEFAULT.into_iter().map(on).collect::<Result<Vec<_>>>()?.join("\n"))
}

/// Runs the suites on one engine.
pub(crate) fn run_on(kind: Kind) -> Result<()> {
    regen::run(regen::Mode::Check)?;
    // Built outside of the engine's network, which may have no access to crates.io.
    let mut build = shell::command("cargo");
    build.current_dir(root()).args(["test", "--quiet", "--workspace", "--all-features", "--no-run"]);
    ensure!(build.status()?.success(), "the suites do not build");
    println!("\n{}", on(kind)?);
    Ok(())
}

/// `cargo xtask soak`: runs the soak test for `minutes`, and prints its output.
pub(crate) fn soak(minutes: u64) -> Result<()> {
    Kind::Docker.prepare()?;
    let engine = Engine::new(Kind::Docker);
    let was_up = engine.is_up();
    engine.up()?;
    let outcome = command(&engine, "soak", NEWEST).and_then(|mut command| {
        let command = command.arg("--nocapture").env("DOCKERCLIENT_TEST_SECONDS", (minutes * 60).to_string());
        Ok(command.status()?)
    });
    if !was_up {
        engine.down()?;
    }
    ensure!(outcome?.success(), "the soak failed");
    Ok(())
}

/// Runs the suites on a private engine, and returns a summary. Stops the engine afterwards, unless it was up before. If the
/// engine is not available, the summary has the reason; in CI, that is an error for Docker.
fn on(kind: Kind) -> Result<String> {
    if let Err(missing) = kind.prepare() {
        let message = format!("THE LIVE SUITE DID NOT RUN on {kind}: {missing:#}");
        // Debian 12's Docker is an ordinary package; the availability of the others depends on the machine.
        ensure!(kind != Kind::Docker || env::var_os("CI").is_none(), message);
        return Ok(message);
    }
    println!("== {kind}");
    if kind == Kind::SwarmNodes {
        return nodes();
    }
    let engine = Engine::new(kind);
    let was_up = engine.is_up();
    if let Err(error) = engine.up() {
        if !was_up {
            engine.down()?;
        }
        return Err(error);
    }
    let outcome = match kind {
        Kind::Docker => docker(&engine),
        Kind::Trixie => trixie(&engine),
        Kind::Containerd => containerd(&engine),
        Kind::Sid => Ok(format!("at API {}", suite_at(&engine, "live", &SID_VERSIONS)?)),
        Kind::Podman => podman::run(&engine, &podman::PODMAN_4),
        Kind::Podman5 => podman::run(&engine, &podman::PODMAN_5),
        Kind::Swarm => swarm(&engine, &SWARM_VERSIONS).and_then(|ran| compared_swarm(&engine, &ran)),
        Kind::SwarmTrixie => swarm(&engine, &SWARM_TRIXIE_VERSIONS),
        Kind::SwarmNodes => bail!("{kind} are not one engine"),
    };
    let version = engine.version();
    if !was_up {
        engine.down()?;
    }
    Ok(format!("live: {kind} {} {}", version?, outcome?))
}

fn docker(engine: &Engine) -> Result<String> {
    println!("== README example");
    readme_example::run_on(&engine.address())?;
    let ran = suite_at(engine, "live", &VERSIONS)?;
    let transports = suite(engine, "transports", NEWEST)?;
    let monitors = suite(engine, "monitors", NEWEST)?;
    let soak = suite(engine, "soak", NEWEST)?;
    let faults = suite(engine, "faults", NEWEST)?;
    COMPARED.iter().try_for_each(|version| suite(engine, "conformance", version).map(|_| ()))?;
    Ok(format!(
        "at API {ran}; TLS, SSH and connectors ({transports} tests); monitors across restarts ({monitors} tests); \
         soak test of half a minute ({soak} test); host down ({faults} test); \
         comparison with the fake engine at {} versions",
        COMPARED.len()
    ))
}

fn trixie(engine: &Engine) -> Result<String> {
    let ran = suite_at(engine, "live", &TRIXIE_VERSIONS)?;
    let transports = suite(engine, "transports", TRIXIE_NEWEST)?;
    Ok(format!("at API {ran}; TLS, SSH and connectors ({transports} tests)"))
}

/// Runs a suite at each version, and returns the versions with the number of tests that passed.
fn suite_at(engine: &Engine, name: &str, versions: &Versions) -> Result<String> {
    let complete = versions.complete.iter().map(|version| (version, &[][..], ""));
    let versioned = versions.versioned.iter().map(|version| (version, versions.modules, " that depend on the version"));
    let mut ran = Vec::new();
    for (version, modules, which) in versioned.chain(complete) {
        println!("== {name} suite at API {version}: tests{which}");
        let passed = passed(command(engine, name, version)?.args(threads(name)).args(modules))?;
        println!("{passed} passed");
        ran.push(format!("{version} ({passed} tests{which})"));
    }
    if name == "live" {
        engine.check_is_empty()?;
    }
    Ok(ran.join(", "))
}

/// Runs only the builds with BuildKit: of other requests, engines with this image store differ from those that are tested.
fn containerd(engine: &Engine) -> Result<String> {
    println!("== tests of builds with BuildKit at API {TRIXIE_NEWEST}");
    let passed = passed(command(engine, "live", TRIXIE_NEWEST)?.arg("buildkit"))?;
    Ok(format!("at API {TRIXIE_NEWEST} ({passed} tests of builds with BuildKit)"))
}

fn swarm(engine: &Engine, versions: &Versions) -> Result<String> {
    Ok(format!("at API {}", suite_at(engine, "swarm", versions)?))
}

/// Compares the fake engine with a real engine in swarm mode, on which the suites `ran`.
fn compared_swarm(engine: &Engine, ran: &str) -> Result<String> {
    COMPARED_SWARM.iter().try_for_each(|version| suite(engine, "conformance", version).map(|_| ()))?;
    Ok(format!("{ran}; comparison with the fake engine at {} versions", COMPARED_SWARM.len()))
}

/// Runs the suite that needs several engines, and returns a summary. Stops the engines afterwards, unless they were up before.
fn nodes() -> Result<String> {
    let kind = Kind::SwarmNodes;
    let nodes = Nodes::new();
    let was_up = nodes.is_up();
    let outcome = nodes.up().and_then(|()| {
        println!("== nodes suite at API {NEWEST}");
        let mut cargo = shell::command("cargo");
        let suite = test(&mut cargo, "nodes", NEWEST)?.envs(nodes.environment());
        // The tests stop and kill engines, so they cannot run concurrently.
        let passed = passed(suite.arg("--test-threads=1"))?;
        println!("{passed} passed");
        Ok(format!("live: {kind} {} at API {NEWEST} ({passed} tests)", nodes.version()?))
    });
    if !was_up {
        nodes.down()?;
    }
    outcome
}

/// Runs a suite that needs an engine at one version, and returns the number of tests that passed.
fn suite(engine: &Engine, name: &str, version: &str) -> Result<usize> {
    println!("== {name} suite at API {version}");
    let passed = passed(command(engine, name, version)?.args(threads(name)))?;
    println!("{passed} passed");
    Ok(passed)
}

/// The number of tests of a suite that run at the same time, as an argument of its test program.
fn threads(name: &str) -> Option<&'static str> {
    match name {
        "live" => Some(THREADS),
        // The tests stop the engine, or make it leave its swarm, so they cannot run concurrently.
        "monitors" | "swarm" => Some("--test-threads=1"),
        _ => None,
    }
}

/// The command that runs a suite in the engine's network. Further arguments are passed to the test program.
fn command(engine: &Engine, name: &str, version: &str) -> Result<Command> {
    let path = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths(std::iter::once(engine.programs()).chain(env::split_paths(&path)))?;
    let mut command = engine.command("cargo");
    test(&mut command, name, version)?.envs(engine.environment()).env("PATH", path);
    Ok(command)
}

/// Adds the arguments and the environment of cargo that run a suite. Further arguments are passed to the test program.
fn test<'a>(cargo: &'a mut Command, name: &str, version: &str) -> Result<&'a mut Command> {
    let package = if name == "conformance" { "dockerclient-testkit" } else { "dockerclient" };
    Ok(cargo
        .current_dir(root())
        .args(["test", "--quiet", "--all-features", "--package", package, "--test", name, "--", "--ignored"])
        .env("DOCKERCLIENT_TEST_API", version)
        .env("DOCKERCLIENT_TEST_XTASK", env::current_exe()?))
}

/// Runs a test program, and returns the number of tests that passed.
fn passed(command: &mut Command) -> Result<usize> {
    let output = command.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if !output.status.success() {
        print!("{text}{}", String::from_utf8_lossy(&output.stderr));
        bail!("the suite failed");
    }
    let passed = libtest::passed(&text).context("the suite printed no test result")?;
    ensure!(passed > 0, "the suite has no tests");
    Ok(passed)
}
