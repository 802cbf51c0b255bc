//! `cargo xtask miri`: runs the tests of the decoders in Miri.
//!
//! The crates have no unsafe code, but the buffers that they split and join do.

use anyhow::{Result, ensure};

use crate::{root, shell};

/// Modules of the decoders.
const MODULES: [&str; 7] = [
    "transport::http1_head",
    "transport::body_framing",
    "stream::lines",
    "stream::output",
    "generated::decode::documents",
    "generated::decode::list",
    "generated::decode::json_path",
];

/// Number of cases per property test. Miri is slow.
const CASES: &str = "4";

/// Runs the tests of the decoders, if a toolchain with Miri is installed.
pub(crate) fn run_if_possible() -> Result<()> {
    if let Err(why) = shell::run(shell::command("rustup").args(["run", "nightly", "cargo", "miri", "--version"])) {
        println!("NOT RUN: Miri is not installed (`rustup toolchain install nightly --component miri`): {why:#}");
        return Ok(());
    }
    run()
}

pub(crate) fn run() -> Result<()> {
    let mut miri = shell::command("rustup");
    miri.current_dir(root())
        .args(["run", "nightly", "cargo", "miri", "test", "--quiet", "--lib", "--target-dir=target/miri", "--"])
        .args(MODULES)
        .env("PROPTEST_CASES", CASES)
        // proptest stores failed cases in files.
        .env("MIRIFLAGS", "-Zmiri-disable-isolation");
    ensure!(miri.status()?.success(), "Miri found an error");
    Ok(())
}
