//! `cargo xtask miri`: what takes bytes apart, interpreted, with an eye on every access to memory.
//!
//! The crates have no unsafe code of their own; the buffers that they cut and join have.

use anyhow::{Result, ensure};

use crate::{root, shell};

/// Where the decoders are.
const ROOMS: [&str; 7] = [
    "connect::head",
    "connect::transfer",
    "stream::lines",
    "stream::output",
    "wire::documents",
    "wire::list",
    "wire::place",
];

/// How many cases each property is tried with. An interpreter is slow.
const CASES: &str = "4";

/// Runs the tests of the decoders, if there is a toolchain that can.
pub(crate) fn run_if_possible() -> Result<()> {
    if let Err(why) = shell::run(shell::command("rustup").args(["run", "nightly", "cargo", "miri", "--version"])) {
        println!("NOT RUN: there is no Miri (`rustup toolchain install nightly --component miri`): {why:#}");
        return Ok(());
    }
    run()
}

pub(crate) fn run() -> Result<()> {
    let mut miri = shell::command("rustup");
    miri.current_dir(root())
        .args(["run", "nightly", "cargo", "miri", "test", "--quiet", "--lib", "--target-dir=target/miri", "--"])
        .args(ROOMS)
        .env("PROPTEST_CASES", CASES)
        // Properties that failed are remembered in files.
        .env("MIRIFLAGS", "-Zmiri-disable-isolation");
    ensure!(miri.status()?.success(), "Miri has found something");
    Ok(())
}
