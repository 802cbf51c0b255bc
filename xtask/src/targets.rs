//! Other systems: Rust's standard library for them, and the features that are built for them.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::{deps, shell};

/// The feature whose C library is not built for other systems.
const NOT_BUILT: &str = "tls-aws-lc-rs";

/// Installs the standard library for `target` with rustup, unless it is installed.
pub(crate) fn add(target: &str) -> Result<()> {
    let root = shell::output(shell::command("rustc").args(["--print", "sysroot"]))?;
    if PathBuf::from(root.trim()).join("lib/rustlib").join(target).join("lib").is_dir() {
        return Ok(());
    }
    ensure!(shell::exists("rustup"), "Rust's standard library for {target} is missing, and rustup is not installed");
    shell::run(shell::command("rustup").args(["target", "add", target]))
}

/// The features to build for other systems, for cargo's `--features`: all but `tls-aws-lc-rs`. Its build script compiles a C
/// library, which needs a toolchain for the target; `tls` includes all other code for TLS. Features of the testkit have the
/// names of those of the library.
pub(crate) fn features() -> Result<String> {
    let mut features = deps::declared()?;
    features.retain(|feature| feature != NOT_BUILT);
    Ok(features.join(","))
}
