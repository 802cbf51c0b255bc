//! `cargo xtask macos`: checks both crates and their tests for macOS.
//!
//! This compiles no programs, which would need Apple's linker and headers. `true` replaces the C compiler that the build
//! script of ring runs, so the check needs none for macOS. The feature `tls-aws-lc-rs`, which needs one, is not checked.

use std::env;

use anyhow::{Result, ensure};

use crate::{checks, root, shell, targets};

/// The target of current Macs.
const TARGET: &str = "aarch64-apple-darwin";

pub(crate) fn run() -> Result<()> {
    if let Err(missing) = targets::add(TARGET) {
        let message = format!("NOT CHECKED: {missing:#}");
        ensure!(env::var_os("CI").is_none(), message);
        println!("{message}");
        return Ok(());
    }
    let mut check = shell::command("cargo");
    check
        .current_dir(root())
        .args(["check", "--quiet", "--workspace", "--exclude=xtask", "--all-targets"])
        .args(["--features", &targets::features()?])
        .args(["--target", TARGET, "--target-dir"])
        .arg(checks())
        // The directory of Apple's headers, which would be searched with Apple's tools.
        .env("SDKROOT", "/")
        .envs(["CC_aarch64_apple_darwin", "AR_aarch64_apple_darwin"].map(|tool| (tool, "true")));
    ensure!(check.status()?.success(), "the crates do not build for {TARGET}");
    Ok(())
}
