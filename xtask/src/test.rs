//! `cargo xtask test`: everything that must hold, and last what must hold on a real engine.

use std::process::Command;

use anyhow::{Result, ensure};

use crate::{api, first, fuzz, live, miri, package, python, regen, root, shell, supply};

/// How long each fuzz target runs, in seconds.
const FUZZING: u32 = 6;

pub(crate) fn run() -> Result<()> {
    step("format", &mut cargo(&["fmt", "--all", "--check"]))?;
    step(
        "lints",
        &mut cargo(&["clippy", "--workspace", "--all-targets", "--all-features", "--", "--deny", "warnings"]),
    )?;
    step(
        "docs",
        cargo(&["doc", "--workspace", "--no-deps", "--all-features", "--document-private-items"])
            .env("RUSTDOCFLAGS", "--deny warnings"),
    )?;
    supply::run()?;
    println!("== regen");
    regen::run(regen::Mode::Check)?;
    println!("== public items");
    api::run(regen::Mode::Check)?;
    step("tests without an engine", &mut cargo(&["test", "--workspace", "--all-features"]))?;
    println!("== the README in an empty crate");
    first::run()?;
    println!("== packages");
    package::run()?;
    println!("== decoders in Miri");
    miri::run_if_possible()?;
    println!("== docker-py on the double");
    python::run()?;
    println!("== fuzzing");
    fuzz::run(FUZZING)?;
    live::run()
}

fn step(name: &str, command: &mut Command) -> Result<()> {
    println!("== {name}");
    ensure!(command.status()?.success(), "{name}: failed");
    Ok(())
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = shell::command("cargo");
    command.current_dir(root()).args(arguments);
    command
}
