//! What the crate is built of: each feature alone, the oldest versions and the oldest Rust that are allowed, licences and
//! sources.

use std::{env, fs, os::unix::fs::symlink};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{root, shell};

/// What the library is built from.
const SOURCES: [&str; 6] = ["build", "build.rs", "spec", "src", "LICENSE", "README.md"];

const CARGO_DENY: &str = "cargo-deny";

pub(crate) fn run() -> Result<()> {
    features()?;
    println!("== licences and sources");
    deny()?;
    println!("== the oldest versions that are allowed");
    oldest_versions()?;
    println!("== the oldest Rust");
    oldest_rust()
}

/// Checks the library with none of its features, and with each alone.
fn features() -> Result<()> {
    // The steps before this one have built it with all.
    for feature in std::iter::once("").chain(declared()?.iter().map(String::as_str)) {
        println!("== {}", if feature.is_empty() { "no features" } else { feature });
        let mut check = shell::command("cargo");
        check.current_dir(root()).args(["clippy", "--quiet", "--lib", "--no-default-features", "--features", feature]);
        ensure!(
            check.args(["--", "--deny", "warnings"]).status()?.success(),
            "it does not build with {feature:?} alone"
        );
    }
    Ok(())
}

/// The library, as its manifest tells it.
fn library() -> Result<Value> {
    let mut metadata = shell::command("cargo");
    metadata.current_dir(root()).args(["metadata", "--format-version=1", "--no-deps"]);
    let metadata: Value = serde_json::from_str(&shell::output(&mut metadata)?)?;
    let packages = metadata["packages"].as_array().context("no packages")?;
    packages.iter().find(|package| package["name"] == "dockerclient").cloned().context("no library")
}

/// The features of the library, as its manifest has them.
fn declared() -> Result<Vec<String>> {
    let library = library()?;
    let features = library["features"].as_object().context("no features")?;
    Ok(features.keys().filter(|name| *name != "default").cloned().collect())
}

/// Checks the library with the oldest versions that its manifest allows of what it names.
///
/// Cargo resolves all of a workspace together, so the library stands alone here. What resolves them is not stable
/// yet, but it is in every cargo.
fn oldest_versions() -> Result<()> {
    let folder = root().join("target/oldest");
    fs::create_dir_all(&folder)?;
    let _ = fs::remove_file(folder.join("Cargo.lock"));
    fs::write(folder.join("Cargo.toml"), alone(&fs::read_to_string(root().join("Cargo.toml"))?))?;
    for name in SOURCES {
        let link = folder.join(name);
        let _ = fs::remove_file(&link);
        symlink(root().join(name), link)?;
    }
    let cargo = |arguments: &[&str]| {
        let mut command = shell::command("cargo");
        command.current_dir(&folder).args(arguments).env("CARGO_TARGET_DIR", folder.join("target"));
        command
    };
    let mut update = cargo(&["update", "--quiet", "-Zdirect-minimal-versions"]);
    ensure!(update.env("RUSTC_BOOTSTRAP", "1").status()?.success(), "the oldest versions do not go together");
    let mut check = cargo(&["check", "--quiet", "--lib", "--all-features"]);
    ensure!(check.status()?.success(), "it does not build with the oldest versions that Cargo.toml allows");
    Ok(())
}

/// Checks both crates with the Rust that their manifest promises, if it can be had.
fn oldest_rust() -> Result<()> {
    let library = library()?;
    let version = library["rust_version"].as_str().context("no oldest Rust")?;
    let mut install = shell::command("rustup");
    if let Err(why) =
        shell::run(install.args(["toolchain", "install", version, "--profile=minimal", "--no-self-update"]))
    {
        println!("NOT CHECKED: Rust {version} cannot be had: {why:#}");
        return Ok(());
    }
    let mut check = shell::command("rustup");
    check.current_dir(root()).args(["run", version, "cargo", "check", "--quiet", "--lib", "--all-features"]);
    check.args(["--package=dockerclient", "--package=dockerclient-testkit", "--target-dir=target/oldest/rust"]);
    ensure!(check.status()?.success(), "it does not build with Rust {version}");
    Ok(())
}

/// The manifest of the library without the workspace around it, and without what only tests and examples need.
fn alone(manifest: &str) -> String {
    let mut keeps = true;
    let mut kept = String::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            keeps = !matches!(line, "[workspace]" | "[dev-dependencies]" | "[[example]]" | "[[test]]");
        }
        if keeps {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// Holds licences, sources and duplicates against `deny.toml`, and what is known of holes, where that can be had.
fn deny() -> Result<()> {
    let program = match cargo_deny() {
        Ok(program) => program,
        Err(missing) => {
            let message = format!("NOT CHECKED: cargo-deny cannot be had: {missing:#}");
            ensure!(env::var_os("CI").is_none(), message);
            println!("{message}");
            return Ok(());
        }
    };
    let deny = || {
        let mut command = shell::command(&program);
        command.current_dir(root()).arg("--all-features");
        command
    };
    let rules = deny().args(["check", "licenses", "bans", "sources"]).status()?;
    ensure!(rules.success(), "see deny.toml");
    if let Err(why) = shell::run(deny().args(["fetch", "db"])) {
        println!("NOT CHECKED: the database of known holes cannot be reached: {why:#}");
        return Ok(());
    }
    ensure!(deny().args(["check", "advisories"]).status()?.success(), "a crate has a known hole");
    Ok(())
}

/// The cargo-deny there is, or one of this checkout's own.
fn cargo_deny() -> Result<String> {
    if shell::exists(CARGO_DENY) {
        return Ok(CARGO_DENY.to_owned());
    }
    let tools = root().join("target/tools");
    let program = tools.join("bin").join(CARGO_DENY);
    if !program.exists() {
        let mut install = shell::command("cargo");
        shell::run(install.args(["install", "--locked", CARGO_DENY, "--version=^0.20", "--root"]).arg(&tools))?;
    }
    Ok(program.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_stands_alone() {
        let manifest =
            alone("[workspace]\nmembers = []\n\n[workspace.lints]\n[package]\n[dev-dependencies]\na = \"1\"\n");
        assert_eq!(manifest, "[workspace.lints]\n[package]\n");
    }
}
