//! The suites on Podman, each release with a list of tests that are expected to fail.

use anyhow::Result;

use super::{THREADS, command, passed};
use crate::{engine::Engine, exceptions::Exceptions, libtest, shell};

/// The test of the monitors suite that runs on Podman. The others kill the engine, from which Podman does not recover.
const MONITORS: &str = "restarts::event_monitor_returns_no_older_or_repeated_event";

/// A release of Podman.
#[derive(Debug)]
pub(super) struct Release {
    /// Prefix of its versions.
    version: &'static str,
    /// The newest API version that it supports.
    api: &'static str,
    /// Tests of the live suite that fail on it, with reasons, one per line.
    exceptions: &'static str,
    /// Arguments of the test program: requests at the same time disturb each other on old releases.
    arguments: &'static [&'static str],
}

/// Debian 12's Podman.
pub(super) const PODMAN_4: Release =
    Release { version: "4.3.", api: "1.41", exceptions: "tests/live/podman.txt", arguments: &[] };

/// Debian 13's Podman.
pub(super) const PODMAN_5: Release =
    Release { version: "5.4.", api: "1.41", exceptions: "tests/live/podman5.txt", arguments: &[THREADS] };

/// Runs the tests that are not excepted, which must pass, and those that are, which must fail.
pub(super) fn run(engine: &Engine, release: &Release) -> Result<String> {
    let &Release { version, api, exceptions: file, arguments } = release;
    if !engine.version()?.starts_with(version) {
        return Ok(format!("NOT TESTED: {file} applies to Podman {version}x"));
    }
    println!("== live suite at API {api}, except for {file}");
    let exceptions = Exceptions::read(file)?;
    let list = shell::output(command(engine, "live", api)?.arg("--list"))?;
    exceptions.check_names(&libtest::listed(&list))?;
    let count = passed(command(engine, "live", api)?.args(arguments).args(exceptions.skip()))?;
    println!("{count} passed; running the exceptions, which must fail");
    let output = command(engine, "live", api)?.args(arguments).arg("--exact").args(exceptions.run()).output()?;
    exceptions.check_failures(&String::from_utf8_lossy(&output.stdout))?;
    println!("== monitors suite at API {api}: {MONITORS}");
    let monitors = passed(command(engine, "monitors", api)?.args(["--exact", MONITORS]))?;
    Ok(format!(
        "at API {api} ({count} tests; {} excepted, see {file}); monitors across restarts ({monitors} test)",
        exceptions.len()
    ))
}
