//! `cargo xtask deps`: builds each feature alone, and with the oldest dependency versions and the oldest Rust that are
//! allowed; checks licenses and sources of dependencies.

use std::{env, fs, os::unix::fs::symlink};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{checks, root, shell, tools};

/// Files and directories that the library is built from.
const SOURCES: [&str; 6] = ["build.rs", "codegen", "spec", "src", "LICENSE", "README.md"];

const CARGO_DENY: &str = "cargo-deny";

pub(crate) fn run() -> Result<()> {
    features()?;
    println!("== licenses and sources");
    deny()?;
    println!("== oldest dependency versions that are allowed");
    oldest_versions()?;
    println!("== oldest Rust that is allowed");
    oldest_rust()
}

/// Checks the library without features, and with each feature alone.
fn features() -> Result<()> {
    for feature in std::iter::once("").chain(declared()?.iter().map(String::as_str)) {
        println!("== {}", if feature.is_empty() { "no features" } else { feature });
        let mut check = shell::command("cargo");
        check.current_dir(root()).args(["clippy", "--quiet", "--lib", "--no-default-features", "--features", feature]);
        check.arg("--target-dir").arg(checks());
        ensure!(
            check.args(["--", "--deny", "warnings"]).status()?.success(),
            "the library does not build with the feature {feature:?} alone"
        );
    }
    Ok(())
}

/// The metadata of the library's package.
fn library() -> Result<Value> {
    let mut metadata = shell::command("cargo");
    metadata.current_dir(root()).args(["metadata", "--format-version=1", "--no-deps"]);
    let metadata: Value = serde_json::from_str(&shell::output(&mut metadata)?)?;
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    packages
        .iter()
        .find(|package| package["name"] == "dockerclient")
        .cloned()
        .context("dockerclient is not a package of the workspace")
}

/// The names of the library's features.
pub(crate) fn declared() -> Result<Vec<String>> {
    let library = library()?;
    let features = library["features"].as_object().context("no features in the manifest")?;
    Ok(features.keys().filter(|name| *name != "default").cloned().collect())
}

/// Checks the library with the oldest versions of its direct dependencies that its manifest allows.
///
/// Cargo resolves a workspace as a whole, so this uses a copy of the library outside the workspace. The resolver option is
/// unstable, but part of every cargo.
fn oldest_versions() -> Result<()> {
    let folder = root().join("target/oldest");
    fs::create_dir_all(&folder)?;
    let _ = fs::remove_file(folder.join("Cargo.lock"));
    fs::write(folder.join("Cargo.toml"), standalone(&fs::read_to_string(root().join("Cargo.toml"))?))?;
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
    ensure!(update.env("RUSTC_BOOTSTRAP", "1").status()?.success(), "cargo cannot resolve the oldest versions");
    let mut check = cargo(&["check", "--quiet", "--lib", "--all-features"]);
    ensure!(
        check.status()?.success(),
        "the library does not build with the oldest dependency versions that Cargo.toml allows"
    );
    Ok(())
}

/// Checks both crates with their minimum Rust version, if rustup can install it.
fn oldest_rust() -> Result<()> {
    let library = library()?;
    let version = library["rust_version"].as_str().context("no rust-version in the manifest")?;
    let mut install = shell::command("rustup");
    if let Err(why) =
        shell::run(install.args(["toolchain", "install", version, "--profile=minimal", "--no-self-update"]))
    {
        println!("NOT CHECKED: Rust {version} cannot be installed: {why:#}");
        return Ok(());
    }
    let mut check = shell::command("rustup");
    check.current_dir(root()).args(["run", version, "cargo", "check", "--quiet", "--lib", "--all-features"]);
    check.args(["--package=dockerclient", "--package=dockerclient-testkit", "--target-dir=target/oldest/rust"]);
    ensure!(check.status()?.success(), "the crates do not build with Rust {version}");
    Ok(())
}

/// The manifest of the library without the workspace, dev-dependencies, examples and tests.
fn standalone(manifest: &str) -> String {
    let mut keeps = true;
    let mut kept = String::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            let is_dev = line.ends_with("dev-dependencies]");
            keeps = !is_dev && !matches!(line, "[workspace]" | "[[example]]" | "[[test]]");
        }
        if keeps {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept
}

/// Checks licenses, sources and duplicates against `deny.toml`, and known vulnerabilities if the database is reachable.
fn deny() -> Result<()> {
    let program = match tools::find(CARGO_DENY, "^0.20") {
        Ok(program) => program,
        Err(missing) => {
            let message = format!("NOT CHECKED: cargo-deny is not available: {missing:#}");
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
    ensure!(rules.success(), "cargo-deny failed; its rules are in deny.toml");
    if let Err(why) = shell::run(deny().args(["fetch", "db"])) {
        println!("NOT CHECKED: the advisory database cannot be reached: {why:#}");
        return Ok(());
    }
    ensure!(deny().args(["check", "advisories"]).status()?.success(), "a dependency has a known vulnerability");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standalone_manifest_omits_workspace_and_dev_sections() {
        let manifest = "[workspace]\nmembers = []\n\n[workspace.lints]\n[package]\n[dev-dependencies]\na = \"1\"\n\
            [target.'cfg(unix)'.dependencies]\nb = \"1\"\n[target.'cfg(unix)'.dev-dependencies]\nc = \"1\"\n";
        let kept = "[workspace.lints]\n[package]\n[target.'cfg(unix)'.dependencies]\nb = \"1\"\n";
        assert_eq!(standalone(manifest), kept);
    }
}
