//! `cargo xtask package`: both crates as users get them, built from their packages alone.

use anyhow::{Context as _, Result, ensure};

use crate::{root, shell};

/// What a package must hold, besides sources.
const DOCUMENTS: [&str; 3] = ["Cargo.toml", "LICENSE", "README.md"];

pub(crate) fn run() -> Result<()> {
    for name in ["dockerclient", "dockerclient-testkit"] {
        let mut command = shell::command("cargo");
        command.current_dir(root()).args(["package", "--list", "--allow-dirty", "--package", name]);
        let files = shell::output(&mut command)?;
        let missing = DOCUMENTS.iter().find(|document| !files.lines().any(|file| file == **document));
        ensure!(missing.is_none(), "{name}: its package lacks {}", missing.unwrap_or(&""));
    }
    // Together: the second one needs the first, which need not be published for this.
    let mut command = shell::command("cargo");
    command.current_dir(root()).args(["package", "--quiet", "--allow-dirty"]);
    command.args(["--package", "dockerclient", "--package", "dockerclient-testkit"]);
    ensure!(command.status().context("cargo")?.success(), "a package does not build");
    Ok(())
}
