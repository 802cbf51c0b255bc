//! `cargo xtask semver`: compares the public API with the last release.

use anyhow::{Result, ensure};

use crate::{root, shell, tools};

/// The tags of releases.
const TAGS: &str = "v[0-9]*";

/// Fails if the public API has changes that the version numbers do not allow. Compares nothing if there is no release.
pub(crate) fn run() -> Result<()> {
    let mut describe = shell::command("git");
    describe.current_dir(root()).args(["describe", "--tags", "--abbrev=0", "--match", TAGS]);
    let Ok(tag) = shell::output(&mut describe) else {
        println!("NOT COMPARED: no commit before this one has the tag of a release ({TAGS})");
        return Ok(());
    };
    let program = tools::find("cargo-semver-checks", "^0.51")?;
    let mut compare = shell::command(&program);
    compare.current_dir(root()).args(["semver-checks", "--all-features", "--baseline-rev", tag.trim()]);
    compare.args(["--package", "dockerclient", "--package", "dockerclient-testkit"]);
    ensure!(compare.status()?.success(), "the version numbers do not allow the changes since {}", tag.trim());
    Ok(())
}
