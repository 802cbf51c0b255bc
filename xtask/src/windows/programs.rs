//! Test programs for Windows.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::{TARGET, Wine};
use crate::{checks, root, shell, targets};

/// A test program.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Program {
    /// The name of its crate.
    pub(super) name: String,
    path: PathBuf,
    /// The directory of its package.
    folder: PathBuf,
}

impl Program {
    /// The command that runs it with Wine. Further arguments are passed to the test program.
    pub(super) fn command(&self, wine: &Wine) -> Command {
        let mut command = wine.command(&self.path);
        command
            .current_dir(&self.folder)
            .env("CARGO_MANIFEST_DIR", &self.folder)
            // insta would run cargo to find it.
            .env("INSTA_WORKSPACE_ROOT", root())
            .env("INSTA_UPDATE", "no")
            // Wine 8 creates no symbolic links.
            .env("DOCKERCLIENT_TEST_WITHOUT_LINKS", "1")
            // Wine 8 can take minutes to close a pipe.
            .env("DOCKERCLIENT_TEST_WITHOUT_PIPES", "1")
            // The programs have no debug info.
            .env("RUST_BACKTRACE", "0");
        command
    }
}

/// Builds the test programs of all packages but xtask, and the examples.
pub(super) fn build() -> Result<Vec<Program>> {
    let mut cargo = shell::command("cargo");
    cargo
        .current_dir(root())
        .args(["test", "--quiet", "--no-run", "--workspace", "--exclude=xtask", "--target", TARGET])
        .args(["--features", &targets::features()?])
        .args(["--message-format=json-render-diagnostics", "--target-dir"])
        .arg(checks())
        // Less to compile, link and store.
        .env("CARGO_PROFILE_DEV_DEBUG", "0");
    let output = cargo.stderr(Stdio::inherit()).output()?;
    ensure!(output.status.success(), "the tests do not build for {TARGET}");
    programs(&String::from_utf8(output.stdout)?)
}

/// The test programs in cargo's messages.
fn programs(messages: &str) -> Result<Vec<Program>> {
    let mut programs = Vec::new();
    for line in messages.lines() {
        let message: Value = serde_json::from_str(line)?;
        if message["profile"]["test"] != true {
            continue;
        }
        if let Some(path) = message["executable"].as_str() {
            let manifest = message["manifest_path"].as_str().context("no manifest")?;
            programs.push(Program {
                name: message["target"]["name"].as_str().context("no name")?.to_owned(),
                path: path.into(),
                folder: Path::new(manifest).parent().context("no directory")?.to_owned(),
            });
        }
    }
    programs.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(programs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_in_messages_of_cargo() {
        let messages = r#"{"reason":"compiler-artifact","manifest_path":"/a/Cargo.toml","target":{"name":"x"},"profile":{"test":false},"executable":"/x"}
{"reason":"compiler-artifact","manifest_path":"/a/Cargo.toml","target":{"name":"live"},"profile":{"test":true},"executable":"/t/live-1.exe"}
{"reason":"build-finished","success":true}"#;
        let live = Program { name: "live".into(), path: "/t/live-1.exe".into(), folder: "/a".into() };
        assert_eq!(programs(messages).unwrap(), [live]);
    }
}
