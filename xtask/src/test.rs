//! `cargo xtask test`: runs all checks and tests, and finally the suites that need an engine.

use std::{process::Command, time::Instant};

use anyhow::{Context as _, Result, ensure};

use crate::{
    api, bench, beside, docker_py, fuzz, live, miri, published, readme_example, regen, root, semver, shell, spelling,
    windows,
};

/// Time per fuzz target, in seconds.
const FUZZING_SECONDS: u32 = 6;

pub(crate) fn run() -> Result<()> {
    step("format", || check(&mut cargo(&["fmt", "--all", "--check"])))?;
    step("lints", || {
        check(&mut cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "--deny", "warnings"]))
    })?;
    step("docs", || {
        let mut docs = cargo(&["doc", "--workspace", "--no-deps", "--all-features", "--document-private-items"]);
        check(docs.env("RUSTDOCFLAGS", "--deny warnings"))
    })?;
    step("spelling", spelling::run)?;
    step("regen", || regen::run(regen::Mode::Check))?;
    step("differences from Docker's published documents", published::check)?;
    step("public items", || api::run(regen::Mode::Check))?;
    step("tests without an engine", || check(&mut cargo(&["test", "--quiet", "--workspace", "--all-features"])))?;
    step("README example in an empty crate", readme_example::run)?;
    step("decoders in Miri", miri::run_if_possible)?;
    step("docker-py on the fake engine", docker_py::run)?;
    step("instructions and allocations", bench::instructions::run_if_possible)?;
    step("fuzzing", || fuzz::run(FUZZING_SECONDS))?;
    step("public items since the last release", semver::run)?;
    let beside = beside::start();
    let engines = step("suites that need an engine", live::run);
    // No process is left behind if a suite has failed.
    let beside = step("checks in parallel with these suites", || beside.finish());
    let engines = engines?;
    beside?;
    let windows = step("Windows on an engine", windows::on_engine)?;
    println!("\n{engines}\n{windows}");
    Ok(())
}

/// Runs a step, prints its name and duration, and returns its result.
fn step<T>(name: &str, run: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("== {name}");
    let start = Instant::now();
    let result = run().context(name.to_owned())?;
    println!("== {name}: {} s", start.elapsed().as_secs());
    Ok(result)
}

fn check(command: &mut Command) -> Result<()> {
    ensure!(command.status()?.success(), "failed");
    Ok(())
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = shell::command("cargo");
    command.current_dir(root()).args(arguments);
    command
}
