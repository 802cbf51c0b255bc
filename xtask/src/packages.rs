//! Installs Debian packages that a task needs and that `xtask/setup` would have installed.

use anyhow::{Context as _, Result, ensure};

use crate::shell;

/// Installs `packages` unless `program` is installed. Fails if this machine cannot install them; the error names them.
pub(crate) fn require(program: &str, packages: &[&str]) -> Result<()> {
    if shell::exists(program) {
        return Ok(());
    }
    install(program, packages)?;
    ensure!(shell::exists(program), "{} is installed, without {program}", packages.join(" "));
    Ok(())
}

/// Installs `packages`, because `program` is missing.
pub(crate) fn install(program: &str, packages: &[&str]) -> Result<()> {
    let can_install = rustix::process::geteuid().is_root() && shell::exists("apt-get");
    let names = packages.join(" ");
    ensure!(can_install, "{program} is not installed; on Debian: apt-get install {names}");
    println!("== installing {names}");
    let apt = |arguments: &[&str]| {
        shell::run(shell::command("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update", "-q"])
        .and_then(|()| apt(&[&["install", "-qy", "--no-install-recommends"], packages].concat()))
        .with_context(|| format!("{program} is not installed, and cannot be installed"))
}
