//! `cargo xtask docs-rs`: builds the documentation as docs.rs does.

use anyhow::{Result, ensure};

use crate::{root, shell};

/// Builds the documentation, if a nightly Rust is installed, which docs.rs uses.
pub(crate) fn run() -> Result<()> {
    if let Err(why) = shell::run(shell::command("rustup").args(["run", "nightly", "rustdoc", "--version"])) {
        println!("NOT BUILT: no nightly Rust is installed (`rustup toolchain install nightly`): {why:#}");
        return Ok(());
    }
    let mut doc = shell::command("rustup");
    doc.current_dir(root())
        .args([
            "run",
            "nightly",
            "cargo",
            "doc",
            "--quiet",
            "--no-deps",
            "--all-features",
            "--target-dir=target/docs-rs",
        ])
        .args(["--package", "dockerclient", "--package", "dockerclient-testkit"])
        .env("DOCS_RS", "1")
        .env("RUSTDOCFLAGS", "--cfg docsrs --deny warnings");
    ensure!(doc.status()?.success(), "the documentation does not build");
    Ok(())
}
