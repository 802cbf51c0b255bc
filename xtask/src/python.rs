//! `cargo xtask python`: clients that nobody here wrote drive the double of an engine.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};

use crate::{double::Double, root, shell};

/// A release of docker-py: what pip installs, and at which API it drives a double that is served with which words.
struct Release {
    name: &'static str,
    package: &'static str,
    drives: &'static [(&'static str, &'static [&'static str])],
}

/// Newer ones no longer work with old releases.
const OLD: [&str; 3] = ["requests<2.29", "urllib3<2", "setuptools<81"];

/// All are served leniently: docker-py sends parameters that no version of the API has.
const RELEASES: [Release; 3] = [
    Release {
        name: "docker-py-1.2.3",
        package: "docker-py==1.2.3",
        drives: &[("1.15", &[]), ("1.18", &[]), ("1.18", &["old"])],
    },
    Release { name: "docker-py-1.10.6", package: "docker-py==1.10.6", drives: &[("1.21", &[]), ("1.24", &[])] },
    Release { name: "docker-7.1.0", package: "docker==7.1.0", drives: &[("1.30", &[]), ("1.41", &[])] },
];

pub(crate) fn run() -> Result<()> {
    let environments = match RELEASES.iter().map(environment).collect::<Result<Vec<_>>>() {
        Ok(environments) => environments,
        Err(missing) if env::var_os("CI").is_none() => {
            println!("\nDOCKER-PY DID NOT DRIVE THE DOUBLE: {missing:#}");
            return Ok(());
        }
        Err(missing) => return Err(missing),
    };
    for (release, python) in RELEASES.iter().zip(environments) {
        for (api, words) in release.drives {
            drive(&python, api, words).with_context(|| format!("{} at API {api}", release.name))?;
        }
    }
    Ok(())
}

/// An environment with the release, made once; returns its python.
fn environment(release: &Release) -> Result<PathBuf> {
    let folder = root().join("target/python").join(release.name);
    let (python, done) = (folder.join("bin/python"), folder.join("complete"));
    if !done.exists() {
        ensure!(shell::exists("python3"), "python3 is not installed; on Debian: apt-get install python3-venv");
        shell::run(shell::command("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
        let old: &[&str] = if release.package.starts_with("docker-py") { &OLD } else { &[] };
        let mut pip = shell::command(&python.display().to_string());
        shell::run(pip.args(["-m", "pip", "install", "--quiet"]).arg(release.package).args(old))?;
        std::fs::write(done, "")?;
    }
    Ok(python)
}

fn drive(python: &Path, api: &str, words: &[&str]) -> Result<()> {
    let double = Double::serve(&[&["lenient"], words].concat())?;
    let script = root().join("testkit/tests/python/drive.py");
    let status = shell::command(&python.display().to_string()).arg(script).args([&double.address, api]).status()?;
    ensure!(status.success(), "failed");
    double.stop()
}
