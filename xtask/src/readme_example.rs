//! `cargo xtask readme-example`: builds the README's first example in an empty crate, and runs it.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use crate::{fake_engine::FakeEngine, root, shell};

/// Head of the crate's manifest. The crate is in a directory of this workspace, but not a member of it.
const HEAD: &str = r#"
[workspace]

[package]
name = "readme-example"
version = "0.0.0"
edition = "2024"

"#;

/// Expected output of the example.
const OUTPUT: &str = "hello\n";

/// Runs the example on a fake engine that has no images, so that the image must be pulled.
pub(crate) fn run() -> Result<()> {
    let engine = FakeEngine::serve(&["empty"])?;
    let outcome = run_on(&engine.address);
    engine.stop()?;
    outcome
}

/// Runs the example on the engine at an address.
pub(crate) fn run_on(address: &str) -> Result<()> {
    let readme = fs::read_to_string(root().join("README.md"))?;
    let dependencies = block(&readme, "toml")?.replace("../dockerclient", &root().display().to_string());
    let folder = root().join("target/readme-example");
    fs::create_dir_all(folder.join("src"))?;
    fs::write(folder.join("Cargo.toml"), format!("{HEAD}{dependencies}"))?;
    fs::write(folder.join("src/main.rs"), block(&readme, "rust,no_run")?)?;
    // The dependency versions of all other tests.
    fs::copy(root().join("Cargo.lock"), folder.join("Cargo.lock"))?;

    let mut command = shell::command("cargo");
    command.current_dir(&folder).args(["run", "--quiet"]).env("DOCKER_HOST", address);
    let output = shell::output(command.env("CARGO_TARGET_DIR", root().join("target")))?;
    ensure!(output == OUTPUT, "the README's first example printed {output:?}");
    print!("{output}");
    Ok(())
}

/// The first code block of the README in a language.
fn block<'a>(readme: &'a str, language: &str) -> Result<&'a str> {
    let begin = format!("\n```{language}\n");
    let (_, rest) =
        readme.split_once(&begin).with_context(|| format!("README.md has no code block of language {language}"))?;
    rest.split_once("```").map(|(block, _)| block).context("README.md has an unterminated code block")
}
