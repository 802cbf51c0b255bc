//! `cargo xtask first`: what the README says first, done as who reads it would, in a crate that is empty before.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use crate::{double::Double, root, shell};

/// The head of its manifest. It lies below this workspace, and is none of its members.
const HEAD: &str = r#"
[workspace]

[package]
name = "first"
version = "0.0.0"
edition = "2024"

"#;

pub(crate) fn run() -> Result<()> {
    let readme = fs::read_to_string(root().join("README.md"))?;
    let dependencies = block(&readme, "toml")?.replace("../dockerclient", &root().display().to_string());
    let folder = root().join("target/first");
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("Cargo.toml"), format!("{HEAD}{dependencies}"))?;
    fs::write(folder.join("src/main.rs"), block(&readme, "rust,no_run")?)?;
    // The versions that everything else here is tested with.
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))?;

    let double = Double::serve(&[])?;
    let mut command = shell::command("cargo");
    command.current_dir(&folder).args(["run", "--quiet"]).env("DOCKER_HOST", &double.address);
    let told = shell::output(command.env("CARGO_TARGET_DIR", root().join("target")));
    double.stop()?;
    let told = told?;
    ensure!(told == "hello\nexit code 0\n", "the README's first example tells: {told}");
    print!("{told}");
    Ok(())
}

/// The first block of the README in a language.
fn block<'a>(readme: &'a str, language: &str) -> Result<&'a str> {
    let begin = format!("\n```{language}\n");
    let (_, rest) = readme.split_once(&begin).with_context(|| format!("README.md has no block of {language}"))?;
    rest.split_once("```").map(|(block, _)| block).context("README.md: a block without end")
}
