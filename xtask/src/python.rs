//! Virtual environments with Python packages.

use std::{fs, path::PathBuf};

use anyhow::{Result, ensure};

use crate::{root, shell};

/// Creates a virtual environment with packages, unless it exists, and returns its Python.
pub(crate) fn environment(name: &str, packages: &[&str]) -> Result<PathBuf> {
    let folder = root().join("target/python").join(name);
    let (python, done) = (folder.join("bin/python"), folder.join("complete"));
    if !done.exists() {
        ensure!(shell::exists("python3"), "python3 is not installed; on Debian: apt-get install python3-venv");
        shell::run(shell::command("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        let mut pip = shell::command(&python.display().to_string());
        shell::run(pip.args(["-m", "pip", "install", "--quiet"]).args(packages))?;
        fs::write(done, "")?;
    }
    Ok(python)
}
