//! `cargo xtask fuzz`: runs each fuzz target for a limited time, starting with the committed corpus.
//!
//! The flags are the same as in cargo-fuzz, without the sanitizer, which needs a nightly toolchain and finds errors that safe
//! Rust does not have.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};

use crate::{root, shell};

const FLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Ccodegen-units=1";

/// Runs each target for `seconds`.
pub(crate) fn run(seconds: u32) -> Result<()> {
    let folder = root().join("fuzz");
    let target = root().join("target/fuzz");
    let mut build = shell::command("cargo");
    build.current_dir(&folder).args(["build", "--release", "--quiet"]).env("CARGO_TARGET_DIR", &target);
    // With an explicit target, the flags do not apply to build scripts.
    build.args(["--target", &host()?]).env("RUSTFLAGS", FLAGS);
    ensure!(build.status()?.success(), "the fuzz targets do not build");
    for name in targets(&folder)? {
        fuzz(&folder, &target, &name, seconds)?;
    }
    Ok(())
}

fn fuzz(folder: &Path, target: &Path, name: &str, seconds: u32) -> Result<()> {
    println!("fuzzing {name} for {seconds} s");
    // New inputs are not written to the committed corpus.
    let found = target.join("corpus").join(name);
    fs::create_dir_all(&found)?;
    let program = target.join(host()?).join("release").join(name);
    let mut command = shell::command(&program.display().to_string());
    command.current_dir(target).arg(&found).arg(folder.join("corpus").join(name));
    command.arg(format!("-max_total_time={seconds}")).args(["-max_len=4096", "-timeout=10", "-rss_limit_mb=2048"]);
    let output = command.output()?;
    let log = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{name}: {log}");
    Ok(())
}

fn targets(folder: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder.join("targets"))? {
        names.extend(entry?.path().file_stem().map(|stem| stem.to_string_lossy().into_owned()));
    }
    names.sort();
    Ok(names)
}

fn host() -> Result<String> {
    let version = shell::output(shell::command("rustc").arg("-vV"))?;
    let line = version.lines().find_map(|line| line.strip_prefix("host: "));
    line.map(str::to_owned).context("`rustc -vV` does not print its host")
}
