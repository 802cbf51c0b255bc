//! Rust's standard library for other systems.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::shell;

/// Installs the standard library for `target` with rustup, unless it is installed.
pub(crate) fn add(target: &str) -> Result<()> {
    let root = shell::output(shell::command("rustc").args(["--print", "sysroot"]))?;
    if PathBuf::from(root.trim()).join("lib/rustlib").join(target).join("lib").is_dir() {
        return Ok(());
    }
    ensure!(shell::exists("rustup"), "Rust's standard library for {target} is missing, and rustup is not installed");
    shell::run(shell::command("rustup").args(["target", "add", target]))
}
