//! `cargo xtask docker-py`: runs scenarios of docker-py, an independent client, against the fake engine.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, ensure};

use crate::{fake_engine::FakeEngine, python, root, shell};

/// A release of docker-py.
struct Release {
    name: &'static str,
    /// Package to install with pip.
    package: &'static str,
    /// API versions to test, each with the arguments of the fake engine.
    runs: &'static [(&'static str, &'static [&'static str])],
}

/// Versions of its dependencies that old releases work with.
const OLD_DEPENDENCIES: [&str; 3] = ["requests<2.29", "urllib3<2", "setuptools<81"];

/// The releases to test. Validation of the fake engine is off: docker-py sends parameters that no version of the API has.
const RELEASES: [Release; 3] = [
    Release {
        name: "docker-py-1.2.3",
        package: "docker-py==1.2.3",
        runs: &[("1.15", &[]), ("1.18", &[]), ("1.18", &["old"])],
    },
    Release { name: "docker-py-1.10.6", package: "docker-py==1.10.6", runs: &[("1.21", &[]), ("1.24", &[])] },
    Release { name: "docker-7.1.0", package: "docker==7.1.0", runs: &[("1.30", &[]), ("1.41", &[])] },
];

pub(crate) fn run() -> Result<()> {
    let environments = match RELEASES.iter().map(environment).collect::<Result<Vec<_>>>() {
        Ok(environments) => environments,
        Err(missing) if env::var_os("CI").is_none() => {
            println!("\nDOCKER-PY DID NOT RUN: {missing:#}");
            return Ok(());
        }
        Err(missing) => return Err(missing),
    };
    for (release, python) in RELEASES.iter().zip(environments) {
        for (api, arguments) in release.runs {
            run_scenarios(&python, api, arguments).with_context(|| format!("{} at API {api}", release.name))?;
        }
    }
    Ok(())
}

/// Creates a virtual environment with the release, and returns its Python.
fn environment(release: &Release) -> Result<PathBuf> {
    let old: &[&str] = if release.package.starts_with("docker-py") { &OLD_DEPENDENCIES } else { &[] };
    python::environment(release.name, &[&[release.package], old].concat())
}

fn run_scenarios(python: &Path, api: &str, arguments: &[&str]) -> Result<()> {
    let engine = FakeEngine::serve(&[&["lenient"], arguments].concat())?;
    let script = root().join("testkit/tests/python/drive.py");
    let status = shell::command(&python.display().to_string()).arg(script).args([&engine.address, api]).status()?;
    ensure!(status.success(), "docker-py: {status}");
    engine.stop()
}
