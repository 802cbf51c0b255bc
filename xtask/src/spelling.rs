//! `cargo xtask spelling`: checks spelling with typos, as configured in `typos.toml`.

use std::env;

use anyhow::{Result, ensure};

use crate::{python, root, shell};

/// The package to install with pip, which contains the program.
const TYPOS: &str = "typos==1.52.0";

pub(crate) fn run() -> Result<()> {
    let python = match python::environment("typos", &[TYPOS]) {
        Ok(python) => python,
        Err(missing) if env::var_os("CI").is_none() => {
            println!("\nSPELLING WAS NOT CHECKED: {missing:#}");
            return Ok(());
        }
        Err(missing) => return Err(missing),
    };
    let mut typos = shell::command(&python.with_file_name("typos").display().to_string());
    ensure!(typos.current_dir(root()).arg("--format=brief").status()?.success(), "misspelled words");
    Ok(())
}
