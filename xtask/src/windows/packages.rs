//! Installs the Debian packages and the standard library that the tests need.

use anyhow::{Context as _, Result, ensure};

use super::{COMPILER, TARGET, wine};
use crate::{shell, targets};

/// Packages of Debian and Ubuntu: Wine without its graphical programs, and a C compiler.
const PACKAGES: [&str; 2] = ["wine64", "gcc-mingw-w64-x86-64-win32"];

/// Installs what is missing. Fails if this machine cannot run the tests; the error names what is missing.
pub(super) fn prepare() -> Result<()> {
    let missing = || {
        let wine = ["wine64", "wineserver"].into_iter().find(|program| wine::path_of(program).is_none());
        wine.or_else(|| Some(COMPILER).filter(|compiler| !shell::exists(compiler)))
    };
    if let Some(program) = missing() {
        let can_install = rustix::process::geteuid().is_root() && shell::exists("apt-get");
        let packages = PACKAGES.join(" ");
        ensure!(can_install, "{program} is not installed; on Debian: apt-get install {packages}");
        println!("== installing {packages}");
        install().with_context(|| format!("{program} is not installed, and cannot be installed"))?;
        ensure!(missing().is_none(), "{packages} are installed, without {program}");
    }
    targets::add(TARGET)
}

fn install() -> Result<()> {
    let apt = |arguments: &[&str]| {
        shell::run(shell::command("apt-get").args(arguments).env("DEBIAN_FRONTEND", "noninteractive"))
    };
    apt(&["update", "-q"])?;
    apt(&[&["install", "-qy", "--no-install-recommends"][..], &PACKAGES].concat())
}
